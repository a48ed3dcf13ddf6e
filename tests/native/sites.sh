#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# One VM faults at more places than a VM may have: those within the budget are kept with exact counts, the
# rest is counted as unplaced, and all answers about them are complete.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
launch || exit 1

budget=10240 # sites_per_vm, bpf/maps.bpf.h
start_vm sites --guest many-sites --slot 0,1M --arg 1=11000 --on-error skip --linger
seen=$(report_of sites | jq '.vms[0].internal_error')
is 'faults' 11000 "$seen"
n map "$tag-sites" --json=short >"$work/map"
n explain "$tag-sites" --json=short >"$work/explained"
is 'places that are kept' "$budget" "$(jq '.sites | length' "$work/map")"
is 'each is another one' "$budget" "$(jq '[.sites[].pc] | unique | length' "$work/map")"
is 'faults at them and elsewhere are all faults' "11000 $((11000 - budget))" \
	"$(jq -r '([.sites[].count] | add) + .vm.unplaced_aborts | tostring' "$work/map") $(vm_json sites .unplaced_aborts)"
is 'records that were not sent are counted' yes "$(vm_json sites 'if .suppressed > 0 then "yes" else "no" end')"
is 'the findings are about all places' "$budget" "$(jq '[.findings[].total_sites] | add' "$work/explained")"
is 'of each at most 64 places are told' yes \
	"$(jq -r 'if [.findings[].sites | length] | max == 64 then "yes" else "no" end' "$work/explained")"
contains 'the text counts the rest' "$(n explain "$tag-sites" --no-pager)" ' more places'
is 'nothing was lost' 0 "$(n status --json=short | jq '[.lost | to_entries[] | select(.key | IN("vms", "sites", "events", "bad_records")) | .value] | add')"
finish
