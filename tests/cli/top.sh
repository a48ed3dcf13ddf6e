#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvctl top against a live nisvd: rates that agree with the counts, through restarts of VMs and of the
# daemon, as JSON and as text.

# shellcheck disable=SC2317,SC2016 # functions are called by check; $ of jq filters
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

live_setup
start_daemon

busy=$tag-busy stuck=$tag-stuck ok=$tag-ok
# endless NAME GUEST ARGUMENT...: a VM whose guest goes on until the end.
endless() {
	local name=$1 guest=$2
	shift 2
	"$build/tests/testvmm" --guest "$guest" "$@" --dress qemu-system-x86_64 -name "$name" >/dev/null 2>&1 &
	pids+=($!)
}
vm "$ok" --guest mmio-write --arg 0=0x400000 --arg 1=5000 --arg 2=40 --arg 3=0x200 --linger
endless "$busy" mmio-write --arg 0=0x400000 --arg 1=0 --arg 2=3 --arg 3=0x200
busy_pid=${pids[-1]}
endless "$stuck" jump --arg 0=0x300000 --on-error rerun

# ---- rounds as JSON ------------------------------------------------------------------------------------

# What top says of each VM of two rounds agrees with the counts of both, to the digits that are printed.
agrees='def near($a; $b): (($a - $b) | fabs) <= 0.01 * $b + 1;
	def total: .mmio.reads + .mmio.writes;
	def sum: [.[]] | add;
	. as $rounds | [range(1; length)] | length > 0 and all(. as $i | $rounds[$i - 1] as $a | $rounds[$i] as $b |
	all($b.vms[]; . as $vm | ($a.vms[] | select(.key == $vm.key)) as $old |
		near($vm.mmio_per_second * $b.interval_seconds; ($vm | total) - ($old | total)) and
		near($vm.mmio_user_per_second * $b.interval_seconds; $vm.mmio.user - $old.mmio.user) and
		near($vm.aborts_per_second * $b.interval_seconds; ($vm.aborts | sum) - ($old.aborts | sum))))'
rounds() {
	n -j top -d 0.3 -n "$1" >"$work/rounds" || return 1
	jq -es --argjson n "$1" "length == \$n and ($agrees)" "$work/rounds" >/dev/null && return
	cat "$work/rounds"
	return 1
}
for name in "$busy" "$stuck"; do
	# Each from the present state on: whichever was seen first.
	subscribe
	check "$name is seen" await_event ".event == \"vm\" and .vm.name == \"$name\""
	unsubscribe
done
check 'rates agree with the counts' rounds 4
shape='(.time | test("^[0-9-]+T[0-9:.]+Z$")) and .interval_seconds > 0 and (.aborts | type) == "object" and
	(.mmio | type) == "object" and (.lost | type) == "object" and
	([.aborts_per_second, .mmio_per_second, .mmio_user_per_second] | all(type == "number" and . >= 0)) and
	all(.vms[]; .id and (.key | length == 32) and has("worst") and (.aborts_per_second >= 0)) and
	all(.places[]; .vm_id and .vm_key and .vm_name and .kind and has("ipa") and has("pc") and has("region") and
	has("class") and .count > 0 and .per_second > 0 and has("user_per_second"))'
check 'JSON: one object per round and line' test "$(wc -l <"$work/rounds")" -eq 4
check 'JSON: shape' jq -es "all(.[]; $shape)" "$work/rounds"
check 'JSON: --json=pretty is one line, too' test "$(n --json=pretty top -d 0.1 -n 1 | wc -l)" -eq 1
check 'the busiest VMs first, aborts before MMIO' jq -es --arg a "$stuck" --arg b "$busy" \
	'all(.[]; [.vms[].name] | index($a) < index($b))' "$work/rounds"
check 'a VM at rest does nothing' jq -es --arg n "$ok" \
	'all(.[]; .vms[] | select(.name == $n) | .mmio_per_second == 0 and .aborts_per_second == 0)' "$work/rounds"
check 'the places of MMIO' jq -es --arg n "$busy" 'last | [.places[] | select(.vm_name == $n)] |
	map(.ipa) - ["0x400000", "0x400200", "0x400400"] == [] and length == 3 and
	all(.[]; .kind == "mmio-write" and .pc == null and .user_per_second > 0 and .class)' "$work/rounds"
check 'the place of an abort' jq -es --arg n "$stuck" 'last | .places[] | select(.vm_name == $n) |
	.kind == "emulation" and .ipa == "0x300000" and .pc and .user_per_second == null' "$work/rounds"
check 'the host, all its VMs together' jq -es 'all(.[]; .mmio_per_second > 0 and .aborts_per_second > 0)' "$work/rounds"

# ---- what begins anew -----------------------------------------------------------------------------------

