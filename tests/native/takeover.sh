#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvd is killed again and again in the middle of storms, and started again by a service manager with an fd
# store: nothing that guests did goes uncounted or is counted twice, what was known of VMs is known again, the
# journal is told nothing twice, and when the service is stopped nothing stays attached.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
here=$(dirname "$0")

coproc manager { exec "$here/servicemanager" "$work" "$build/nisvd" --config "$work/none.conf" --socket "$socket" \
	--state-dir "$work/state" 2>>"$work/nisvd.log"; }
pids+=("$manager_PID")

# m WORDS...: one command to the service manager, its answer in $answer.
m() {
	echo "$*" >&"${manager[1]}"
	IFS= read -r -t 60 -u "${manager[0]}" answer || answer=none
}

# programs PID: the numbers of the programs that a process holds.
programs() {
	sed -n 's/^prog_id:[[:space:]]*//p' "/proc/$1"/fdinfo/* 2>/dev/null | sort -u | paste -sd " "
}

# map_of PID NAME: the number of a map that a process holds.
map_of() {
	sed -n 's/^map_id:[[:space:]]*//p' "/proc/$1"/fdinfo/* | sort -u | while read -r id; do
		bpftool --json map show id "$id" | jq --arg name "$2" 'select(.name == $name) | .id'
	done
}

# how_many NUMBER...: of these programs, how many there still are.
how_many() {
	bpftool --json prog | jq --arg numbers "$*" '[.[].id | tostring | select(IN($numbers | split(" ") | .[]))] | length'
}

# How many ledgers are stored.
ledgers() {
	m stored
	grep -o 'ledger-[01]' <<<"$answer" | wc -l
}

# gone NUMBER...: none of them is left. The kernel frees what nobody holds a little later.
gone() {
	local until=$((SECONDS + 20))

	while [[ $(how_many "$@") -gt 0 && $SECONDS -lt $until ]]; do :; done
	how_many "$@"
}

m start
is 'started' ready "${answer% *}"
m stored
is 'what is stored' yes "$([[ $answer == *map-vms* && $answer == *link-on_userspace_exit* && $answer == *ledger-* ]] && echo yes)"

start_vm dead --guest pxor --slot 0,1M --arg 0=0xd0000000
report_of dead >/dev/null
wait "$vmm"
start_vm faults --guest pxor-long --slot 0,1M --arg 0=0x10000000 --on-error rerun
faults=$vmm
start_vm mmio --guest mmio-write-long --slot 0,1M --arg 0=0xe0000000 --arg 1=0 --arg 2=64 --arg 3=512
mmio=$vmm
until [[ $(vm_json faults .aborts.emulation) -gt 500 && $(vm_json mmio .mmio.writes) -gt 500 ]]; do :; done
dead_before=$(n explain "$tag-dead" --json=short | jq -S .findings)
keys=$(for vm in dead faults mmio; do vm_json $vm .key; done)
ids=$(for vm in dead faults mmio; do vm_json $vm .id; done)

for i in {1..8}; do
	m kill KILL
	is "killed, time $i" 'ended -9' "$answer"
	# What it does while nobody is there is counted, too, and who dies then is known.
	start_vm "between$i" --guest pxor --slot 0,1M --arg 0=0xc0000000
	report_of "between$i" >/dev/null
	wait "$vmm"
	m start
	is "back, time $i" ready "${answer% *}"
	is "died meanwhile, time $i" "x86-emulation-failure-mmio 0xc0000000 1 process-gone" \
		"$(n explain "$tag-between$i" --json=short | jq -r '.findings[0] | "\(.cause) \(.address) \(.sites[0].count)"') $(vm_json "between$i" .end_reason)"
done
is 'the same VMs, each once' "$keys" "$(for vm in dead faults mmio; do vm_json $vm .key; done)"
is 'by the same ids' "$ids" "$(for vm in dead faults mmio; do vm_json $vm .id; done)"
is 'what was found of one that had ended' "$dead_before" "$(n explain "$tag-dead" --json=short | jq -S .findings)"

kill "$faults" "$mmio"
seen=$(report_of faults | jq '.vms[0].internal_error')
wait "$faults" "$mmio"
is 'faults of the storm' "$seen" "$(vm_json faults .aborts.emulation)"
is 'its sites hold them all' "$seen" "$(n map "$tag-faults" --json=short | jq '[.sites[] | select(.kind == "emulation").count] | add')"
seen=$(report_of mmio | jq '.vms[0].mmio_writes')
is 'MMIO of the storm' "$seen" "$(vm_json mmio .mmio.writes)"
is 'nothing was lost' 0 "$(n status --json=short | jq '[.lost | to_entries[] | select(.key | IN("records", "vital_records", "vms", "sites", "places", "vcpus", "events", "missed_runs", "bad_records")) | .value] | add')"
total=$(n status --json=short | jq '.aborts.emulation')
m kill KILL
m start
is 'the sum of all, at rest' "$total" "$(n status --json=short | jq '.aborts.emulation')"
is 'ended meanwhile: as it was' "$seen" "$(vm_json mmio .mmio.writes)"

