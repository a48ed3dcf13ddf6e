#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvd as a service, on a Debian host with systemd: its user, what is left of its capabilities, what each of them
# is for, who may ask it, and that it reads its configuration again.
#   tests/lab/tests/service.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

lab_test "${1:?which kernel?}" neoverse-n1 -- --image
