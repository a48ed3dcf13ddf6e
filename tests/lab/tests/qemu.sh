#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real guests on a real QEMU, on a real Debian host with systemd and journald: healthy ones yield nothing,
# misconfigured ones their cause.
#   tests/lab/tests/qemu.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"
# shellcheck source=tests/guests/images/guests.sh
. "${top:?}/tests/guests/images/guests.sh"

# shellcheck disable=SC2034 # of host.sh
seconds=600
work=$(mktemp -d "${TMPDIR:-/tmp}/nisvd-qemu.XXXXXX")
trap 'rm -rf "$work"' EXIT
kernel=${1:?which kernel?}
guests "$work" "$kernel" || exit
copies=()
for file in "$work"/*; do
	copies+=(--copy "$file:/root/${file##*/}")
done
lab_test "$kernel" neoverse-n1 -- --image "${look[@]:?}" "${copies[@]}"
