#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What nisvd found outlives the VM, nisvd and the host: a real systemd and journald, booted twice, with
# /var/log/journal and /var/lib/nisvd carried from the one to the other, and read on this machine between.
#   tests/lab/tests/journal.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

kernel=${1:?which kernel?}
cpu=neoverse-n1
status=0
work=$(mktemp -d "${TMPDIR:-/tmp}/nisvd-journal.XXXXXX")
trap 'rm -rf "$work"' EXIT

lab_run "$kernel" $cpu --image || exit
before=${outputs:?}/journal.${kernel//\//_}.$cpu.out

sed -n 's/^carried\t//p' "$before" | base64 -d | tar -C "$work" -xz || exit 1
make -s -C "${top:?}" all >/dev/null || exit 1
"$parts/carried" "$before" "$work" "$top/build/$(uname -m | sed 's/aarch64/arm64/')/nisvctl" || status=1

# The host is booted again; its disk was what was carried.
copies=()
while IFS= read -r file; do
	copies+=(--copy "$work/$file:/$file")
done < <(cd "$work" && find var -type f)
# shellcheck disable=SC2034 # of host.sh
name=journal-after parts=$parts/after
export JOURNAL_BEFORE=$before
lab_run "$kernel" $cpu --image "${copies[@]}" || status=1
exit $status
