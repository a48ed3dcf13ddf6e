#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvd as a service of a real systemd is killed 24 times in the middle of a storm of more than a million
# faults, then restarted in good order, then stopped: what guests did is counted, each fault once, and after
# the stop nothing is attached any more.
#   tests/lab/tests/takeover.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

lab_test "${1:?which kernel?}" neoverse-n1 -- --image
