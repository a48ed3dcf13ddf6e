#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvctl verify on this machine: what is behind the slots and, on x86, what the memory table says;
# each wrong thing is told by its name, and a VM that is well is called so.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
# shellcheck source=tests/native/zeropage
. "$(dirname "$0")/zeropage"
if [[ $(uname -m) != x86_64 ]]; then
	echo 'SKIP an E820 table is a matter of x86; the lab has the same for arm64'
	exit 77
fi
setup

# found NAME: causes and addresses, worst first.
found() {
	n verify "$tag-$1" --json=short |
		jq -r '.vms[0].findings | map("\(.cause) \(.severity) \(.address)") | join(", ")'
}

zero_page $((15 << 20)) >"$work/right"
zero_page $((32 << 20)) >"$work/larger"
zero_page $((17 << 20)) >"$work/more"
# Open on both sides: a VMM that still has it open must not be the writer of the next one's reader.
mkfifo "$work/ready"
exec {ready}<>"$work/ready"
idle() {
	start_vm "$@" --idle --slot 0,16M --ready "$work/ready"
	IFS= read -r -t 30 -u "$ready" _ || echo "FAIL $1 does not start"
}

idle well --blob "$work/right@0x7000"
idle larger --blob "$work/larger@0x7000"
idle closed --blob "$work/more@0x7000" --slot 0x1000000,2M,nobacking
idle window --blob "$work/right@0x7000" --slot 0x80000000,2M,nobacking
launch || exit 1

is 'well' '' "$(found well)"
is 'larger' 'dtb-memory-node-larger-than-ram error 0x1000000' "$(found larger)"
is 'closed' 'backing-not-faultable error 0x1000000' "$(found closed)"
is 'a window that is no RAM may be closed' '' "$(found window)"
is 'checks' 'the guest'"'"'s memory is in memslots true, nothing is beyond the addressable space false, '\
'host memory is behind every memslot true, memory is made of whole host pages true, '\
'no memslot hides the IOAPIC or a local APIC false' \
	"$(n verify "$tag-well" --json=short | jq -r '.vms[0].checks | map("\(.name) \(.done)") | join(", ")')"
contains 'overhang' "$(n verify "$tag-larger")" "$((17 << 20)) bytes"
contains 'well in a line' "$(n verify "$tag-well")" "$tag-well "

n verify "$tag-well" --exit-code >/dev/null
is 'status: nothing found' 0 $?
n verify "$tag-larger" --exit-code >/dev/null
is 'status: found' 5 $?
n verify "$tag-nobody" 2>/dev/null
is 'status: no such VM' 3 $?

# Last comes whose the findings are; other VMs of this machine may be among them.
sum() {
	COLUMNS=200 n verify "$@" | tr -s ' \n' ' ' | grep -oE '[0-9]+ of [0-9]+ VMs have findings: .*'
}
is 'sum' "$tag-closed 1 $tag-larger 1" \
	"$(sum | grep -oE "$tag-[a-z]+ \([0-9-]+\) [0-9]+" | sed 's/ (.*)//' | sort | xargs)"
is 'no sum without legend' '' "$(sum --no-legend)"

# All at once: the same, and those with findings first.
n verify --json=short >"$work/all"
is 'all' "$tag-closed false, $tag-larger false, $tag-well true, $tag-window true" \
	"$(jq -r --arg tag "$tag-" '[.vms[] | select(.vm.name | startswith($tag))] |
		sort_by(.vm.name) | map("\(.vm.name) \(.findings == [])") | join(", ")' "$work/all")"
is 'those with findings first' 'false false true true' \
	"$(jq -r --arg tag "$tag-" '[.vms[] | select(.vm.name | startswith($tag)) | .findings == []] |
		join(" ")' "$work/all")"

# A saved VM answers without a daemon: what its host was asked is saved with it.
n export "$tag-larger" >"$work/larger.jsonl"
is 'saved' 'dtb-memory-node-larger-than-ram true' "$("$build/nisvctl" --file "$work/larger.jsonl" verify --json=short |
	jq -r '.vms[0] | "\(.findings[0].cause) \(.checks[] | select(.name | contains("host pages")) | .done)"')"

# What is behind the slots, as /proc tells.
is 'backing' 'anonymous rw 16777216 null' "$(n show "$tag-well" --json=short | jq -r \
	'.layout.slots[0].backing | "\(.kind) \(.permissions) \(.covered_bytes) \(.gap)"')"
is 'closed backing' 'anonymous  2097152 null' "$(n show "$tag-closed" --json=short | jq -r \
	'.layout.slots[] | select(.gpa == "0x1000000") | .backing |
	"\(.kind) \(.permissions) \(.covered_bytes) \(.gap)"')"
finish
