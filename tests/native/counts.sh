#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# One million MMIO exits are one million: two VMs of one process, reads, and writes that the kernel serves
# itself; by VM, by direction and by place. And VMs made one after the other in one process stay apart.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
launch || exit 1

each=250000
quarter=$((each / 4))
places=(--arg "0=0xd0000000" --arg "1=$each" --arg "2=4" --arg "3=512")

start_vm twins --guest mmio-write-long --vms 2 --vm-step 0=0x10000000 --slot 0,1M "${places[@]}"
twins=$vmm
start_vm kernel --guest mmio-write-long --slot 0,1M "${places[@]}" \
	--ioeventfd 0xd0000000 --ioeventfd 0xd0000200 --ioeventfd 0xd0000400 --ioeventfd 0xd0000600
kernel=$vmm
start_vm reader --guest mmio-read-long --slot 0,1M "${places[@]}"

report=$(report_of twins)
is 'the VMM served the writes of both its VMs' "$each $each" "$(jq -r '[.vms[].mmio_writes | tostring] | join(" ")' <<<"$report")"
is 'the kernel served the others' "$each" "$(report_of kernel | jq '[.vms[0].ioeventfds[].writes] | add')"
is 'the VMM served the reads' "$each" "$(report_of reader | jq '.vms[0].mmio_reads')"
wait "$twins" "$kernel" "$vmm"

mmio='"\(.mmio.reads) \(.mmio.writes) \(.mmio.user) \(.mmio.unplaced)"'
mapfile -t counted < <(vm_json twins "$mmio")
is 'both VMs of one process are counted' 2 "${#counted[@]}"
is 'first VM: reads, writes, by user space, without a place' "0 $each $each 0" "${counted[0]}"
is 'second VM' "0 $each $each 0" "${counted[1]}"
is 'VM served by the kernel' "0 $each 0 0" "$(vm_json kernel "$mmio")"
is 'VM that reads' "$each 0 $each 0" "$(vm_json reader "$mmio")"
is 'one million' 1000000 "$(n list -a --json=short | jq --arg tag "$tag-" \
	'[.vms[] | select(.name | startswith($tag)) | .mmio.reads + .mmio.writes] | add')"

# Each place of 512 bytes, with what user space served of it.
sites='[.sites[] | select(.kind | startswith("mmio")) | "\(.kind) \(.ipa) \(.count) \(.user)"] | join(", ")'
expected() {
	local kind=$1 base=$2 user=$3 i list=()

	for i in 0 1 2 3; do
		list+=("$(printf '%s 0x%x %d %d' "$kind" $((base + i * 512)) "$quarter" "$user")")
	done
	local IFS=,
	printf '%s' "${list[*]}" | sed 's/,/, /g'
}
mapfile -t ids < <(vm_json twins .id)
is 'places of the first VM' "$(expected mmio-write 0xd0000000 "$quarter")" "$(n map "${ids[0]}" --json=short | jq -r "$sites")"
is 'places of the second VM' "$(expected mmio-write 0xe0000000 "$quarter")" "$(n map "${ids[1]}" --json=short | jq -r "$sites")"
is 'places served by the kernel' "$(expected mmio-write 0xd0000000 0)" "$(n map "$tag-kernel" --json=short | jq -r "$sites")"
is 'places read' "$(expected mmio-read 0xd0000000 "$quarter")" "$(n map "$tag-reader" --json=short | jq -r "$sites")"

# The same process makes and destroys VMs: same pid, same descriptor, often the same struct kvm.
start_vm again --guest mmio-write-long --slot 0,1M --arg 0=0xd0000000 --arg 1=123 --arg 2=1 --repeat 40
again=$vmm
report=$(report_of again)
wait "$again"
fd=$(jq '.vms[0].fd' <<<"$report")
is 'the VMM made 40 VMs with one descriptor number' "40 $fd" "$(jq -r '"\(.vms | length) \([.vms[].fd] | unique | map(tostring) | join(" "))"' <<<"$report")"
ids=("$again-$fd")
for i in {2..40}; do ids+=("$again-$fd.$i"); done
is 'all have ids of their own' "$(printf '%s\n' "${ids[@]}" | sort)" "$(vm_json again .id | sort)"
is 'and counts of their own' "0 123 123 0" "$(vm_json again "$mmio" | sort -u)"
is 'and keys' 40 "$(vm_json again .key | sort -u | wc -l)"
is 'all have ended' ended "$(vm_json again .state | sort -u)"
is 'nothing was lost' 0 "$(n status --json=short | jq '[.lost | to_entries[] | select(.key | IN("records", "vital_records", "vms", "sites", "places", "events", "bad_records")) | .value] | add')"
finish
