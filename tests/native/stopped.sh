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
is 'nothing else was lost' 0 "$(n status --json=short | jq '[.lost | to_entries[] |
	select(.key | IN("vms", "sites", "vcpus", "events", "bad_records")) | .value] | add')"
start_vm dead --guest pxor --slot 0,1M --arg 0=0xc0000000
wait "$vmm"
is 'a fault afterwards is told with all its details' 'x86-emulation-failure-mmio pxor xmm0, xmmword ptr [edi] 0' \
	"$(n explain "$tag-dead" --json=short | jq -r '.findings[0] | "\(.cause) \(.sites[0].instruction)"') $(vm_json dead .lost_records)"
finish
