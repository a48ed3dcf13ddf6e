#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who may ask nisvd: by the mode of the socket, and where that was widened, by the credentials of who asks.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
group=games # Debian and Fedora have it
getent group "$group" >/dev/null || skip "there is no group $group"
install -m 0755 -t "$work" "$build/nisvctl"
chmod 755 "$work" "$work/run"
printf '[Socket]\nGroup=%s\n' "$group" >"$work/group.conf"
nisvd_options=(--config "$work/group.conf" --no-journal)
launch || exit 1
is 'the socket is for the group' "root:$group 660" "$(stat -c '%U:%G %a' "$socket")"

# by OPTION-OF-SETPRIV... -- ARGUMENT...: nisvctl as a user without privilege
by() {
	local as=(setpriv --reuid nobody)

	while [[ $1 != -- ]]; do
		as+=("$1")
		shift
	done
	shift
	"${as[@]}" --inh-caps=-all "$work/nisvctl" --socket "$socket" "$@"
}
stranger=(--regid nogroup --clear-groups)

check 'a stranger: the kernel refuses, nisvctl says what to do' fails 4 'usermod -aG nisv nobody' by "${stranger[@]}" -- status
check 'a member asks' exits 0 by --regid nogroup --groups "$group" -- status
check 'one whose first group it is, too' exits 0 by --regid "$group" --clear-groups -- status

chmod 666 "$socket"
check 'a stranger who can connect is refused by nisvd' fails 4 'refuses to answer this user: use sudo, or join' by "${stranger[@]}" -- status
check 'in JSON by its type' fails 4 'org.varlink.service.PermissionDenied' by "${stranger[@]}" -- status --json=short
check 'whatever is asked' fails 4 'PermissionDenied' by "${stranger[@]}" -- list --json=short
contains 'who it was is logged' "$(cat "$work/nisvd.log")" "Refused to answer uid $(id -u nobody), gid $(id -g nobody), pid "
contains 'with the program' "$(cat "$work/nisvd.log")" '(nisvctl)'
check 'a member still asks' exits 0 by --regid nogroup --groups "$group" -- status
check 'and root' exits 0 n status
for ((i = 0; i < 20; i++)); do
	by "${stranger[@]}" -- status >"$work/out" 2>&1
done
is 'a stranger cannot fill the log' 10 "$(grep -c 'Refused to answer' "$work/nisvd.log")"
is 'nor take the place of others' 0 "$(n status --json=short | jq .lost.clients)"

# ---- to ask changes nothing -------------------------------------------------------------------------

start_vm asked --guest pxor --slot 0,1M --arg 0=0xd0000000 --on-error pause --linger
report_of asked >/dev/null
# state: files, what is counted, what is attached
state() {
	find "$work/state" -type f -printf '%P %s %T@ %i\n'
	n list -a --json=short | jq -c --arg tag "$tag" '.vms[] | select(.name | startswith($tag)) | [.key, .state, .aborts, .mmio, .worst]'
	n status --json=short | jq -c '[.sources[] | [.name, .state]], .lost'
	grep -l prog_type: "/proc/$daemon"/fdinfo/* | wc -l
}
check 'a fault is known' test "$(vm_json asked .aborts.emulation)" -eq 1
state >"$work/before"
member=(--regid nogroup --groups "$group" --)
for verb in list status metrics 'explain --list-causes' 'decode 0x92000045' \
	"show $tag-asked" "map $tag-asked" "explain $tag-asked" "verify $tag-asked" "export $tag-asked" "events $tag-asked"; do
	# shellcheck disable=SC2086 # they are words
	check "a member: ${verb%% *}" exits 0 by "${member[@]}" $verb
done
state >"$work/after"
is 'and all is as it was' '' "$(diff "$work/before" "$work/after")"
# The methods of the interface, by their verbs: a new one belongs into the list above.
is 'no method was left out' 'Decode Explain GetDossier GetFaultMap GetStatus GetVM ListCauses ListVMs Subscribe Verify' \
	"$(sed -n 's/^method \([A-Za-z]*\).*/\1/p' daemon/edge/io.nisvd.Monitor.varlink | sort | xargs)"
kill "$vmm"

# The group is another from now on.
printf '[Socket]\nGroup=\n' >"$work/group.conf"
kill -HUP "$daemon"
check 'nobody is a member of no group' fails 4 'refuses to answer' by --regid nogroup --groups "$group" -- status
stop_daemon
finish