# A line of the ledger finds no room for its end, and those after it none at all: then there is room again.
nisvd=${answer#* }
prlimit --pid "$nisvd" --fsize="$(($(stat -Lc %s "$(find "/proc/$nisvd/fd" -lname '/memfd:nisvd-ledger*' | head -n 1)") + 100)):"
start_vm cut --guest pxor --slot 0,1M --arg 0=0xd0000000
report_of cut >/dev/null
wait "$vmm"
total=$((total + 1))
until [[ $(vm_json cut .worst.cause) == x86-* ]]; do :; done
prlimit --pid "$nisvd" --fsize=unlimited:
start_vm whole --guest mmio-write --slot 0,1M --arg 0=0x400000 --arg 1=1 --arg 2=1 --linger
report_of whole >/dev/null
whole=$(vm_json whole '"\(.key) \(.id)"')
m kill KILL
m start
is 'a line that was cut spoils no other' "$whole" "$(vm_json whole '"\(.key) \(.id)"')"
is 'that there was no room is told' 1 "$(grep -c 'will not outlive this nisvd: the ledger' "$work/nisvd.log")"
is 'and what was cut' 1 "$(grep -c '1 lines could not be read' "$work/nisvd.log")"
kill "$vmm"
wait "$vmm"

# Restarted in good order, it is no other.
m kill TERM
is 'ended in good order' 'ended 0' "$answer"
m start
is 'back in good order' "$total" "$(n status --json=short | jq '.aborts.emulation')"

# Killed after the new ledger was kept, and before the old one was dropped.
m kill KILL
m deaf
m start
is 'two ledgers are kept' 2 "$(ledgers)"
m kill KILL
m start
is 'only the newer one is needed' 1 "$(ledgers)"
# Of one that ended without a finding there is no dossier.
start_vm newest --guest mmio-write --slot 0,1M --arg 0=0xe0000000 --arg 1=1 --arg 2=1
report_of newest >/dev/null
wait "$vmm"
key=$(vm_json newest .key)
m kill KILL
m start
is 'the older one is never given' "$key" "$(vm_json newest .key)"

# A VM ends unseen, and then its PID is that of another program.
start_vm reused --guest mmio-write --slot 0,1M --arg 0=0xe0000000 --arg 1=1 --arg 2=1 --linger
report_of reused >/dev/null
is 'a VM that lives on' running "$(vm_json reused .state)"
m kill KILL
kill "$vmm"
wait "$vmm"
python3 - "$vmm" 7>&- 8>&- <<'END' &
import ctypes, os, struct, sys
wanted = ctypes.c_int(int(sys.argv[1]))
# struct clone_args of clone3(2): the signal at its end, and the PID that it is to have.
arguments = struct.pack("11Q", 0, 0, 0, 0, 17, 0, 0, 0, ctypes.addressof(wanted), 1, 0)
if not ctypes.CDLL(None).syscall(435, arguments, len(arguments)):
    os.execvp("sleep", ["sleep", "infinity"])
END
wait $!
pids+=("$vmm")
is 'its PID is in use again' sleep "$(cat "/proc/$vmm/comm")"
m start
is 'that is seen' process-gone "$(vm_json reused .end_reason)"
total=$(n status --json=short | jq '.aborts.emulation')

# Another build, which may share the maps: each event passes to one of the two.
start_vm faults2 --guest pxor-long --slot 0,1M --arg 0=0x10000000 --on-error rerun
faults=$vmm
until [[ $(vm_json faults2 .aborts.emulation) -gt 500 ]]; do :; done
for other in "$build-san/nisvd" "$build/nisvd"; do
	m kill KILL
	m start "$other"
	is "taken over by ${other#"$build"}" ready "${answer% *}"
done
kill "$faults"
seen=$(report_of faults2 | jq '.vms[0].internal_error')
wait "$faults"
is 'faults under both builds' "$seen" "$(vm_json faults2 .aborts.emulation)"
total=$((total + seen))
is 'and before' "$total" "$(n status --json=short | jq '.aborts.emulation')"

# One whose maps are others, as far as it can tell: it says so, and leaves nothing of the old one.
own=$(programs "${answer#* }")
is 'programs are held' yes "$([[ $(how_many "$own") -ge 6 ]] && echo yes)"
bpftool map update id "$(map_of "${answer#* }" gate_build)" key 0 0 0 0 value hex 01 02 03 04 05 06 07 08 \
	00 00 00 00 00 00 00 00 30 2e 30 2e 31 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
m kill KILL
m start
is 'maps of another kind: it starts' ready "${answer% *}"
is 'and says why it begins anew' 1 "$(grep -c 'its maps are those of nisvd 0.0.1, this is .*counting begins anew' "$work/nisvd.log")"
is 'and begins anew' 0 "$(n status --json=short | jq '.aborts.emulation')"
is 'the old programs are gone' 0 "$(gone "$own")"
start_vm last --guest pxor --slot 0,1M --arg 0=0xc0000000
report_of last >/dev/null
wait "$vmm"
is 'and it counts' 1 "$(vm_json last .aborts.emulation)"

own=$(programs "${answer#* }")
m stop
is 'stopped' 'ended 0' "$answer"
is 'nothing stays' 0 "$(gone "$own")"
is 'errors in its log' '' "$(grep -iE 'cannot|could not|unreadable' "$work/nisvd.log" | grep -v ' 1 lines could not be read')"
finish
