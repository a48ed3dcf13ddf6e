#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What bash completes after nisvctl: options, verbs, file names and causes.

# shellcheck disable=SC2317 # functions are called by check
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PATH=$build:$PATH
compopt() {
	:
}
# shellcheck source=cli/completion/nisvctl.bash
. cli/completion/nisvctl.bash

# completes EXPECTED WORD...: what the last WORD becomes, sorted, with a space between them.
completes() {
	local expected=$1 got
	shift
	COMP_WORDS=(nisvctl "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_nisvctl
	got=$(printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' ')
	[[ $got == "$expected" ]] && return
	printf 'got: %s\nexpected: %s\n' "$got" "$expected"
	return 1
}

touch "$work/System.map-6.1" "$work/System.map-6.12" "$work/vmlinux"
maps="$work/System.map-6.1 $work/System.map-6.12"
check 'a verb' completes explain expl
check 'an option' completes --symbols explain --sym
check 'an option' completes --list-causes explain --list
check 'the file of --symbols' completes "$maps" explain web1 --symbols "$work/Sys"
check 'the file of --symbols, before the verb' completes "$maps" --symbols "$work/Sys"
check 'a verb after --symbols and its file' completes verify --symbols "$work/vmlinux" ver
check 'a cause' completes 'stray-mmio-read stray-mmio-write' explain --list-causes stray
check 'a cause, the option first' completes mmio-storm --list-causes explain mmio
check 'no second cause' completes '' explain --list-causes mmio-storm m
check 'no cause without the option' completes '' explain stray
check 'no cause for another verb' completes '' --list-causes map stray
check 'the cause of --cause' completes 'stray-mmio-read stray-mmio-write' history --cause stray
check 'the kind of --kind' completes 'mmio-read mmio-write' history --kind mmio
check 'a verb after --kind and its value' completes history --kind mmio-read hist
mkdir "$work/journal"
check 'the folder of --directory' completes "$work/journal" history --directory "$work/j"

finish
