#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The timer that writes metrics for node-exporter, on a Debian host with systemd: who writes, what, and what a
# run that fails leaves.
#   tests/lab/tests/metrics.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

lab_test "${1:?which kernel?}" neoverse-n1 -- --image
