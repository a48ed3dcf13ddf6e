#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The unit and protocol tests, nisvd --offline over each dossier of the corpus and nisvctl with it, under
# valgrind's memcheck: values that nobody set, which the sanitizers do not see, and what is not freed.
# shellcheck disable=SC2317 # functions are called by xargs
set -u
cd "$(dirname "$0")/.." || exit 1
build=build/$(uname -m | sed s/aarch64/arm64/)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export build work NISVD_MACHINE_PATH=daemon/machines

# As long as it says nothing and there is no leak; what a program prints and returns is others' to judge.
memcheck() {
	local log
	log=$(mktemp "$work/log.XXXXXX")
	valgrind -q --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
		--child-silent-after-fork=yes --log-file="$log" "$@" >/dev/null 2>&1
	# What valgrind itself does not know, such as pidfd_open(2), it says in lines of its own.
	sed -i '/^--/d' "$log"
	[[ -s $log ]] || return 0
	printf 'FAIL %s\n' "$*"
	cat "$log"
	return 1
}

dossier() {
	local vm method parameters

	vm=$(sed -n 's/^{"event":"vm".*"vm_key":"\([0-9a-f]*\)".*/\1/p' "$1" | head -n 1)
	for method in GetStatus ListVMs GetVM GetFaultMap Explain Verify GetDossier ListCauses; do
		case $method in
		GetStatus | ListVMs | ListCauses) parameters= ;;
		*) parameters="\"vm\":\"$vm\"" ;;
		esac
		printf '{"method":"io.nisvd.Monitor.%s","more":true,"parameters":{%s}}\0' "$method" "$parameters"
	done | memcheck "$build/nisvd" --offline --replay "$1" | cat
	return "${PIPESTATUS[1]}"
}

verbs() {
	local verb bad=0

	for verb in list show map explain verify events export decode; do
		case $verb in
		list | verify) set -- "$verb" ;;
		decode) set -- decode 0x92000007 ;;
		*) set -- "$verb" "$(basename "$dossier" .jsonl)" ;;
		esac
		memcheck "$build/nisvctl" --file "$dossier" "$@" || bad=1
	done
	return $bad
}

# nisvctl's child is found where people have it.
PATH=$PWD/$build:$PATH
dossier=tests/corpus/dossiers/arm64/past-end-user.jsonl
export PATH dossier
export -f memcheck dossier
status=0
printf '%s\n' "$build"/tests/unit/test_* "$build"/tests/cli/test_* | grep -v '[.]' |
	xargs -P "$(nproc)" -I{} bash -c 'memcheck {}' || status=1
git ls-files 'tests/corpus/dossiers/*.jsonl' | awk 'NR % 8 == 1' | xargs -P "$(nproc)" -I{} bash -c 'dossier {}' || status=1
verbs || status=1
[[ $status -ne 0 ]] || echo 'valgrind found nothing'
exit $status
