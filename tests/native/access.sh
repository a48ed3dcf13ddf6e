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

# The group is another from now on.
printf '[Socket]\nGroup=\n' >"$work/group.conf"
kill -HUP "$daemon"
check 'nobody is a member of no group' fails 4 'refuses to answer' by --regid nogroup --groups "$group" -- status
stop_daemon
finish
