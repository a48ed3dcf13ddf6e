#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What nisvd takes while VMs, VMMs and clients do their worst: CPU time, memory, losses; how long others wait
# for an answer; and what its programs cost a VM beside a storm, next to empty ones. Part of make bench.

# shellcheck disable=SC2317 # functions are called by name
# shellcheck source=tests/native/common
. "$(dirname "$0")/../native/common"
setup
# The hostile clients are in this group.
printf '[Socket]\nGroup=nogroup\n' >"$work/group.conf"
nisvd_options=(--no-journal --config "$work/group.conf")
launch || exit 1
seconds=${STORM_SECONDS:-20}

cpu_ns() {
	cut -d ' ' -f 1 "/proc/$daemon/schedstat"
}

# VMs of others are in the figures.
others() {
	n list --all --json=short | jq -r --arg tag "$tag-" '[.vms[] | select((.name // "") | startswith($tag) | not)] |
		if length > 0 then "; VMS OF OTHERS: \(length)" else "" end'
}

# row NAME: what it takes in the next seconds.
row() {
	local before rss maps

	before=$(cpu_ns)
	sleep "$seconds"
	local spent=$((($(cpu_ns) - before) / seconds / 100000)) # hundredths of a percent
	rss=$(awk '/^VmRSS/ {print $2}' "/proc/$daemon/status")
	maps=$(maps_kib)
	printf '%-44s %3d.%02d %% %6d.%d %6d.%d %6d.%d  %s\n' "$1" $((spent / 100)) $((spent % 100)) \
		$((rss / 1024)) $((rss % 1024 * 10 / 1024)) $((maps / 1024)) $((maps % 1024 * 10 / 1024)) \
		$(((rss + maps) / 1024)) $(((rss + maps) % 1024 * 10 / 1024)) \
		"$(n status --json=short | jq -rc '.lost | to_entries | map(select(.value > 0) | "\(.key) \(.value)") | join(", ")')$(others)"
}

# The VMs so far, at once: that of many takes the kernel minutes otherwise.
stop_vms() {
	kill -9 "${vmms[@]}" 2>/dev/null
	wait "${vmms[@]}" 2>/dev/null
	vmms=()
}
vmms=()

storm() {
	start_vm "$@"
	vmms+=("$vmm")
}

# begin: a daemon of its own for each storm, so that memory and losses are those of this one.
begin() {
	stop_vms
	stop_daemon
	launch || exit 1
}

printf '\nStorms: %% of one CPU over %d s, MiB, and what was counted as lost since the start\n' "$seconds"
printf '%-44s %8s %8s %8s %8s  %s\n' '' CPU RSS maps both lost

row 'no VM'
storm faults --vms 64 --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error rerun
sleep 5
row '64 VMs, one fault after the other'
begin
storm million --guest many-sites --slot 0,16M --arg 0=0x1000000 --arg 1=1000000 --on-error skip
sleep 5
row 'one VM, each fault at another place'
begin
storm churn --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error skip --repeat 100000 --every 10
sleep 10
row 'a VMM that makes 100 VMs a second'
begin
storm sites --vms 7 --guest many-sites --slot 0,1M --arg 1=10300 --on-error skip --linger
report_of sites >/dev/null
storm places --vms 33 --guest mmio-write-long --slot 0,1M --arg 0=0xe0000000 --arg 1=8000 --arg 2=2048 \
	--arg 3=512 --linger
report_of places >/dev/null
sleep 5
row 'all places of all VMs used, at rest'
storm faults4 --vms 4 --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error rerun
storm mmio4 --vms 4 --guest mmio-write-long --slot 0,1M --arg 0=0xe0000000 --arg 1=0 --arg 2=300 --arg 3=512
sleep 5
row 'the same, and 8 VMs storm'
begin
for i in 1 2 3 4; do
	storm "idle$i" --idle --vms 250 --slot 0,64K --ready "$work/ready"
	until [[ -s $work/ready ]]; do :; done
	rm "$work/ready"
done
storm active --vms 200 --guest mmio-write-long --slot 0,1M --arg 0=0xe0000000 --arg 1=0 --arg 2=10 --arg 3=512
sleep 5
row '1,000 VMs idle, 200 at work'
begin

chmod 711 "$work/run"
printf '\nMilliseconds to an answer of GetStatus: %s\n' "$(python3 tests/native/clients/ask.py "$socket" 1000)"
mkfifo "$work/hostile"
python3 tests/native/clients/hostile.py "$socket" >"$work/hostile" &
pids+=($!)
grep -q ready "$work/hostile"
printf 'the same while other clients are hostile: %s\n' "$(python3 tests/native/clients/ask.py "$socket" 1000)"
kill "${pids[-1]}"
stop_daemon

printf '\nA VM on one CPU while 8 others storm on another:\n'
storm pinned1 --pin 0 --vms 4 --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error rerun
storm pinned2 --pin 0 --vms 4 --guest mmio-write-long --slot 0,1M --arg 0=0xe0000000 --arg 1=0 --arg 2=300 --arg 3=512
"$build/tests/bench/bench" --rounds 30 --no-tools --only "${STORM_ROW:-MMIO}"
stop_vms
