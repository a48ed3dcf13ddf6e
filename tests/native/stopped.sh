#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvd gets no CPU while VMs storm: the rings fill up. Afterwards each fault is counted, the records that
# found no room are counted as lost, and a new fault is told as ever.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
nisvd_options=(--no-journal)
launch || exit 1

trap 'kill -CONT "$daemon"; live_cleanup' EXIT
kill -STOP "$daemon"
# Of each VM 40 records a second are sent, and a ring takes some 900; all sites together fit (nisvd(8)).
start_vm storm --vms 16 --guest many-sites --slot 0,1M --arg 1=1000 --on-error skip --linger
seen=$(report_of storm | jq '[.vms[].internal_error] | add')
for i in 1 2 3; do
	start_vm "more$i" --vms 16 --guest many-sites --slot 0,1M --arg 1=1000 --on-error skip --linger
	seen=$((seen + $(report_of "more$i" | jq '[.vms[].internal_error] | add')))
done
kill -CONT "$daemon"

is 'each fault is counted' "$seen" "$(n list -a --json=short | jq --arg tag "$tag-" \
	'[.vms[] | select(.name | startswith($tag)) | .aborts.emulation] | add')"
is 'records that found no room are counted' yes \
	"$(n status --json=short | jq -r 'if .lost.records > 0 then "yes" else "no" end')"
n list -a --json=short | jq --arg tag "$tag-" '[.vms[] | select(.name | startswith($tag))]' >"$work/listed"
is 'each lost record is counted with its VM, too' "$(n status --json=short | jq '.lost.records + .lost.vital_records')" \
	"$(jq '[.[].lost_records] | add' "$work/listed")"
# What was neither withheld nor told is lost; beside faults VMs have a few records of themselves.
n events --json=short | jq -s 'map(.event | select(.event == "fault")) | group_by(.vm_key) |
	map({(.[0].vm_key): length}) | add' >"$work/told"
is 'of each VM what was counted is told, withheld or lost' '[]' "$(jq -c --slurpfile told "$work/told" 'map(
	(.aborts.emulation - .suppressed - .dropped_details - ($told[0][.key] // 0)) as $lost |
	select(.lost_records < $lost or .lost_records > $lost + 4) | "\(.name): \(.lost_records) for \($lost)")' "$work/listed")"
is 'nothing else was lost' 0 "$(n status --json=short | jq '[.lost | to_entries[] |
	select(.key | IN("vms", "sites", "vcpus", "events", "bad_records")) | .value] | add')"
start_vm dead --guest pxor --slot 0,1M --arg 0=0xc0000000
wait "$vmm"
is 'a fault afterwards is told with all its details' 'x86-emulation-failure-mmio pxor xmm0, xmmword ptr [edi] 0' \
	"$(n explain "$tag-dead" --json=short | jq -r '.findings[0] | "\(.cause) \(.sites[0].instruction)"') $(vm_json dead .lost_records)"
is_small
finish
