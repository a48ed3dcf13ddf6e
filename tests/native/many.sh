#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# More VMs end than are remembered, all within seconds and of one process: the last ones stay, those that
# had to go do not come back as running, and the memory they take is bounded.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
launch || exit 1

start_vm many --guest mmio-write --slot 0,1M --arg 0=0xd0000000 --arg 1=3 --arg 2=1 --repeat 1100
many=$vmm
made=$(report_of many | jq '.vms | length')
wait "$many"
is 'VMs made' 1100 "$made"

listed=$(n list -a --json=short | jq --arg tag "$tag-" '[.vms[] | select(.name | startswith($tag))]')
ended=$(jq '[.[] | select(.state == "ended")] | length' <<<"$listed")
is 'none of them runs' 0 "$(jq '[.[] | select(.state == "running")] | length' <<<"$listed")"
is 'those that are listed have each their own id' "$ended" "$(jq '[.[].id] | unique | length' <<<"$listed")"
is 'and their own counts' '[3]' "$(jq -c '[.[].mmio.writes] | unique' <<<"$listed")"
if ((ended > 100 && ended <= 512)); then
	printf 'ok   remembered of them: %d\n' "$ended"
else
	printf 'FAIL remembered of them: %d, expected up to 512\n' "$ended"
	failures=$((failures + 1))
fi
printf 'VmRSS: %s kB\n' "$(awk '/^VmRSS/ {print $2}' "/proc/$daemon/status")"
finish
