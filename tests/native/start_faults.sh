#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvd that attaches to KVM, without memory at some of the places where it asks for it on the way to its first
# answer; `make check-faults` tries all of them.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
tests/faults/start.py "$build" "${EVERY:-40}"
