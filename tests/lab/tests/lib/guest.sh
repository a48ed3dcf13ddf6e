# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# The guest's half of a lab test, for busybox's shell. Everything that the checks shall see is
# printed as lines of TAG, a tab and a value, which is JSON or text. Nothing here waits by time: a
# VM's end is the end of its process, and anything else is awaited in the stream of events.

tab='	'
work=/tmp/work
mkdir -p $work

# put TAG VALUE
put() {
	printf '%s\t%s\n' "$1" "$2"
}

# put_file TAG FILE: each line of it.
put_file() {
	sed "s/^/$1$tab/" "$2"
}

# ask TAG NISVCTL-ARGUMENTS...: its answer; where it fails, also TAG.status and TAG.error.
ask() {
	ask_tag=$1
	shift
	ask_status=0
	nisvctl "$@" >$work/answer 2>$work/error || ask_status=$?
	put_file "$ask_tag" $work/answer
	[ $ask_status -eq 0 ] || put_failure "$ask_tag" $ask_status $work/error
}

put_failure() {
	put "$1.status" "$2"
	put_file "$1.error" "$3"
}

# vm TAG TESTVMM-OPTIONS...: runs it to its end; its report, and what it said where it fails.
vm() {
	vm_tag=$1
	shift
	vm_status=0
	rm -f $work/report
	testvmm --report $work/report "$@" >/dev/null 2>$work/error || vm_status=$?
	[ ! -e $work/report ] || put_file "$vm_tag" $work/report
	[ $vm_status -eq 0 ] || put_failure "$vm_tag" $vm_status $work/error
}

# start TAG TESTVMM-OPTIONS...: in the background, its process in $started. The report goes to a
# FIFO, so that take_report waits for it.
start() {
	mkfifo "$work/$1.report"
	start_tag=$1
	shift
	testvmm --report "$work/$start_tag.report" "$@" >/dev/null 2>"$work/$start_tag.stderr" &
	# shellcheck disable=SC2034 # for the caller
	started=$!
}

# take_report TAG
take_report() {
	put_file "$1" "$work/$1.report"
}

# stop TAG PROCESS: ends a VMM that runs for ever, and takes its report.
stop() {
	kill "$2"
	take_report "$1"
	wait "$2" || true
}

# finish PROCESS: ends a VMM that lingers after its report was taken.
finish() {
	kill "$1"
	wait "$1" || true
}

# await PATTERN [VM]: prints the first fault event that has it, the present state's come first.
await() {
	await_pattern=$1
	shift
	rm -f $work/events
	mkfifo $work/events
	nisvctl events -f --json=short "$@" >$work/events 2>/dev/null &
	await_reader=$!
	grep -m 1 -e "$await_pattern" $work/events
	kill $await_reader 2>/dev/null
	wait $await_reader 2>/dev/null || true
}

# uptime_ms: a clock of 10 ms, which is fine enough for a figure to look at.
uptime_ms() {
	read -r uptime_now _ </proc/uptime
	echo "${uptime_now%.*}${uptime_now#*.}0"
}

# collect SOCKET FILE: each datagram that comes to SOCKET becomes a line of FILE. busybox's syslogd
# listens where /dev/log points to, and takes anything. Its process is in $collector.
collect() {
	mkdir -p "${1%/*}"
	ln -sf "$1" /dev/log
	rm -f "$1"
	syslogd -n -O "$2" &
	# shellcheck disable=SC2034 # for the caller
	collector=$!
	until [ -S "$1" ]; do :; done
}

# put_dossiers: of every VM that nisvd knows, in one conversation; they follow one another in
# "dossiers", as `nisvctl export` has each, but wrapped in varlink replies.
put_dossiers() {
	nisvctl list -a --json=short >$work/vms
	put_file vms $work/vms
	grep -o '"id":"[^"]*"' $work/vms | cut -d '"' -f 4 | while read -r dossier_id; do
		printf '{"method":"io.nisvd.Monitor.GetDossier","parameters":{"vm":"%s"},"more":true}\0' \
			"$dossier_id"
	done >$work/calls
	nisvctl --bridge <$work/calls | tr '\0' '\n' >$work/answer
	put_file dossiers $work/answer
}

# put_programs PROCESS: the BPF programs and links that it holds, as JSON; with the number of runs
# where kernel.bpf_stats_enabled was set before.
put_programs() {
	for programs_file in /proc/"$1"/fdinfo/*; do
		grep -q '^prog_tag:' "$programs_file" || continue
		awk 'BEGIN { printf "{" }
			{ sub(":$", "", $1); printf "%s\"%s\":\"%s\"", (NR > 1 ? "," : ""), $1, $2 }
			END { print "}" }' "$programs_file"
	done >$work/programs
	put_file programs $work/programs
}
