#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvd and nisvctl without memory, at some of the places where they ask for it; `make check-faults` tries all of them.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build/$(uname -m | sed 's/aarch64/arm64/')}
exec tests/faults/allocations.py "$build" tests/corpus/dossiers/arm64/past-end-user.jsonl past-end-user "${EVERY:-20}"
