#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two VMs storm at full speed, one with faults and one with MMIO; a third dies of one fault in the middle
# of it and is fully explained. Then 64 VMs storm. What each of them did is counted exactly.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
launch || exit 1

start_vm faults --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error rerun
faults=$vmm
start_vm mmio --guest mmio-write-long --slot 0,1M --arg 0=0xe0000000 --arg 1=0 --arg 2=3000 --arg 3=512
mmio=$vmm
# Both are under way when nisvd shows it.
until [[ $(vm_json faults .aborts.emulation) -gt 500 && $(vm_json mmio .mmio.writes) -gt 500 ]]; do :; done
echo 'ok   both storms are under way'

for i in {1..5}; do
	start_vm "dead$i" --guest pxor --slot 0,1M --arg 0=0xc0000000
	dead=$vmm
	report=$(report_of "dead$i")
	wait "$dead"
	is "VM $i: explained" "x86-emulation-failure-mmio fatal 0xc0000000 pxor xmm0, xmmword ptr [edi]" \
		"$(n explain "$tag-dead$i" --json=short |
			jq -r '.findings[0] | "\(.cause) \(.severity) \(.address) \(.sites[0].instruction)"')"
	is "VM $i: one fault, nothing of it lost or withheld" '1 0 0 0' \
		"$(vm_json "dead$i" '"\(.aborts.emulation) \(.lost_records) \(.suppressed) \(.unplaced_aborts)"')"
	is "VM $i: slots" 1 "$(n show "$tag-dead$i" --json=short | jq '.layout.slots | length')"
	is "VM $i: where the VMM saw it" "$(jq -r '.vms[0].first.pc' <<<"$report")" \
		"$(n explain "$tag-dead$i" --json=short | jq -r '.findings[0].sites[0].pc')"
done

kill "$faults" "$mmio"
seen=$(report_of faults | jq '.vms[0].internal_error')
is 'faults of the storm' "$seen" "$(vm_json faults .aborts.emulation)"
is 'its one site holds them all' "$seen" "$(n explain "$tag-faults" --json=short | jq '[.findings[].sites[].count] | add')"
seen=$(report_of mmio | jq '.vms[0].mmio_writes')
is 'MMIO of the storm' "$seen" "$(vm_json mmio .mmio.writes)"
# More places than a VM may have: what got none is unplaced, and all add up.
is 'its places and what has none' "$seen" "$(n map "$tag-mmio" --json=short |
	jq '([.sites[].count] | add) + .vm.mmio.unplaced')"

# each FILTER: of the fleet's VMs, with FILTER over each, as nisvd lists them.
each() {
	n list -a --json=short | jq -r --arg name "$tag-fleet" ".vms[] | select(.name == \$name) | $1" | sort
}

start_vm fleet --vms 64 --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error rerun
until [[ $(each 'select(.aborts.emulation > 100) | .id' | wc -l) -eq 64 ]]; do :; done
kill "$vmm"
seen=$(report_of fleet | jq -r '.vms[] | "\(.pid)-\(.fd) \(.internal_error)"' | sort)
wait "$vmm"
is 'faults of 64 VMs' "$seen" "$(each '"\(.id) \(.aborts.emulation)"')"
is 'nothing was lost' 0 "$(n status --json=short | jq '[.lost | to_entries[] | select(.key | IN("records", "vital_records", "vms", "sites", "events", "bad_records")) | .value] | add')"
finish
