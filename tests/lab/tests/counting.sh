#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Large numbers: is each of 100,000 MMIO accesses and 100,000 faults counted, once, and told in few
# words? And does a VM that dies of one fault stay whole while two others storm?
#   tests/lab/tests/counting.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

lab_test "${1:?which kernel?}" neoverse-n1
