#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The live twin of the corpus, as tests/lab/tests/corpus.sh is for arm64: every case of tests/corpus/x86_64.cases
# on this machine's KVM. tests/corpus/record keeps the dossiers of this.
#   tests/native/corpus.sh [NAME...]     all cases, or those named

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
# shellcheck source=tests/native/zeropage
. "$(dirname "$0")/zeropage"
# shellcheck source=tests/corpus/run.sh
. tests/corpus/run.sh
setup
corpus=$work/corpus trees=$work/trees
mkdir "$corpus" "$trees"
larger_zero_page >"$trees/larger.zeropage"
# Half as fast as a machine of its own may be enough for a virtual one.
printf "[Capture]\nMMIOStormRate=1000\n" >"$work/nisvd.conf"
nisvd_options=(--config "$work/nisvd.conf" --no-journal)
launch || exit 1

PATH=$build:$build/tests:$PATH
nisvctl() {
	command nisvctl --socket "$socket" "$@"
}
output=build/check/native/corpus.out
mkdir -p "${output%/*}"
{
	cases tests/corpus/x86_64.cases case_answer "$@"
	nisvctl status --json=short | sed 's/^/status\t/'
	printf 'check\t'
	"$build/nisvd" --config "$work/nisvd.conf" --check --json | tr -d '\n'
	echo
} >"$work/out"
mv "$work/out" $output
PYTHONPATH=tests/lab/tests/lib PYTHONDONTWRITEBYTECODE=1 python3 tests/lab/tests/corpus/check.py corpus.native - native <$output