# follow: lines of a top that runs on, read one by one.
mkfifo "$work/follow"
timeout 60 "$build/nisvctl" --socket "$socket" top -j -d 0.2 >"$work/follow" 2>"$work/follow.err" &
follower=$!
pids+=("$follower")
exec 7<"$work/follow"
# until_round FILTER: to $work/round the first round for which it is true; all on the way make sense.
sane='def total: .mmio.reads + .mmio.writes;
	.interval_seconds as $seconds | all(.vms[]; .mmio_per_second >= 0 and .mmio_per_second * $seconds * 0.99 <= total + 1)'
until_round() {
	while IFS= read -r -t 20 round <&7; do
		printf '%s\n' "$round" >"$work/round"
		jq -e "$sane" "$work/round" >/dev/null || {
			printf 'a round that makes no sense: %s\n' "$round"
			return 1
		}
		jq -e --arg busy "$busy" "$1" "$work/round" >/dev/null && return
	done
	echo 'no such round'
	cat "$work/follow.err"
	return 1
}
check 'it follows' until_round '.vms[] | select(.name == $busy) | .mmio_per_second > 0'
old_key=$(jq -r --arg n "$busy" '.vms[] | select(.name == $n) | .key' "$work/round")
kill "$busy_pid"
wait "$busy_pid" 2>/dev/null
# What is started now must not keep the follower's reader alive.
endless "$busy" mmio-write --arg 0=0x400000 --arg 1=0 --arg 2=3 --arg 3=0x200 7<&-
check 'a VM of the same name counts for itself' until_round \
	"[.vms[] | select(.name == \$busy)] | length == 1 and .[0].key != \"$old_key\" and .[0].mmio_per_second > 0"
kill "$daemon"
wait "$daemon"
daemon=
start_daemon 7<&-
check 'it goes on after a restart of nisvd' until_round '.vms[] | select(.name == $busy) | .mmio_per_second > 0'
check 'and says nothing but JSON' test ! -s "$work/follow.err"
exec 7<&-
wait "$follower"
# By itself, or by the signal where it was just writing.
check 'it ends with its reader' grep -qxE '0|141' <<<$?

# ---- bounded ----------------------------------------------------------------------------------------------

# Twelve VMs that are all busy: of four of them the places are asked for, each round.
"$build/tests/testvmm" --vms 12 --one-thread --guest mmio-write --arg 0=0x400000 --arg 1=0 \
	--dress qemu-system-x86_64 -name "$tag-many" >/dev/null 2>&1 &
pids+=($!)
socat -r "$work/asked" "UNIX-LISTEN:$work/proxy" "UNIX-CONNECT:$socket" 2>/dev/null &
pids+=($!)
listening "$work/proxy"
check 'many busy VMs' timeout 20 "$build/nisvctl" --socket "$work/proxy" -j top -n 3 -d 0.2
check 'the places of four only' test "$(tr '\0' '\n' <"$work/asked" | awk '/ListVMs/ {n = 0}
	/GetFaultMap/ {n++; if (n > most) most = n} END {print most}')" -eq 4
kill "${pids[-2]}"
wait "${pids[-2]}" 2>/dev/null

# ---- text ---------------------------------------------------------------------------------------------------

text() {
	n top -n 2 -d 0.2 "$@" >"$work/out"
}
check 'rounds as text' text
check 'as text: a heading per round' test "$(grep -c '^top on ' "$work/out")" -eq 2
check 'as text: the busy VM' says "^$busy +0 +[0-9]+ +[0-9]+ +0 -$" n top -n 1 -d 0.3
check 'as text: its place' grep -qE "^$tag.* +0x400200 write +[0-9]+ user +[^ ]" "$work/out"
check 'as text: fits 80 columns' bash -c "! grep -nE '^.{81}' '$work/out'"
check 'as text: no control sequence' bash -c "! grep -nP '[^ -~]' '$work/out'"
check '--no-legend' text --no-legend
check '--no-legend: no headings, no sums' bash -c "! grep -E 'ABORTS/S|top on|in all|Lost' '$work/out'"
check 'a reader that leaves' test "$(n top -d 0.1 | head -n 1 | wc -l)" -eq 1
check 'output that cannot be written' fails 1 'No space left' bash -c "'$build/nisvctl' --socket '$socket' top -d 0.1 >/dev/full"
for value in 0 0.01 x 1x -1 1. .5 1e9 99999999; do
	check "-d $value" fails 2 '-d takes seconds, 0.1 to 86400' n top -d "$value"
done
for value in 0 x -1 0x10 99999999999999999999; do
	check "-n $value" fails 2 '-n takes a number of 1 or more' n top -n "$value"
done
check '--file' fails 2 'top needs a running nisvd' n --file /dev/null top
check 'another verb has no -d' fails 2 'list has no option -d' n list -d 1

finish
