#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The memory map of a VM, complete, against what the VMM says it made: of VMs that were there before
# nisvd and of such that came after, with hundreds of slots, with slots that change while the guest
# runs, of two VMs in one process, and of guests that run AArch32.
#   tests/lab/tests/layouts.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

# The Cortex-A72 has no VHE, and AArch32 at EL1, which the Neoverse N1 has not.
lab_test "${1:?which kernel?}" neoverse-n1 cortex-a72 -- --no-daemon
