#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# VMs and the daemon come and go in any order: VMs that were there before nisvd, one whose VMM is
# gone at once, one with a program of its own, a nisvd that is killed; dossiers that answer without
# it; and the sources that nisvd --check promises.
#   tests/lab/tests/lifecycle.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

mkdir -p "${outputs:?}"
aarch64-linux-gnu-gcc -c -o "$outputs/own.o" "${tests:?}/lifecycle/own.S" || exit
aarch64-linux-gnu-objcopy -O binary -j .text "$outputs/own.o" "$outputs/own.bin" || exit
lab_test "${1:?which kernel?}" neoverse-n1 -- --no-daemon --copy "$outputs/own.bin"
