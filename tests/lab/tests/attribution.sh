#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where it is easy to mix VMs up, miss a fault or count one twice: is every fault counted once, for
# the VM and the vCPU that it happened on, as the VMM saw it?
#   tests/lab/tests/attribution.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

lab_test "${1:?which kernel?}" neoverse-n1
