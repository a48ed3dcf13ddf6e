#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A host without VMs: nisvd takes at most 15 MiB, and wakes up for nothing but its watchdog.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
# In a PID namespace of its own it does not find VMs that others run here. The watchdog's messages, every
# one to two seconds, are the clock of this test.
wrapper=(env WATCHDOG_USEC=2000000 unshare --pid --fork --kill-child)
launch || exit 1
nisvd=$(pgrep -P "$daemon")
daemon=$nisvd # unshare itself takes no SIGTERM, it ends with its child

# How often it went to sleep so far, once it sleeps: the wake-up of the message just read is over then.
switches() {
	until [[ $(cut -d ' ' -f 3 "/proc/$nisvd/stat") == S ]]; do :; done
	awk '/^voluntary_ctxt_switches/ {print $2}' "/proc/$nisvd/status"
}

# Returns at the next message of the watchdog.
ping() {
	local word

	while IFS= read -r -d = -t 20 word <&7; do
		[[ $word != *WATCHDOG ]] || return 0
	done
	echo 'FAIL no message of the watchdog in 20 s'
	exit 1
}

rss=$(awk '/^VmRSS/ {print $2}' "/proc/$nisvd/status")
if ((rss <= 15 * 1024)); then
	printf 'ok   memory after the start: %d KiB\n' "$rss"
else
	printf 'FAIL memory after the start: %d KiB, at most 15 MiB expected\n' "$rss"
	failures=$((failures + 1))
fi

ping
ping
before=$(switches)
ping
ping
ping
after=$(switches)
vms=$(n list -a --json=short | jq '.vms | length')
if ((vms > 0)); then
	printf 'SKIP wake-ups: %d VMs of others woke nisvd\n' "$vms"
else
	is 'wake-ups during three messages of the watchdog' 3 $((after - before))
fi

finish
