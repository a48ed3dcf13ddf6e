#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What guests believe: is their device tree found in their memory, wherever their VMM put it, before
# nisvd or after; and is RAM that it promises and no memslot has told in bytes?
#   tests/lab/tests/guesttree.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/nisvd-guesttree.XXXXXX")
trap 'rm -rf "$work"' EXIT
PYTHONPATH=${tests:?}/lib PYTHONDONTWRITEBYTECODE=1 python3 "$tests/guesttree/trees.py" "$work" || exit
copies=()
for tree in "$work"/*.dtb; do
	copies+=(--copy "$tree:/root/${tree##*/}")
done
lab_test "${1:?which kernel?}" neoverse-n1 -- --no-daemon "${copies[@]}"
