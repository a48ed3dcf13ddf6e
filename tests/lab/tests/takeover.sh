#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvd as a service of a real systemd is killed again and again in the middle of a storm of faults, then
# restarted in good order, then stopped: what guests did is counted, each fault once, and after the stop
# nothing is attached any more. 24 times, and a million faults, take minutes: `make check` has less.
#   tests/lab/tests/takeover.sh KERNEL [KILLS [FAULTS]]

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

amount=$(mktemp "${TMPDIR:-/tmp}/nisvd-takeover.XXXXXX")
trap 'rm -f "$amount"' EXIT
echo "${2:-24} ${3:-1000000}" >"$amount"
lab_test "${1:?which kernel?}" neoverse-n1 -- --image --timeout 1200 --copy "$amount:/root/amount"
