#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a fault record tells of its surroundings: the walk of the guest's tables, the guest's callers,
# the instruction of AArch32 code, what is behind the slot. With VHE, where aborts that KVM injects
# leave old system registers behind, and without.
#   tests/lab/tests/context.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

lab_test "${1:?which kernel?}" neoverse-n1 cortex-a72
