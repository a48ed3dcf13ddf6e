#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvd has no file descriptors left: clients are turned away at once, it does not run hot, VMs are seen and
# counted, and once there are some again it serves as before.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
nisvd_options=(--no-journal)
launch || exit 1

limit=$(prlimit --pid "$daemon" --nofile --noheadings --output SOFT)

# The next file would get this number, if no VM of others makes nisvd open one meanwhile.
free=0
while [[ -e /proc/$daemon/fd/$free ]]; do free=$((free + 1)); done
if [[ $(n list -a --json=short | jq '.vms | length') -gt 0 ]]; then
	printf 'SKIP a client is turned away: VMs of others run\n'
else
	prlimit --pid "$daemon" --nofile="$free:"
	is 'a client is turned away' 1 "$(n list >/dev/null 2>"$work/err"; echo $?)"
	contains 'and told why' "$(cat "$work/err")" 'try again later'
fi

# None at all: not even one to tell a client so. Time on a CPU: sched-stats.rst.
cpu_ms() {
	echo $(($(cut -d ' ' -f 1 "/proc/$daemon/schedstat") / 1000000))
}
prlimit --pid "$daemon" --nofile=3:
start_vm dead --guest pxor --slot 0,1M --arg 0=0xc0000000
seen=$(report_of dead | jq '.vms[0].internal_error')
wait "$vmm"
before=$(cpu_ms)
timeout 2 "$build/nisvctl" --socket "$socket" list >/dev/null 2>&1
spent=$(($(cpu_ms) - before))
is 'while a client waits at the door, nisvd rests' yes "$( ((spent < 300)) && echo yes || echo "no: $spent ms of 2 s")"

prlimit --pid "$daemon" --nofile="$limit:"
is 'served again' 0 "$(n list >/dev/null; echo $?)"
is 'what was meanwhile is counted' "$seen" "$(vm_json dead .aborts.emulation)"
is 'and explained' x86-emulation-failure-mmio "$(n explain "$tag-dead" --json=short | jq -r '.findings[0].cause')"
# Its process could not be watched: the next scans miss it.
until [[ $(vm_json dead .state) == ended ]]; do :; done
echo 'ok   its end is seen'
finish
