#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The live twin of the corpus: every case of tests/corpus/arm64.cases from the fault to nisvd's answer, which
# must be its label. tests/corpus/record keeps the dossiers of this.
#   tests/lab/tests/corpus.sh KERNEL [NAME...]     all cases, or those named

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

kernel=${1:?which kernel?}
shift
corpus=${top:?}/tests/corpus
work=$(mktemp -d "${TMPDIR:-/tmp}/nisvd-corpus.XXXXXX")
trap 'rm -rf "$work"' EXIT

printf '%s\n' "$@" >"$work/names"
copies=(--copy "$corpus/run.sh:/root/run.sh" --copy "$corpus/arm64.cases:/root/cases"
	--copy "$work/names:/root/names")
mkdir "$work/trees"
"$corpus/trees.sh" "$work/trees" || exit 1
for tree in "$work"/trees/*; do
	copies+=(--copy "$tree:/root/trees/${tree##*/}")
done
seconds=1800 # a VM for each of a hundred cases
lab_test "$kernel" neoverse-n1 -- --no-daemon "${copies[@]}"
