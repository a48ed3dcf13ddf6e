#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvd is started when 300 VMs are there already and guests work without a pause: it finds all of them, and counts
# all that they do from then on.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
vms=300 writes=20

mkfifo "$work/ready" "$work/ready.faulty"
start_vm storm --guest mmio-write-long --slot 0,1M --arg 0=0xe0000000 --arg 1=0 --arg 2=64 --arg 3=512 --vcpus 2
storm=$vmm
start_vm faults --guest pxor-long --slot 0,1M --arg 0=0xd0000000 --on-error rerun
faults=$vmm
start_vm fleet --guest mmio-write --vms $vms --slot 0,64K --slot 1M,64K \
	--arg 0=0xd0000000 --arg 1=$writes --arg 2=4 --arg 3=512 --hold --linger --ready "$work/ready"
fleet=$vmm
start_vm faulty --guest pxor-long --slot 0,1M --arg 0=0xd0000000 --hold --on-error pause --ready "$work/ready.faulty"
faulty=$vmm
for ready in ready ready.faulty; do
	timeout 60 grep -q ready "$work/$ready" || {
		cat "$work"/*.out
		exit 1
	}
done

launch || exit 1
n list --json=short >"$work/list"
jq -c --argjson pid "$fleet" '[.vms[] | select(.pid == $pid)]' "$work/list" >"$work/fleet"
is 'all are found' $vms "$(jq length "$work/fleet")"
is 'they run' '["running"]' "$(jq -c '[.[].state] | unique' "$work/fleet")"
is 'the memory of each' '[131072]' "$(jq -c '[.[].ram_bytes] | unique' "$work/fleet")"
is 'each has an id of its own' $vms "$(jq '[.[].id] | unique | length' "$work/fleet")"
is 'nothing of theirs is counted yet' 0 "$(jq '[.[].mmio.writes] | add' "$work/fleet")"

kill -USR1 "$fleet" "$faulty"
report_of fleet >"$work/saw"
report_of faulty >/dev/null
is 'what the VMM saw' $((vms * writes)) "$(jq '[.vms[].mmio_writes] | add' "$work/saw")"
n list --json=short >"$work/list"
is 'all is counted, of each' "[$writes]" "$(jq -c --argjson pid "$fleet" '[.vms[] | select(.pid == $pid).mmio.writes] | unique' "$work/list")"
is 'of all of them' $vms "$(jq --argjson pid "$fleet" '[.vms[] | select(.pid == $pid)] | length' "$work/list")"
is 'a fault of one more' '1 x86-emulation-failure-mmio' "$(vm_json faulty '"\(.aborts.emulation) \(.worst.cause)"')"
is 'the others work on' true "$(vm_json storm '.mmio.writes > 0')"
is 'and fault' true "$(vm_json faults '.aborts.emulation > 0')"
is 'nothing was lost' '{}' "$(n status --json=short | jq -c '.lost | with_entries(select(.value > 0 and .key != "journal"))')"
kill "$storm" "$faults" "$fleet" "$faulty"
finish
