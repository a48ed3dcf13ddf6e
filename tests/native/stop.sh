#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SIGTERM: nisvd ends with status 0, takes its socket away, and leaves the last state of a VM that still
# runs on disk. One that was killed leaves a socket behind that the next one replaces.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
launch || exit 1

start_vm hung --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error pause
report_of hung >/dev/null
start_vm healthy --guest mmio-write-long --slot 0,1M --arg 0=0xd0000000 --arg 1=50 --arg 2=1 --linger
report_of healthy >/dev/null
is 'the VM runs, with a finding' 'running x86-emulation-failure-mmio' "$(vm_json hung '"\(.state) \(.worst.cause)"')"
key=$(vm_json hung .key)
dossier=$work/state/dossiers/$key.jsonl
is 'its dossier is there while it runs' 1 "$(jq -s '[.[] | select(.event == "finding")] | length' "$dossier")"
healthy_key=$(vm_json healthy .key)
answer=$(n explain "$tag-hung" --json=short | jq -c .findings)

stop_daemon
is 'status after SIGTERM' 0 $?
is 'socket' gone "$([[ -e $socket ]] && echo there || echo gone)"
is 'none of a healthy VM' no "$([[ -e $work/state/dossiers/$healthy_key.jsonl ]] || echo no)"
is 'no unfinished files' '' "$(find "$work/state" -type f -not -name '*.jsonl')"
is 'the last answer is in it' "$answer" "$(n --file "$dossier" explain "$tag-hung" --json=short | jq -c .findings)"

# It changes within the half minute in which no dossier is written again: the last one tells.
launch || exit 1
start_vm loop --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error rerun --max-exits 5000 --linger
seen=$(report_of loop | jq '.vms[0].internal_error')
key=$(vm_json loop .key)
stop_daemon
is 'count in the dossier of the end' "$seen" "$(jq -s '[.[] | select(.event == "sites")][0].sites[0].count' "$work/state/dossiers/$key.jsonl")"

# Ctrl-C is the same.
launch || exit 1
kill -INT "$daemon"
wait "$daemon"
is 'status after SIGINT' 0 $?
is 'socket' gone "$([[ -e $socket ]] && echo there || echo gone)"

launch || exit 1
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
is 'a killed one leaves its socket' there "$([[ -S $socket ]] && echo there)"
launch || exit 1
check 'the next one replaces it' n status
finish
