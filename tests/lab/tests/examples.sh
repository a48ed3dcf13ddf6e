#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every example of README.md and the man pages, run on a real Debian host with four real QEMUs: it succeeds, and
# prints what the document says but for times, process numbers and the like. lib/documents.py tells how examples
# are written.
#   [UPDATE=1] tests/lab/tests/examples.sh KERNEL     UPDATE=1 writes into the documents what came out

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"
# shellcheck source=tests/guests/images/guests.sh
. "${top:?}/tests/guests/images/guests.sh"

python3 -B "${tests:?}/lib/documents.py" marked || exit
work=$(mktemp -d "${TMPDIR:-/tmp}/nisvd-examples.XXXXXX")
trap 'rm -rf "$work"' EXIT
kernel=${1:?which kernel?}
mkdir "$work/guests" "$work/files"
guests "$work/guests" "$kernel" || exit
python3 -B "$tests/lib/documents.py" commands >"$work/commands"
# What the reader of an example has.
"${CROSS_COMPILE-aarch64-linux-gnu-}nm" "$top/build/arm64/tests/images/ram-above.elf" >"$work/files/web01.map"
cp "$top/tests/corpus/traces/ftrace-6.1.txt" "$work/files/trace.txt"

copies=(--copy "$work/commands:/root/commands" --copy "$top/tests/demo/stage:/root/stage")
for folder in guests files; do
	for file in "$work/$folder"/*; do
		copies+=(--copy "$file:/root/$folder/${file##*/}")
	done
done
lab_test "$kernel" neoverse-n1 -- --image "${look[@]:?}" "${copies[@]}"
