#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvctl against a live nisvd and VMs that this machine's KVM really runs: every verb as text and as
# JSON in the shapes that scripts rely on.

# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

live_setup
check 'decode without a daemon' says 'Data Abort' n decode 0x92000007
start_daemon

timeout 60 "$build/nisvctl" --socket "$socket" events -f --json=short >"$work/follow" 2>"$work/follow.err" &
pids+=($!)

emu=$tag-emu jump=$tag-jump ok=$tag-ok twin=$tag-twin
vm "$emu" --guest pxor --arg 0=0x200000 --on-error pause
vm "$jump" --guest jump --arg 0=0x300000 --on-error pause
vm "$ok" --guest mmio-write --arg 0=0x400000 --arg 1=5000 --arg 2=40 --arg 3=0x200 --linger
vm "$twin" --guest jump --arg 0=0x500000 --on-error pause
vm "$twin" --guest jump --arg 0=0x500000 --on-error pause
emu_id=$(n -j list | jq -r --arg n "$emu" '.vms[] | select(.name == $n) | .id')

# ---- status -------------------------------------------------------------------------------------

check 'status' says '^nisvd +[0-9.]+, for .* on Linux' n status
check 'status: JSON' json '(.version | type) == "string" and .vms >= 5 and (.sources | length) > 0 and
	all(.sources[]; (.name and .state and .gives) and has("reason")) and (.lost | type) == "object" and
	(.aborts | type) == "object" and (.mmio | type) == "object" and .uptime_seconds >= 0 and .arch == "x86_64" and
	.kernel' n -j status

# ---- list, show, map ----------------------------------------------------------------------------

vm_shape='(.id | test("^[0-9]+-[0-9]+")) and (.key | test("^[0-9a-f]{32}$")) and .name and .name_source and
	has("uuid") and .vmm and has("machine") and .pid > 0 and .state and has("ended") and has("end_reason") and
	has("vcpus") and has("ram_bytes") and ([.aborts[] | type] | all(. == "number")) and
	([.mmio | .reads, .writes, .per_second] | all(type == "number")) and has("last_abort") and
	(.worst == null or (.worst | (.severity and .cause and (.confidence | type == "number"))))'
check 'list: text' says "^$emu_id +$emu +qemu +1 +1 MiB +1 +0 .* error +x86-" n list
check 'list: JSON' json "(mine | length) == 5 and all(.vms[]; $vm_shape)" n -j list
check 'list is the default' json 'mine | length == 5' n -j
check 'list: the healthy VM has no finding' json "mine[] | select(.name == \"$ok\") |
	.worst == null and .mmio.writes == 5000 and ([.aborts[]] | add) == 0" n -j list
check 'list: --no-legend' bash -c '! grep NAME' < <(n --no-legend list)
check 'list -q: names' says "^$emu\$" n list -q --no-legend
check 'list -q: ids where a name is not unique' test "$(n list -q | grep -c "^$twin\$")" -eq 0
check 'list --exit-code' exits 5 n list --exit-code

check 'show: by name' says "^Id +$emu_id" n show "$emu"
check 'show: by id' says "^Name +$emu" n show "$emu_id"
check 'show: by pid' says "^Name +$emu" n show "${emu_id%%-*}"
check 'show: by key' says "^Name +$emu" n show "$(n -j show "$emu" | jq -r .vm.key)"
check 'show: the layers side by side' says '^ +0x0 +640 KiB slot 0, anonymous ' n show "$emu"
check 'show: layers, JSON' json '.guest.state and (.guest.ranges | type) == "array" and .guest.overhang_bytes >= 0 and
	(.machine == null or (.machine.regions | all(.ipa and .size_bytes > 0 and .name and .source))) and
	has("machine_reason") and (.layout.changes | type) == "array" and .layout.is_32bit == false and
	.layout.slots[0].backing.kind == "anonymous" and .layout.slots[0].backing.covered_bytes == 1048576 and
	.layout.slots[0].backing.gap == null' n -j show "$emu"
