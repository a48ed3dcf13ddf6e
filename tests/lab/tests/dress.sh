#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Test VMs dressed as each arm64 VMM: the right machine map by its command line, and by the layout alone the
# same one or none.
#   tests/lab/tests/dress.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

lab_test "${1:?which kernel?}" neoverse-n1 -- --no-daemon --copy "${tests:?}/dress/vmms:/root/vmms"
