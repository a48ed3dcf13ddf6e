#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# KVM as a module: a nisvd that was there first attaches by itself when it is loaded, and tells VMs,
# slots, vCPUs, places and faults as their VMM does, whose types are in the module alone; and it keeps
# the module from being unloaded until it ends.
#   tests/lab/tests/x86/module.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/../lib/host.sh"

lab_test "${1:?which kernel?}" "${cpu_x86:?}" -- --no-daemon --no-kvm
