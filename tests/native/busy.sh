#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest that drives a device in a loop: a finding by the rate that nisvd.conf sets, with how fast and since
# when, that goes on while the guest does, is over when it is, and is the same from the dossier. A guest at
# work beside it is none.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
printf '[Capture]\nMMIOStormRate=1000\n' >"$work/storm.conf"
nisvd_options=(--config "$work/storm.conf")
launch || exit 1

start_vm busy --guest mmio-write-long --slot 0,1M --arg 0=0xe0000000 --arg 1=0 --arg 2=1 --arg 3=0
busy=$vmm
start_vm calm --guest mmio-write --slot 0,1M --arg 0=0xe0000000 --arg 1=5000 --arg 2=40 --arg 3=512
report_of calm >/dev/null

# answer NAME FILTER: of the explanation.
answer() {
	n explain "$tag-$1" --json=short | jq -r "$2"
}

# It takes ten seconds by its nature; what is awaited is the finding.
until [[ $(answer busy '.findings | length') -gt 0 ]]; do :; done
n explain "$tag-busy" --json=short >"$work/answer"
asked() {
	jq -r "$1" "$work/answer"
}
is 'cause and severity' 'mmio-storm warning' "$(asked '.findings[0] | "\(.cause) \(.severity)"')"
is 'one finding, of one place' '1 1' "$(asked '"\(.findings | length) \(.findings[0].sites | length)"')"
is 'the place' 'mmio-write 0xe0000000 null null emulated' \
	"$(asked '.findings[0].sites[0] | "\(.kind) \(.ipa) \(.pc) \(.esr) \(.outcome)"')"
is 'all served by user space' true "$(asked '.findings[0].sites[0] | .user > 0 and .count - .user <= 1')"
is 'faster than the rate, for ten seconds' true "$(asked '.findings[0].sites[0] |
	.busy_per_second >= 1000 and (.busy_until[0:19] | strptime("%Y-%m-%dT%H:%M:%S") | mktime) -
	(.busy_since[0:19] | strptime("%Y-%m-%dT%H:%M:%S") | mktime) >= 9')"
is 'no context' null "$(asked '.findings[0].context')"
contains 'it goes on' "$(asked '.findings[0].summary')" ', and it goes on.'
contains 'as text' "$(n explain "$tag-busy")" ' a second served by user space, for '
is 'the map has it, too' 1 "$(n map "$tag-busy" --json=short | jq '[.sites[] | select(.busy_per_second)] | length')"
is 'the list has it' mmio-storm "$(vm_json busy .worst.cause)"
is 'a guest at work has no finding' 0 "$(answer calm '.findings | length')"

kill "$busy"
wait "$busy"
until [[ $(vm_json busy .state) == ended ]]; do :; done
summary=$(answer busy '.findings[0].summary')
contains 'it is over' "$summary" 'times a second for '
is 'it does not go on' '' "$(grep -o 'goes on' <<<"$summary")"
n export "$tag-busy" >"$work/dossier"
is 'the dossier says the same' "$(answer busy '.findings[0] | tojson')" \
	"$(n --file "$work/dossier" explain "$tag-busy" --json=short | jq -r '.findings[0] | tojson')"
finish
