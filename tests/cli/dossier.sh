#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisv-dossier(5) and the interface text document every member of a dossier, with its type.

# shellcheck disable=SC2317 # functions are called by check
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

export LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# documented [--whole] FILE...: all lines of these dossiers.
documented() {
	local whole=()
	[[ $1 != --whole ]] || whole=("$1")
	jq -c 'select(.nisv_dossier)' "${@:${#whole[@]}+1}" >"$work/header" &&
		jq -c 'select(.nisv_dossier | not)' "${@:${#whole[@]}+1}" >"$work/events" &&
		jq -c '.fault // empty' "$work/events" >"$work/faults" &&
		python3 tests/cli/idl.py "${whole[@]}" daemon/edge/io.nisvd.Monitor.varlink man/nisv-dossier.5.scd \
			Header="$work/header" Event="$work/events" Fault="$work/faults"
}

# Of older versions some lack members that came later.
check 'dossiers of the corpus' documented tests/corpus/dossiers/*/*.jsonl

export NISVD_MACHINE_PATH=daemon/machines
for file in tests/corpus/dossiers/*/{bar-pair,backing-truncated,hole-writes,tree-larger-walk}*.jsonl; do
	name=${file##*/}
	"$build/nisvctl" --file "$file" export "${name%.jsonl}" >"$work/$name.now" || exit
done
check 'dossiers as they are written now: nothing is missing' documented --whole "$work"/*.now

finish
