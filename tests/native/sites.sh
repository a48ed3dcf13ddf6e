#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A hostile guest faults at another page each time, at far more places than a VM may have: those within the
# budget are kept with exact counts, the rest is counted as unplaced, another VM that dies meanwhile is told
# in full, all answers about both are complete, and what nisvd takes is bounded.
#   tests/native/sites.sh [PAGES]

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
pages=${1:-100000} # up to 1,000,000: what 32-bit addresses have beside 16 MiB of RAM
setup
launch || exit 1

budget=10240 # sites_per_vm, bpf/maps.bpf.h
start_vm sites --guest many-sites --slot 0,16M --arg 0=0x1000000 --arg 1="$pages" --on-error skip --linger
until [[ $(vm_json sites .unplaced_aborts) -gt 0 ]]; do :; done
start_vm dead --guest pxor --slot 0,1M --arg 0=0xc0000000
wait "$vmm"
is 'meanwhile another VM dies: explained' 'x86-emulation-failure-mmio 0xc0000000 pxor xmm0, xmmword ptr [edi]' \
	"$(n explain "$tag-dead" --json=short |
		jq -r '.findings[0] | "\(.cause) \(.address) \(.sites[0].instruction)"')"
is 'nothing of it is lost or withheld' '1 0 0 0' \
	"$(vm_json dead '"\(.aborts.emulation) \(.lost_records) \(.suppressed) \(.unplaced_aborts)"')"
is 'the first storms on' yes "$( (($(vm_json sites .aborts.emulation) < pages)) && echo yes || echo 'no: give it more PAGES')"

seen=$(report_of sites | jq '.vms[0].internal_error')
is 'faults' "$pages" "$seen"
n map "$tag-sites" --json=short >"$work/map"
n explain "$tag-sites" --json=short >"$work/explained"
told=$(jq '.sites | length' "$work/map")
# A few past the budget have a record, and with it a place.
is 'places that are kept' yes "$( ((told >= budget && told < budget + 64)) && echo yes || echo "no: $told")"
is 'each is another one' "$told" "$(jq '[.sites[].pc] | unique | length' "$work/map")"
is 'faults at them and elsewhere are all faults' "$pages $((pages - told)) $((pages - told))" \
	"$(jq -r '.vm.unplaced_aborts as $rest | "\(([.sites[].count] | add) + $rest) \($rest)"' "$work/map") $(vm_json sites .unplaced_aborts)"
is 'records that were not sent are counted' yes "$(vm_json sites 'if .suppressed > 0 then "yes" else "no" end')"
is 'the findings are about all places' "$told" "$(jq '[.findings[].total_sites] | add' "$work/explained")"
is 'of each at most 64 places are told' yes \
	"$(jq -r 'if [.findings[].sites | length] | max == 64 then "yes" else "no" end' "$work/explained")"
contains 'the text counts the rest' "$(n explain "$tag-sites" --no-pager)" ' more places'
is 'top has it' "$tag-sites $pages" \
	"$(n top -n 1 -d 0.1 --json=short | jq -r --arg name "$tag-sites" '.vms[] | select(.name == $name) | "\(.name) \(.aborts.emulation)"')"
is 'nothing was lost' 0 "$(n status --json=short | jq '[.lost | to_entries[] | select(.key | IN("vms", "sites", "vcpus", "events", "bad_records")) | .value] | add')"
is_small
finish
