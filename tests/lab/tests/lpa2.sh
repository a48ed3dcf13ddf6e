#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What only a CPU with 52-bit addresses has: guests with FEAT_LPA2 tables, and addresses beyond the
# IPA limit of the host itself. And, since it has pointer authentication, signed return addresses.
#   tests/lab/tests/lpa2.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

lab_test "${1:?which kernel?}" max,pauth-impdef=on
