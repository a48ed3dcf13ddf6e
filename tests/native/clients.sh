#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A user's clients do all that they can to the socket at once: a thousand connections, bytes one by one, half
# a call, 100 MB, deep nesting, malformed text, replies that are not read or only begun. Others are served
# all the same, faults are counted, and afterwards all is as before.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
# A user who may ask: hostile.py is in this group.
printf '[Socket]\nGroup=nogroup\n' >"$work/group.conf"
nisvd_options=(--config "$work/group.conf")
launch || exit 1
chmod 711 "$work/run"
before=$(n status --json=short | jq .lost.clients)

python3 tests/native/clients/ask.py "$socket" 100 >"$work/calm"
mkfifo "$work/hostile"
python3 tests/native/clients/hostile.py "$socket" >"$work/hostile" &
hostile=$!
pids+=("$hostile")
check 'all kinds of hostile clients are at work' grep -q ready "$work/hostile"

start_vm storm --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error rerun --max-exits 20000
python3 tests/native/clients/ask.py "$socket" 100 >"$work/asked"
is 'others are served meanwhile' 100 "$(jq .n "$work/asked")"
is 'and nisvctl' 0 "$(n list --json=short >/dev/null; echo $?)"
seen=$(report_of storm | jq '.vms[0].internal_error')
is 'faults meanwhile are counted' "$seen" "$(vm_json storm .aborts.emulation)"

kill "$hostile"
wait "$hostile" 2>/dev/null
lost=$(n status --json=short | jq .lost.clients)
is 'who was turned away or cut off is counted' yes "$( ((lost > before + 1000)) && echo yes || echo "no: $lost")"
is 'the log tells it seldom' yes "$(if (($(wc -l <"$work/nisvd.log") < 60)); then echo yes; else cat "$work/nisvd.log"; fi)"
rss=$(awk '/^VmHWM/ {print $2}' "/proc/$daemon/status")
if [[ $build != *-san ]]; then
	is 'it took less than 64 MiB' yes "$( ((rss < 64 * 1024)) && echo yes || echo "no: $rss KiB")"
fi
stop_daemon
is 'nisvd ends well' 0 $?
printf 'ms to the answer, calm: %s; meanwhile: %s; most memory: %d KiB\n' "$(cat "$work/calm")" "$(cat "$work/asked")" "$rss"
finish
