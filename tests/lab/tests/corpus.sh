#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The live twin of the corpus: every case of tests/corpus/ARCH.cases, for the host's architecture, from the
# fault to nisvd's answer, which must be its label. tests/corpus/record keeps the dossiers of this.
#   tests/lab/tests/corpus.sh HOST [NAME...]     all cases, or those named

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"
# shellcheck source=tests/native/zeropage
. "${top:?}/tests/native/zeropage"

host=${1:?which host?}
shift
arch=$("$top/tests/lab/lab" arch "${host%+*}") || exit
corpus=$top/tests/corpus
cases=$corpus/$arch.cases
work=$(mktemp -d "${TMPDIR:-/tmp}/nisvd-corpus.XXXXXX")
trap 'rm -rf "$work"' EXIT

copies=(--copy "$corpus/run.sh:/root/run.sh" --copy "$cases:/root/cases"
	--copy "$work/names:/root/names")
mkdir "$work/trees"
case $arch in
arm64) "$corpus/trees.sh" "$work/trees" || exit 1 ;;
x86_64) larger_zero_page >"$work/trees/larger.zeropage" ;;
esac
for tree in "$work"/trees/*; do
	copies+=(--copy "$tree:/root/trees/${tree##*/}")
done
seconds=1800 # a VM for each of a hundred cases
# boot CPU NAMES LAB-OPTIONS...: these cases, if there are any.
result=0
boot() {
	local cpu=$1
	[ -n "$2" ] || return 0
	echo "$2" >"$work/names"
	shift 2
	lab_run "$host" "$cpu" --no-daemon "${copies[@]}" "$@" || result=$?
}

names=$(sed -n 's/^\([a-z][a-z0-9-]*\)|.*/\1/p' "$cases")
[ $# -eq 0 ] || names=$(printf '%s\n' "$@")
if [ "$arch" = x86_64 ]; then
	boot "${cpu_x86:?}" "$names"
	exit $result
fi
boot neoverse-n1 "$(grep -v '^max-' <<<"$names")"
# Without 52-bit addresses, which lpa2.sh has, every kernel has the same limit.
boot max,pauth-impdef=on "$(grep '^max-' <<<"$names")" --machine mte=on --append arm64.nolva
exit $result
