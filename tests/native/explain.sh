#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A VMM that dies at once, with its one VM and its one fault, is fully explained after its death; what it
# calls itself is escaped wherever it is shown.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
launch || exit 1

# answer NAME FILTER: of the explanation.
answer() {
	n explain "$tag-$1" --json=short | jq -r "$2"
}

start_vm dead --guest pxor --slot 0,1M --slot 0x100000,64K,ro --arg 0=0xd0000000
dead=$vmm
report=$(report_of dead)
began=$(date +%s%N)
first=$(answer dead '.findings[0].cause')
took=$((($(date +%s%N) - began) / 1000))
wait "$dead"
is 'the VMM died of it' 1 $?
is 'the VMM saw the same' internal_error "$(jq -r '.vms[0].first.kind' <<<"$report")"
is 'explained at once' x86-emulation-failure-mmio "$first"
printf 'from the report of the VMM to the answer: %d.%03d ms\n' $((took / 1000)) $((took % 1000))

# Its process is gone, and with it /proc; all of this was copied before.
[[ ! -d /proc/$dead ]] || { echo 'FAIL the VMM is still there'; exit 1; }
is 'name' "$tag-dead cmdline qemu" "$(vm_json dead '"\(.name) \(.name_source) \(.vmm)"')"
is 'command line' "[\"qemu-system-x86_64\",\"-name\",\"$tag-dead\"]" "$(vm_json dead '.cmdline | tojson')"
is 'process, size, state' "$dead 1 $((1024 * 1024)) ended" \
	"$(vm_json dead '"\(.pid) \(.vcpus) \(.ram_bytes) \(.state)"')"
# Where KVM's own function can be hooked, that tells it first.
contains 'why it ended' 'process-gone vm-destroyed' "$(vm_json dead .end_reason)"
is 'slots' '0x0 1048576 [] 0x100000 65536 ["readonly"]' "$(n show "$tag-dead" --json=short |
	jq -r '[.layout.slots[] | "\(.gpa) \(.size_bytes) \(.flags | tojson)"] | join(" ")')"
is 'severity' fatal "$(answer dead '.findings[0].severity')"
is 'one finding' 1 "$(answer dead '.findings | length')"
is 'instruction' 'pxor xmm0, xmmword ptr [edi]' "$(answer dead '.findings[0].sites[0].instruction')"
is 'address it is about' 0xd0000000 "$(answer dead '.findings[0].address')"
is 'where it was' "$(jq -r '.vms[0].first.pc' <<<"$report")" "$(answer dead '.findings[0].sites[0].pc')"
is 'registers' 0xd0000000 "$(n export "$tag-dead" | jq -r 'select(.event == "fault") | .fault.registers[7]')"
is 'nothing about it was lost' '0 0' "$(vm_json dead '"\(.lost_records) \(.suppressed)"')"

# The dossier is on disk, by the name that the list gives, and explains the same without a daemon, but that
# it is known from there.
dossier=$work/state/dossiers/$(vm_json dead .key).jsonl
is 'dossier' dossier "$([[ -s $dossier ]] && echo dossier)"
is 'the dossier explains the same' "$(answer dead '[.vm | del(.origin), .findings] | tojson')" \
	"$(n --file "$dossier" explain "$tag-dead" --json=short |
		jq -r '[.vm | del(.origin), .findings] | tojson')"

declare -A named_pid

# named LABEL NAME: a VM of this name, with bytes that no name should have.
named() {
	mkfifo "$work/named.$1"
	"$build/tests/testvmm" --report "$work/named.$1" --guest pxor --slot 0,1M --arg 0=0xd0000000 \
		--dress qemu-system-x86_64 -name "$2" >/dev/null 2>&1 &
	vmm=$!
	pids+=("$vmm")
	named_pid[$1]=$vmm
	timeout 60 cat "$work/named.$1" >/dev/null
	wait "$vmm"
}

# Control characters but the newline that ends each line, and whatever is no UTF-8.
hostile_bytes() {
	tr -d '\n' | LC_ALL=C grep -caP '[\x00-\x1f\x7f]|\x9b' || true
}

named control "$tag-control"$'\e[31m\e]0;title\a\r\x01'
named utf8 "$tag-utf8"$'\xff\xc0\x80\xe2\x80\xae'
named long "$tag-long-$(printf 'x%.0s' {1..2000})"
named endless "$tag-$(printf 'x%.0s' {1..10240})"
vms=$(n list -a --json=short | jq -r --arg tag "$tag-" '.vms[] | select(.name | startswith($tag)) | .name')
contains 'control characters are escaped' "$vms" "$tag-control\\x1b[31m\\x1b]0;title\\x07\\x0d\\x01"
contains 'bytes that are no UTF-8, and those that turn the direction' "$vms" "$tag-utf8\\xff\\xc0\\x80\\xe2\\x80\\xae"
is 'a long name is cut' 127 "$(grep -- "$tag-long" <<<"$vms" | tr -d '\n' | wc -c)"
# Past what is kept of a command line nobody knows how a name goes on: it is none.
is 'a name of 10 KB' 'qemu-system-x86 comm' "$(n list -a --json=short |
	jq -r --argjson pid "${named_pid[endless]}" '.vms[] | select(.pid == $pid) | "\(.name) \(.name_source)"')"
for name in control utf8 long endless; do
	key=$(n list -a --json=short | jq -r --argjson pid "${named_pid[$name]}" '.vms[] | select(.pid == $pid) | .key')
	for verb in show map explain export events; do
		is "text of $verb for the VM with the name $name" 0 "$(n "$verb" "$key" | hostile_bytes)"
	done
	is "JSON for the VM with the name $name" x86-emulation-failure-mmio \
		"$(n explain "$key" --json=short | jq -r '.findings[0].cause')"
	is "dossier of the VM with the name $name is UTF-8" utf8 \
		"$(iconv -f UTF-8 -t UTF-8 "$work/state/dossiers/$key.jsonl" >/dev/null 2>&1 && echo utf8)"
done
is 'text of list' 0 "$(n list -a | hostile_bytes)"
is "nisvd's own log" 0 "$(hostile_bytes <"$work/nisvd.log")"
finish
