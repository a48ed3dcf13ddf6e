#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What nisvd knew comes back when it is started again: VMs that ended, one that runs on, and one that ended
# while nobody watched.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup

# entries NAME FILTER: the values of a jq FILTER over the VMs of that name in list -a, the oldest first.
entries() {
	n list -a --json=short | jq -c --arg name "$tag-$1" "[.vms[] | select(.name == \$name) | $2]"
}

# findings VM: what explain says of it, without what changes with the daemon that says it.
findings() {
	n explain "$1" --json=short | jq -S .findings
}

launch || exit 1
start_vm dead --guest pxor --slot 0,1M --arg 0=0xd0000000
report_of dead >/dev/null
wait "$vmm"
start_vm on --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error pause --linger
on_vmm=$vmm
report_of on >/dev/null
start_vm unseen --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error pause --linger
unseen=$vmm
report_of unseen >/dev/null
start_vm healthy --guest mmio-write --slot 0,1M --arg 0=0x400000 --arg 1=1 --arg 2=1 --linger
report_of healthy >/dev/null
dead_key=$(vm_json dead .key)
dead_before=$(findings "$tag-dead")
on_key=$(vm_json on .key)
on_id=$(vm_json on .id)
on_before=$(findings "$tag-on")
stop_daemon
dossiers=$(cd "$work/state/dossiers" && stat -c '%n %i %Y' ./*)
: >"$work/state/dossiers/$dead_key.jsonl.abcdef"
echo garbage >"$work/state/dossiers/$(tr a-f 0-5 <<<"$dead_key").jsonl"
kill "$unseen"
wait "$unseen"

launch || exit 1
is 'ended: listed' '["ended"]' "$(entries dead .state)"
is 'ended: why' '["process-gone"]' "$(entries dead .end_reason)"
is 'ended: in the list of the last 24 hours' 1 "$(n list -q | grep -c "^$tag-dead\$")"
is 'ended: its key' "$dead_key" "$(vm_json dead .key)"
is 'ended: the same findings' "$dead_before" "$(findings "$tag-dead")"
is 'ended: by its key, too' "$dead_before" "$(findings "$dead_key")"
is 'ended: its map' emulation "$(n map "$tag-dead" --json=short | jq -r '.sites[0].kind')"
is 'ended: its layout' 0x0 "$(n show "$tag-dead" --json=short | jq -r '.layout.slots[0].gpa')"
is 'ended: its dossier is that of the file' "$(tail -n +2 "$work/state/dossiers/$dead_key.jsonl" | grep -v '"sites"' | jq -S 'del(.vm.origin)' | head -n 60)" \
	"$(n export "$dead_key" | tail -n +2 | grep -v '"sites"' | jq -S 'del(.vm.origin)' | head -n 60)"

is 'running on: once as running' '["ended","running"]' "$(entries on .state)"
is 'running on: the former nisvd did not see an end' '["not-watched",null]' "$(entries on .end_reason)"
is 'running on: its id' "[\"$on_id\",\"$on_id\"]" "$(entries on .id)"
is 'running on: explain tells what was known' "$on_before" "$(findings "$tag-on")"
contains 'running on: and says so' "$(n explain "$tag-on")" 'without a finding since'
is 'running on: by the key of before' "$on_before" "$(findings "$on_key")"
is 'running on: the id means the running one' running "$(n show "$on_id" --json=short | jq -r .vm.state)"
contains 'running on: in text' "$(n list --no-pager)" "$tag-on (not watched)"
is 'list -q: the key, where name and id are of two' "$on_key" "$(n list -q | grep -x "$on_key")"
is 'healthy: once' '["running"]' "$(entries healthy .state)"

is 'ended unseen: so it says' '["not-watched"]' "$(entries unseen .end_reason)"
contains 'ended unseen: explain' "$(n explain "$tag-unseen")" 'what became of'
contains 'ended unseen: in text' "$(n explain "$tag-unseen")" '(not-watched)'

is 'counted: only what this nisvd saw' 0 "$(n status --json=short | jq '[.aborts[]] | add')"
is 'a bad file is counted' 1 "$(n status --json=short | jq '.dossiers_left_out')"
is 'a bad file is no loss of what was seen' false "$(n status --json=short | jq '.lost | has("dossiers_left_out")')"
contains 'status: a bad file, in text' "$(n status)" '1 not taken back at the start'
is 'a bad file is told once' 1 "$(grep -c 'is no dossier' "$work/nisvd.log")"
is 'half-written files are gone' '' "$(find "$work/state/dossiers" -name '*.jsonl.*')"
is 'nothing is written again' "$dossiers" "$(cd "$work/state/dossiers" && cut -d ' ' -f 1 <<<"$dossiers" | xargs stat -c '%n %i %Y')"
is 'events: what was known, too' 3 "$(n events --json=short | grep -c '"event":"fault"')"

# Its end without a finding of its own does not take away what was known.
kill "$on_vmm"
wait "$on_vmm"
until [[ $(entries on .state) == '["ended","ended"]' ]]; do :; done
for query in "$tag-on" "$on_id"; do
	is "ended since: explain ${query#"$tag-"} tells what was known" "$on_before" "$(findings "$query")"
done
contains 'ended since: and says so' "$(n explain "$tag-on")" "ended as $on_id, without a finding since"

# And once more: what was loaded is loaded again, the same.
stop_daemon
launch || exit 1
is 'again: the same findings' "$dead_before" "$(findings "$dead_key")"
is 'again: once each' '["ended"]["ended"]' "$(entries dead .state)$(entries unseen .state)"
finish
