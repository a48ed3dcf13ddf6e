#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 1,000 VMs at once, of four VMMs: each one is listed, with its memory map, and nisvd stays small. 200 more do
# MMIO beside them: each access is counted.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup

# Into files, not FIFOs: VMMs of so many VMs end later than a test that fails.
vmms=()
for i in 1 2 3 4; do
	mkfifo "$work/ready.$i"
	"$build/tests/testvmm" --idle --vms 250 --vm-slot-step 1M --slot 0x1000000,64K --ready "$work/ready.$i" \
		--report "$work/report.$i" --dress qemu-system-x86_64 -name "$tag-fleet$i" &
	vmms+=($!)
done
pids+=("${vmms[@]}")
for i in 1 2 3 4; do
	check "VMM $i is ready" grep -q ready "$work/ready.$i"
done
launch || exit 1

n list --json=short >"$work/list"
first=$(n show "$(jq -r --argjson pid "${vmms[0]}" '[.vms[] | select(.pid == $pid)][0].id' "$work/list")" --json=short)
is 'the map of one of them' '[65536,"anonymous"]' "$(jq -c '.layout.slots[0] | [.size_bytes, .backing.kind]' <<<"$first")"

start_vm active --vms 200 --guest mmio-write-long --slot 0,1M --arg 0=0xe0000000 --arg 1=2000 --arg 2=10 --arg 3=512 --linger
active=$(report_of active | jq -r '.vms[] | "\(.pid)-\(.fd) \(.mmio_writes)"' | sort)
is 'accesses of those that are active' "$active" "$(n list --json=short |
	jq -r --arg name "$tag-active" '.vms[] | select(.name == $name) | "\(.id) \(.mmio.writes)"' | sort)"
vmms+=("$vmm")
rss=$(awk '/^VmRSS/ {print $2}' "/proc/$daemon/status")
lost=$(n status --json=short | jq -c '.lost | with_entries(select(.value > 0))')

kill "${vmms[@]}"
wait "${vmms[@]}"
jq -r '.vms[] | "\(.pid)-\(.fd)"' "$work"/report.[1-4] | sort >"$work/made"
is 'VMs made' 1000 "$(wc -l <"$work/made")"
jq -r '.vms[] | select(.state == "running") | .id' "$work/list" | grep -E "^($(IFS='|' && echo "${vmms[*]}"))-" | sort >"$work/listed"
is 'made and listed are the same' '' "$(diff "$work/made" "$work/listed")"
is 'RAM of each' '[65536]' "$(jq -c --arg tag "$tag-fleet" '[.vms[] | select(.name | startswith($tag)) | .ram_bytes] | unique' "$work/list")"
is 'nothing was lost' '{}' "$lost"

# A sanitizer keeps memory of its own.
if [[ $build != *-san ]]; then
	is 'VmRSS is below 40 MiB' yes "$( ((rss < 40 * 1024)) && echo yes || echo "no: $rss kB")"
fi
printf 'VmRSS: %s kB\n' "$rss"
finish
