#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A VMM makes and destroys a VM 100 times a second, and each one faults: every fault is counted, nothing is lost
# but dossiers for which there was no time, and these are counted; neither memory nor files grow. Then hundreds
# of them come and go while nisvd gets no CPU: their faults are counted all the same, and what their records
# lost is told.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
nisvd_options=(--no-journal)
launch || exit 1
trap 'kill -CONT "$daemon" 2>/dev/null; live_cleanup' EXIT

# Those of clients, and the one to the service manager, may be just about to be closed.
files_open() {
	find "/proc/$daemon/fd" -mindepth 1 ! -lname 'socket:*' | wc -l
}

# status FILTER: of what GetStatus says.
status() {
	n status --json=short | jq -r "$1"
}

lost='[.lost | to_entries[] | select(.value > 0 and (.key | IN("dossiers", "records", "vital_records") | not)) | "\(.key) \(.value)"] | join(", ")'

# churn NAME ARGUMENT...: VMs, one after the other; $seen is what their VMM saw of faults, of all so far.
seen=0
churn() {
	local name=$1 report
	shift
	start_vm "$name" --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error skip "$@"
	report=$(report_of "$name")
	wait "$vmm"
	made=$(jq '.vms | length' <<<"$report")
	seen=$((seen + $(jq '[.vms[].internal_error] | add' <<<"$report")))
}

before=$(files_open)
begun=$(date +%s%3N)
churn paced --repeat 500 --every 10
printf '%d VMs in %d ms\n' "$made" $(($(date +%s%3N) - begun))
is 'each fault is counted' "$seen" "$(status .aborts.emulation)"
is 'no record is lost' 0 "$(status '.lost.records + .lost.vital_records')"
is 'nor anything else' '' "$(status "$lost")"
n list -a --json=short | jq --arg tag "$tag-" '[.vms[] | select(.name | startswith($tag))]' >"$work/listed"
is 'those that are remembered have each its fault and its id' "[1] $(jq length "$work/listed")" \
	"$(jq -r '"\([.[].aborts.emulation] | unique) \([.[].id] | unique | length)"' "$work/listed")"
is 'all of them have ended' '["ended"]' "$(jq -c '[.[].state] | unique' "$work/listed")"
is 'as many files are open as before' "$before" "$(files_open)"
is_small

kill -STOP "$daemon"
churn unseen --repeat 700
kill -CONT "$daemon"
is 'more than are remembered, unseen: each fault is counted' "$seen" "$(status .aborts.emulation)"
is 'records that found no room are counted' yes "$(status 'if .lost.records > 0 and .lost.vital_records > 0 then "yes" else "no" end')"
is 'and nothing else is lost' '' "$(status "$lost")"
# By its process: what would tell its name was in the records.
is 'of a VM, too' yes "$(n list -a --json=short | jq -r --argjson pid "$vmm" \
	'if any(.vms[]; .pid == $pid and .lost_records > 0) then "yes" else "no" end')"
is_small

without=$(status .lost.dossiers)
stop_daemon
written=$(find "$work/state/dossiers" -name '*.jsonl' | wc -l)
is 'each of them has a dossier, or is counted as one without' yes \
	"$( ((written + without >= seen)) && echo yes || echo "no: $written, and $without without")"
finish
