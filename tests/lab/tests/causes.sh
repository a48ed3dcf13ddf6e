#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every cause of the taxonomy, from a real fault: is it found, with how much confidence, and does
# the answer say where and by which instruction? And is nothing found in healthy VMs?
#   tests/lab/tests/causes.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

lab_test "${1:?which kernel?}" neoverse-n1 cortex-a72
