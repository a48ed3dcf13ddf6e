#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# VMs and the daemon come and go in any order: VMs that were there before nisvd, one whose VMM is
# gone at once, one with a program of its own, a nisvd that is killed; dossiers that answer without
# it; and the sources that nisvd --check promises.
#   tests/lab/tests/lifecycle.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/nisvd-lifecycle.XXXXXX")
trap 'rm -rf "$work"' EXIT
aarch64-linux-gnu-gcc -c -o "$work/own.o" "${tests:?}/lifecycle/own.S" || exit
aarch64-linux-gnu-objcopy -O binary -j .text "$work/own.o" "$work/own.bin" || exit
lab_test "${1:?which kernel?}" neoverse-n1 -- --no-daemon --copy "$work/own.bin"
