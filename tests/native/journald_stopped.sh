#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# journald stops reading: nisvd waits for nothing, answers and counts, and tells how many entries there would
# have been when journald goes on. A real journald, in a mount namespace of this test's own.

[[ -n ${IN_NAMESPACE-} ]] || IN_NAMESPACE=1 exec unshare --mount --propagation private "$0"

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
start_journald
journald=$started
launch || exit 1

# More than a socket takes that nobody reads from.
vms=$(($(cat /proc/sys/net/unix/max_dgram_qlen) + 20))
((vms <= 150)) || skip 'a socket takes more than 130 datagrams here (net.unix.max_dgram_qlen)'
trap 'kill -CONT "$journald"; live_cleanup' EXIT
kill -STOP "$journald"
start_vm many --vms "$vms" --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error pause
until [[ $(vm_json many .worst.cause | grep -c x86-emulation-failure-mmio) -eq $vms ]]; do :; done
printf 'ok   nisvd answers about all %d\n' "$vms"
is 'each fault is counted' "$vms" "$(vm_json many .aborts.emulation | jq -s add)"
lost=$(n status --json=short | jq .lost.journal)
is 'entries that journald did not take are counted' yes "$( ((lost > 0)) && echo yes || echo no)"

kill -CONT "$journald"
journalctl --sync
stop_daemon
is 'nisvd ends well' 0 $?
kill "$vmm"
journalctl --sync
entries=$(journalctl -q -o json --no-pager SYSLOG_IDENTIFIER=nisvd)
told=$(jq -c --arg id "$(message_id FINDING)" 'select(.MESSAGE_ID == $id)' <<<"$entries" | wc -l)
withheld=$(jq --arg id "$(message_id WITHHELD)" 'select(.MESSAGE_ID == $id) | .NISV_WITHHELD | tonumber' <<<"$entries" | jq -s add)
is 'the rest is told when it goes on' "$lost" "$withheld"
is 'all in all' "$vms" $((told + withheld))
finish
