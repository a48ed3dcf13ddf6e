#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Journal entries in a real journald: one per finding, few for 100,000 faults, with their fields, and a
# catalog entry for each kind of message. journald runs in a mount namespace of this test's own.

[[ -n ${IN_NAMESPACE-} ]] || IN_NAMESPACE=1 exec unshare --mount --propagation private "$0"

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
start_journald

# entries NAME: the journal's entries about the VM of this name, as JSON.
entries() {
	journalctl --sync && journalctl -q -o json --no-pager NISV_VM_NAME="$tag-$1"
}

launch || exit 1
start_vm dead --guest pxor --slot 0,1M --arg 0=0xd0000000
dead=$vmm
report_of dead >/dev/null
wait "$dead"
# nisvd answers after it has taken in what happened before.
is 'the VM has ended' ended "$(vm_json dead .state)"
entry=$(entries dead)
# The fault, and then, if nisvd saw it later, that the VMM did not survive it.
is 'entries for one fault' yes "$([[ $(wc -l <<<"$entry") -le 2 ]] && echo yes)"
is 'the first is the finding' "$(message_id FINDING)" "$(head -n 1 <<<"$entry" | jq -r .MESSAGE_ID)"
entry=$(tail -n 1 <<<"$entry")
key=$(vm_json dead .key)
id=$(vm_json dead .id)
is 'id: of this VMM' "$dead" "${id%-*}"
signature=$(n explain "$tag-dead" --json=short | jq -r '.findings[0].signature')
for field in PRIORITY=3 SYSLOG_IDENTIFIER=nisvd OBJECT_PID="$dead" NISV_VM="$id" \
	NISV_VM_KEY="$key" NISV_VM_NAME="$tag-dead" NISV_VMM=qemu NISV_KIND=emulation NISV_PC=0x8000 \
	NISV_CAUSE=x86-emulation-failure-mmio NISV_SEVERITY=fatal NISV_SIGNATURE="$signature" \
	NISV_OUTCOME=vmm-decides NISV_COUNT=1 NISV_INSTRUCTION='pxor xmm0, xmmword ptr [edi]' \
	NISV_DOSSIER="$work/state/dossiers/$key.jsonl"; do
	is "field ${field%%=*}" "${field#*=}" "$(jq -r --arg name "${field%%=*}" '.[$name]' <<<"$entry")"
done
message=$(jq -r .MESSAGE <<<"$entry")
contains 'text: the VM' "$message" "VM $tag-dead: "
contains 'text: the cause' "$message" x86-emulation-failure-mmio
contains 'text: the instruction' "$message" 'pxor xmm0, xmmword ptr [edi]'
is 'the dossier that it names is there' yes "$([[ -s $work/state/dossiers/$key.jsonl ]] && echo yes)"

# A hundred thousand faults at one site.
start_vm loop --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error rerun --max-exits 100000
loop=$vmm
seen=$(report_of loop | jq '.vms[0].internal_error')
wait "$loop"
is 'faults in the loop' 100000 "$seen"
is 'faults counted' 100000 "$(vm_json loop .aborts.emulation)"
entry=$(entries loop)
count=$(wc -l <<<"$entry")
storms=$(jq -c --arg id "$(message_id STORM)" 'select(.MESSAGE_ID == $id) | [.NISV_COUNT, .NISV_COUNT_SINCE] | map(tonumber)' <<<"$entry")
# One at 1,000 of them, at 10,000 and at 100,000, or fewer if nisvd comes to look later.
if ((count >= 2 && count <= 5)); then
	printf 'ok   entries for them: %d\n' "$count"
else
	printf 'FAIL entries for them: %d, expected 2 to 5\n%s\n' "$count" "$entry"
	failures=$((failures + 1))
fi
is 'the first is the finding' "$(message_id FINDING)" "$(head -n 1 <<<"$entry" | jq -r .MESSAGE_ID)"
is 'the storm is told' yes "$([[ $(wc -l <<<"$storms") -ge 1 && $(wc -l <<<"$storms") -le 3 ]] && echo yes)"
is 'with all of them in the end' 100000 "$(tail -n 1 <<<"$storms" | jq '.[0]')"
is 'and how many since the last entry' yes "$(tail -n 1 <<<"$storms" | jq -r 'if .[1] > 0 and .[1] <= .[0] then "yes" else . end')"
details=$(n export "$tag-loop" | jq -s '[.[] | select(.event == "fault")] | length')
is 'sites in detail' 1 "$details"

# What the limit holds back is told as a number: here, at the end of nisvd, for the minute is not over.
stop_daemon
printf '[Journal]\nEntriesPerMinute=1\n' >"$work/none.conf"
launch || exit 1
start_vm much --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error rerun --max-exits 100000
much=$vmm
report_of much >/dev/null
wait "$much"
is 'the VM of much news has ended' ended "$(vm_json much .state)"
is 'one entry a minute' 1 "$(entries much | wc -l)"
withheld=$(n status --json=short | jq .lost.journal)
stop_daemon
entry=$(entries much | tail -n 1)
is 'and one that sums up' "2 $(message_id WITHHELD)" "$(entries much | wc -l) $(jq -r .MESSAGE_ID <<<"$entry")"
is 'what was withheld' "$withheld" "$(jq -r .NISV_WITHHELD <<<"$entry")"
is 'at least the storm' yes "$([[ $withheld -ge 1 ]] && echo yes)"
: >"$work/none.conf"

# With --no-journal there is none.
nisvd_options=(--no-journal)
launch || exit 1
start_vm silent --guest pxor --slot 0,1M --arg 0=0xd0000000
silent=$vmm
report_of silent >/dev/null
wait "$silent"
is 'the VM is explained' x86-emulation-failure-mmio "$(n explain "$tag-silent" --json=short | jq -r '.findings[0].cause')"
is 'entries with --no-journal' '' "$(entries silent)"

# What the entries mean, in the catalog.
install -D -m 0644 -t "$work/root/usr/lib/systemd/catalog" systemd/nisvd.catalog
mkdir -p "$work/root/var/lib/systemd/catalog"
journalctl --root="$work/root" --update-catalog
for kind in FINDING OUTCOME MMIO STORM WITHHELD; do
	contains "catalog entry of $kind" "$(journalctl --root="$work/root" --dump-catalog "$(message_id $kind)")" 'Defined-By: nisvd'
done
finish