check 'show: JSON' json "(.vm | $vm_shape) and (.layout.slots[0] | .gpa == \"0x0\" and .size_bytes == 1048576 and
	(.flags | type) == \"array\")" n -j show "$emu"

check 'map: text' says '0x400200 .*MMIO 125 writes' n map "$ok"
check 'map: what is not shown is counted' says 'and 32 more with 4000 accesses' n map "$ok"
check 'map: JSON, exact' json "(.vm.name == \"$ok\") and (.regions | length) >= 2 and
	all(.regions[]; .ipa and .class and .name and .source and (.size_bytes > 0)) and
	([.sites[] | select(.kind == \"mmio-write\") | .count] | length == 40 and add == 5000) and
	all(.sites[]; has(\"far\") and has(\"pc\") and has(\"esr\") and has(\"instruction\") and .outcome)" n -j map "$ok"
check 'map: an abort' says '0x300000 .*emulation once' n map "$jump"

# ---- explain ------------------------------------------------------------------------------------

finding_shape='.cause and .severity and (.confidence | type == "number") and has("where") and has("how") and
	has("region") and (.signature | length) == 32 and .summary and (.evidence | length) > 0 and
	(.advice | length) > 0 and has("documentation") and (.alternatives | type) == "array" and
	(.consequences | type) == "array" and (.sites | length) > 0 and (.overlays | type) == "array" and
	(.symptom | .text and .source) and (.context | .code and (.backtrace | type) == "array" and has("side") and
	has("mmu") and has("walk") and has("backtrace_end") and .el == null and .vbar == null) and
	all(.sites[]; .kind and has("busy_since") and has("busy_until") and has("busy_per_second") and has("ipa") and has("pc") and has("instruction") and .count > 0 and .first and .last
	and .outcome)'
check 'explain VM' says 'x86-emulation-failure' n explain "$emu"
check 'explain VM: what to do' says '^What to do' n explain "$emu"
check 'explain VM: instruction' says 'pxor' n explain "$emu"
check 'explain VM: what was seen' says '^What you saw$' n explain "$emu"
check 'explain VM: context' says '^  paging off, real-mode code$' n explain "$emu"
pc=$(n -j explain "$emu" | jq -r '.findings[0].sites[0].pc')
printf '%016x T start\n' $((pc - 16)) >"$work/symbols"
COLUMNS=132 check 'explain VM --symbols' says "pc $pc \(start\+0x10\)" n explain "$emu" --symbols "$work/symbols"
check 'explain --list-causes, of a running one' says '^mmio-storm' n explain --list-causes
check 'explain VM: where, drawn' says '(▶|>) +0x300000 ' n explain "$jump"
check 'explain VM: JSON' json ".vm.name == \"$emu\" and (.findings | length) == 1 and
	all(.findings[]; $finding_shape)" n -j explain "$emu"
check 'explain VM ADDRESS' json '(.findings | length) == 1' n -j explain "$jump" 0x300abc
check 'explain VM ADDRESS: elsewhere' json '.findings == []' n -j explain "$jump" 0x700000
check 'explain VM ADDRESS: decimal' json '(.findings | length) == 1' n -j explain "$jump" 3145728
check 'explain: equal signatures are one group' json "any(.groups[]; .signature == .finding.signature and
	([.vms[] | select(.name == \"$twin\")] | length == 2))" n -j explain
check 'explain: groups as text' says 'VMs, one cause' n explain
check 'explain --exit-code: findings' exits 5 n explain --exit-code
check 'explain --exit-code: none' exits 0 n explain "$ok" --exit-code
check 'explain of a healthy VM' says "Nothing to explain about $ok" n explain "$ok"
check 'explain of a healthy VM: what was watched' says '^Watched +since' n explain "$ok"
check 'explain of a healthy VM: JSON' json '.vm and .findings == [] and .groups == [] and
	(.watched.since | type) == "string" and (.watched.sources | length) > 0' n -j explain "$ok"

# ---- verify ----------------------------------------------------------------------------------------

# None of these guests leaves boot parameters: what needs them cannot be checked.
check 'explain of a healthy VM: what else to ask' says 'nothing has faulted;' n explain "$ok"
check 'verify: not all was checked' says "^$ok .*: no finding, 2 of 5 checks done" n verify "$ok"
check 'verify: and why' says '^not checked: ' n verify "$ok"
check 'verify --exit-code: what was not checked is no finding' exits 0 n verify "$ok" --exit-code
vm "$tag-ended" --guest jump --arg 0=0x500000 --on-error pause
n export "$tag-ended" >"$work/dossier.running"
n export "$tag-ended" --redact >"$work/redacted"
check 'export --redact: over the socket' json '.redacted == (if .nisv_dossier then true else null end) and
	(.fault == null or (.fault.registers == [] and .fault.system_registers == null and .fault.instruction_bytes == null))' cat "$work/redacted"
check 'export --redact: all lines' test "$(wc -l <"$work/redacted")" -eq "$(wc -l <"$work/dossier.running")"
check 'export --redact: as a file' json '.stored.redacted and (.note | contains("redacted"))' n --file "$work/redacted" -j explain "$tag-ended"
check 'export: of a dossier, the stored findings' json '.stored.differs == false and (.stored.findings | length) == (.findings | length)' n --file "$work/dossier.running" -j explain "$tag-ended"
check 'explain of a live VM: nothing is stored' json '.stored == null' n -j explain "$emu"
kill "${pids[-1]}"
wait "${pids[-1]}" 2>/dev/null
unset 'pids[-1]'
check 'verify: ended' says "^$tag-ended .*: ended .*no finding, 2 of 5" n verify "$tag-ended"
check 'verify: ended, whom to ask' says '"nisvctl' n verify "$tag-ended"
check 'verify: ended, status' exits 0 n verify "$tag-ended" --exit-code
n export "$tag-ended" >"$work/dossier.ended"
check 'verify: ended, --file' says "^$tag-ended .*: ended " n --file "$work/dossier.ended" verify "$tag-ended"
# From a file: no other VM of this machine is in it.
check 'verify: all, no sum without findings' bash -c '! grep -E "VMs? ha(s|ve) findings"' \
	< <(n --file "$work/dossier.running" verify)
check 'verify: cut off while it ran, --file' says "^$tag-ended .*: no finding, " \
	n --file "$work/dossier.running" verify "$tag-ended"

# ---- events -------------------------------------------------------------------------------------

event_shape='.dropped == 0 and (.event | .event == "fault" and .time and .vm_key and .fault.kind)'
check 'events: text' says "$emu +emulation .*pxor" n events
check 'events: JSON' json "$event_shape" n -j events
check 'events: in the order of time' json 'true' n -j events
check 'events: in the order of time' jq -es 'map(.event.time) | . == sort' "$work/json"
check 'events VM' json "$event_shape and .event.fault.ipa == \"0x300000\"" n -j events "$jump"
check 'events VM: one' test "$(wc -l <"$work/json")" -eq 1
check 'events of a healthy VM: none' test -z "$(n -j events "$ok")"

# ---- dossiers -----------------------------------------------------------------------------------

f() {
	timeout 20 "$build/nisvctl" --file "$work/dossier" "$@"
}
n export "$emu" >"$work/dossier"
check 'export: JSON Lines, header first' jq -en '[inputs] | (.[0] | has("event") | not) and all(.[1:][]; .event)' \
	"$work/dossier"
check 'export: the same with --json=pretty' test "$(n --json=pretty export "$emu" | wc -l)" -eq "$(wc -l <"$work/dossier")"
check '--file: list' json 'mine | length == 1' f -j list
check '--file: explain says the same' json \
	"[.findings[].cause] == $(n -j explain "$emu" | jq -c '[.findings[].cause]')" f -j explain "$emu"
COLUMNS=132 check '--file: explain --symbols' says "pc $pc \(start\+0x10\)" f explain "$emu" --symbols "$work/symbols"
check '--file: show' says "^Id +$emu_id" f show "$emu"
check '--file: map' json '.sites | length == 1' f -j map "$emu"
check '--file: events' json "$event_shape" f -j events -f
faults() {
	jq -cS 'select(.event == "fault") | .fault | del(.sequence, .time)'
}
# Of a VM of which all is known: its backing and its guest were looked at when `show` asked.
n -j show "$ok" >"$work/show"
n -j map "$ok" >"$work/map"
n show "$ok" >"$work/show.text"
n map "$ok" >"$work/map.text"
n export "$ok" >"$work/dossier.ok"
g() {
	timeout 20 "$build/nisvctl" --file "$work/dossier.ok" "$@"
}
# What depends on when and whom it is asked: rates and ages, where lines break because of them, and how
# it is known.
timeless() {
	jq -S 'del(.vm.mmio.per_second, .vm.origin)' "$1"
}
wordwise() {
	sed -E 's/[0-9]+ (s|min|h|d)( [0-9]+ (min|h))? ago|now\b/AGO/g; s/[0-9]+ per second/N per second/' "$1" | tr -s ' \n' ' '
}
check '--file: it is known from a dossier' json '.vm.origin == "dossier"' g -j show "$ok"
check '--file: show says the same, JSON' diff <(timeless "$work/show") <(g -j show "$ok" | timeless -)
check '--file: map says the same, JSON' diff <(timeless "$work/map") <(g -j map "$ok" | timeless -)
check '--file: show says the same' diff <(wordwise "$work/show.text") <(g show "$ok" | wordwise -)
check '--file: map says the same' diff <(wordwise "$work/map.text") <(g map "$ok" | wordwise -)
check '--file: export gives the same faults' diff <(faults <"$work/dossier") <(f export "$emu" | faults)
check '--file: no such VM' fails 3 'no VM is called' f show other
check '--file: cut short' bash -c "head -c 3000 '$work/dossier' >'$work/cut'; '$build/nisvctl' --file '$work/cut' list"
check '--file: not there' fails 1 'cannot read the file' n --file "$work/nope" list
echo 'no dossier' >"$work/broken"
check '--file: no dossier' fails 1 'nisvd' n --file "$work/broken" list
check '--file: no dossier, JSON' fails 1 '^\{"error"' n --file "$work/broken" --json=short list
head -n 1 "$work/dossier" >"$work/dossier.empty"
mv "$work/dossier.empty" "$work/dossier"
check 'no VM: list' exits 0 f list
check 'no VM: list, JSON' json '.vms == []' f -j list
check 'no VM: explain' says 'Nothing to explain.*any VM' f explain
check 'no VM: explain, JSON' json '.vm == null and .findings == [] and .groups == []' f -j explain
check 'no VM: events' exits 0 f events

# ---- decode (more in decode.sh, without a daemon) -------------------------------------------------

check 'decode: JSON' json '.esr == "0x92000007" and (.fields | length) > 5 and .summary and .far == null' \
	n -j decode 0x92000007
check 'decode: a pasted line' json '.esr == "0x93800007" and .ipa == "0x9000fe0"' \
	n -j decode 'kvm_guest_fault: ipa 0x9000fe0, hsr 0x93800007, hxfar 0x10, pc 0x40'

# ---- a daemon that restarts ---------------------------------------------------------------------

kill "$daemon"
wait "$daemon"
check 'nisvd ends well' test $? -eq 0
daemon=
check 'nisvd removes its socket' test ! -e "$socket"
rmdir "$work/run"
start_daemon
vm "$tag-later" --guest jump --arg 0=0x600000 --on-error pause
check 'events -f goes on after a restart' timeout 20 bash -c \
	"tail -n +1 -f '$work/follow' | grep -qm1 '\"ipa\":\"0x600000\"'"
check 'events -f: each fault once' test "$(jq -r '.event.vm_key + .event.time' "$work/follow" | sort | uniq -d | wc -l)" -eq 0
check 'events -f: what came before, too' jq -es "all(.[]; $event_shape) and
	any(.[]; .event.fault.ipa == \"0x300000\")" "$work/follow"

finish
