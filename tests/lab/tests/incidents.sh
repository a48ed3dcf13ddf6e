#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Six incidents from the operator's side, each from its first symptom to the answer, on a Debian host with
# systemd and journald: what is typed and what the terminal shows.
#   tests/lab/tests/incidents.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

images=${top:?}/build/arm64/tests/images
lab_test "${1:?which kernel?}" neoverse-n1 -- --image \
	--copy "$images/uart-pairs.img:/root/uart-pairs.img" --copy "$images/poll.img:/root/poll.img"
