#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every action of a guest that faults, one by one: is it captured as what it is, counted once, and
# are the harmless ones left alone? On a host with VHE, and on one without.
#   tests/lab/tests/faults.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

lab_test "${1:?which kernel?}" neoverse-n1 cortex-a72
