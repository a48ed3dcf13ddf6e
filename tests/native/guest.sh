#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What an x86 guest believes: the memory table that its VMM gave it, shown beside the slots; not read
# where that is switched off, and nothing touched by looking.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
# shellcheck source=tests/native/zeropage
. "$(dirname "$0")/zeropage"
if [[ $(uname -m) != x86_64 ]]; then
	echo 'SKIP an E820 table is a matter of x86'
	exit 77
fi
setup

# guest NAME FILTER: of the guest layer.
guest() {
	n show "$tag-$1" --json=short | jq -r ".guest | $2"
}

zero_page $((32 << 20)) 0xfec00000 0x1000 >"$work/larger"
zero_page $((15 << 20)) 0xfec00000 0x1000 >"$work/right"
is 'size of the page' 4096 "$(stat -c %s "$work/larger")"

# idle NAME ARGUMENT...: a VM of 16 MiB that does nothing, until it is there.
mkfifo "$work/ready"
idle() {
	start_vm "$@" --idle --slot 0,16M --ready "$work/ready"
	IFS= read -r -t 30 _ <"$work/ready" || echo "FAIL $1 does not start"
}

idle larger --blob "$work/larger@0x7000"
idle right --blob "$work/right@0x10000"
idle none
launch || exit 1
is 'found' 'found e820 0x7000' "$(guest larger '"\(.state) \(.source) \(.address)"')"
is 'overhang' $((17 << 20)) "$(guest larger .overhang_bytes)"
is 'ranges' 'memory 0x100000 33554432 RAM, reserved 0xfec00000 4096 reserved' \
	"$(guest larger '[.ranges[] | "\(.kind) \(.ipa) \(.size_bytes) \(.name)"] | join(", ")')"
is 'by search' 'found 0x10000 0' "$(guest right '"\(.state) \(.address) \(.overhang_bytes)"')"
is 'none' 'not-found null 0' "$(guest none '"\(.state) \(.source) \(.overhang_bytes)"')"

# Looking touches nothing: of a RAM that was never used, nothing is there afterwards.
slot=$(n show "$tag-none" --json=short | jq -r '.layout.slots[0].hva')
is 'nothing was touched' 'in 0 kB' "$(printf '%x\n' "$slot" | awk '
	NR == FNR { slot = $1; next }
	/^[0-9a-f]+-/ { here = index($1, slot "-") == 1 }
	here && /^Rss:/ { print "in", $2, $3 }' - "/proc/$vmm/smaps")"

stop_daemon
printf '[Capture]\nInspectGuestMemory=no\n' >"$work/none.conf"
launch || exit 1
is 'switched off' 'off 0' "$(guest larger '"\(.state) \(.ranges | length)"')"
contains 'why' "$(guest larger .reason)" InspectGuestMemory
finish
