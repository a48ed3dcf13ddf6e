#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvctl -H: every verb over a real ssh and sshd, by a host of ssh's configuration; and what is said where the
# host, the login, nisvctl there or nisvd there is not to be had.

# shellcheck disable=SC2317,SC2016 # functions are called by check; $ of jq filters
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

live_setup
sshd=$(PATH=$PATH:/usr/sbin command -v sshd) || skip 'no sshd'
ssh=$(command -v ssh) || skip 'no ssh'
[[ -d /run/sshd ]] || mkdir -m 0755 /run/sshd # where sshd goes without privileges
start_daemon

# An sshd per connection, which is ssh's proxy: no port, no key of this machine.
server() {
	cat >"$work/$1.sshd" <<CONFIG
HostKey $work/host_key
AuthorizedKeysFile $work/$2.pub
SetEnv PATH=$3
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PrintMotd no
LogLevel QUIET
CONFIG
	cat >>"$work/config" <<CONFIG
Host $1
	ProxyCommand $sshd -i -f $work/$1.sshd
	IdentityFile $work/key
	HostKeyAlias $4
CONFIG
}
for name in host_key key other; do
	ssh-keygen -q -t ed25519 -N '' -f "$work/$name"
done
echo "there $(cat "$work/host_key.pub")" >"$work/known_hosts"
server there key "$build:/usr/bin:/bin" there
server refused other "$build:/usr/bin:/bin" there
server bare key /nonexistent there
server stranger key "$build:/usr/bin:/bin" stranger
cat >>"$work/config" <<CONFIG
Host deaf
	HostName 127.0.0.1
	Port 1
Host *
	BatchMode yes
	IdentitiesOnly yes
	GlobalKnownHostsFile /dev/null
	UserKnownHostsFile $work/known_hosts
CONFIG
mkdir "$work/bin"
printf '#!/bin/sh\nexec %s -F %s "$@"\n' "$ssh" "$work/config" >"$work/bin/ssh"
chmod +x "$work/bin/ssh"
r() {
	PATH=$work/bin:$PATH timeout 30 "$build/nisvctl" --socket "$socket" -H there "$@"
}
on() {
	local host=$1
	shift
	PATH=$work/bin:$PATH timeout 30 "$build/nisvctl" --socket "$socket" -H "$host" "$@"
}

jump=$tag-jump ok=$tag-ok
vm "$jump" --guest jump --arg 0=0x300000 --on-error pause
vm "$ok" --guest mmio-write --arg 0=0x400000 --arg 1=5000 --arg 2=40 --arg 3=0x200 --linger

# ---- every verb -----------------------------------------------------------------------------------------

# What a verb says here and there is one, but for what time changes.
same() {
	local mask='s/[0-9]+ (s|min|h) ago|now\b/AGO/g; s/"per_second":[0-9]+/R/g; s/"uptime_seconds":[0-9]+/U/; s/for [0-9]+ s/U/
		s/"name":"nisvd_(uptime_seconds|vm_mmio_accesses_per_second)"[^]]*/U/g; s/nisvd_uptime_seconds [0-9]+/U/; s/[0-9]+ per second/R/; s/(nisvd_vm_mmio_accesses_per_second.*) [0-9]+/\1/'
	n "$@" >"$work/here" || return 1
	r "$@" >"$work/there" 2>"$work/there.err" || return 1
	diff <(sed -E "$mask" "$work/here" | tr -s ' \n' ' ') <(sed -E "$mask" "$work/there" | tr -s ' \n' ' ') &&
		[[ ! -s $work/there.err && -s $work/there ]]
}
for verb in list 'list -a' "show $jump" "map $ok" explain "explain $jump" "explain $jump 0x300000" 'explain --list-causes' verify \
	"verify $jump" events "events $jump" 'decode 0x92000006' status metrics; do
	read -ra words <<<"$verb"
	check "$verb" same "${words[@]}"
	check "$verb: JSON" same --json=short "${words[@]}"
done
check 'export' test "$(r export "$jump" | tail -n 1 | jq -r .event)" = "$(n export "$jump" | tail -n 1 | jq -r .event)"
check 'top' json '.vms | length >= 2' r -j top -n 2 -d 0.2
check 'top: its host' says '^top on there, ' r top -n 1 -d 0.2
printf '%016x T start\n' 0x1000 >"$work/symbols"
check 'explain --symbols, of a file here' says "symbols of $work/symbols, as they are" r explain "$jump" --symbols "$work/symbols"
check 'user@host' says "$jump" on root@there list

# events -f: what comes, and the end of either side.
mkfifo "$work/events" "$work/rounds"
PATH=$work/bin:$PATH timeout 120 "$build/nisvctl" --socket "$socket" -H there -j events -f >"$work/events" 2>"$work/events.err" &
follower=$!
pids+=("$follower")
exec 7<"$work/events"
PATH=$work/bin:$PATH timeout 120 "$build/nisvctl" --socket "$socket" -H there top -d 0.2 >"$work/rounds" 2>"$work/top.err" &
pids+=($!)
exec 8<"$work/rounds"
wanted() {
	local line
	while IFS= read -r -t 20 line <&7; do
		[[ $line == *"$1"* ]] && return
	done
	cat "$work/events.err"
	return 1
}
check 'events -f: what was before' wanted '"ipa":"0x300000"'
vm "$tag-later" --guest jump --arg 0=0x600000 --on-error pause 7<&- 8<&-
check 'events -f: what comes' wanted '"ipa":"0x600000"'

# ---- what can go wrong --------------------------------------------------------------------------------------

check 'no such VM' fails 3 'no VM is called "nope"' r show nope
check 'no such VM, a name that is near' fails 3 "did you mean \"$jump\"" r show "${jump}x"
check 'a name that a shell would read' fails 3 'no VM is called "\$\(touch' r show "\$(touch $work/pwned); 'x"
check 'a socket that a shell would read' fails 4 'nisvd is not running' r --socket "/tmp/\$(touch $work/pwned) it's" list
check 'no shell has read it' test ! -e "$work/pwned"
check 'no nisvd there' fails 4 'cannot reach nisvd there' r --socket /nonexistent list
check 'no nisvd there: what to do' grep -q 'systemctl start nisvd' "$work/err"
check 'no nisvd there, JSON' fails 4 '^\{"error":null,.*cannot reach nisvd there: .*systemctl start nisvd' \
	r --json=short --socket /nonexistent list
check 'no nisvctl there' fails 4 'there is no nisvctl on bare: install' on bare list
check 'no nisvctl there, JSON' fails 4 '^\{"error":null,.*there is no nisvctl on bare' on bare --json=short list
check 'a key that is refused' fails 4 'cannot log in to refused: first "ssh refused true" must work' on refused list
check 'a key that is refused: what ssh says' grep -q 'Permission denied' "$work/err"
check 'a key that is refused, JSON' fails 4 '^\{.*cannot log in to refused.*Permission denied' on refused --json=short list
check 'a host key that is not known' fails 4 'cannot log in to stranger' on stranger list
check 'a host key that is not known: what ssh says' grep -q 'Host key verification failed' "$work/err"
check 'nobody listens' fails 4 'cannot log in to deaf' on deaf list
check 'no such host' fails 4 'cannot log in to nowhere.invalid' on nowhere.invalid list
check 'no such host, of a stream' fails 4 'cannot log in to nowhere.invalid' on nowhere.invalid events -f
check 'an option in the place of a host' fails 4 'cannot log in to -oProxyCommand' on -oProxyCommand=true list
check 'no ssh' fails 4 'cannot run ssh' env PATH=/nonexistent "$build/nisvctl" -H there list

# ---- nisvd there ends ---------------------------------------------------------------------------------------

# top has seen it go, and says so, before there is another one.
until_top() {
	local line
	while IFS= read -r -t 20 line <&8; do
		[[ $line =~ $1 ]] && return
	done
	cat "$work/top.err"
	return 1
}
check 'top: rounds' until_top '^Lost '
mkfifo "$work/noted"
tail -n +1 -f "$work/top.err" >"$work/noted" &
pids+=($!)
kill "$daemon"
wait "$daemon"
daemon=
check 'top: nisvd ends' timeout 20 grep -q -m 1 'nisvd ended the conversation; waiting for it to come back' "$work/noted"
start_daemon 7<&- 8<&-
# The seven lines of a round that began before the end may still be read: not so many VMs.
vm "$tag-again" --guest jump --arg 0=0x700000 --on-error pause 7<&- 8<&-
check 'top: it goes on' until_top "^$tag-again "
check 'top: and says so' grep -q 'nisvd is back' "$work/top.err"
exec 8<&-
check 'events -f: it goes on' wanted '"ipa":"0x700000"'
check 'events -f: and says nothing but JSON' test ! -s "$work/events.err"

# A login that would ask for something is no way back.
mv "$work/key" "$work/key.away"
kill "$daemon"
wait "$daemon"
daemon=
wait "$follower"
status=$?
exec 7<&-
check 'events -f: no login any more' test $status -eq 4
check 'events -f: no login any more, JSON' jq -es 'length == 1 and
	(.[0].message | test("^cannot log in to there again: first \"ssh -oBatchMode=yes there true\" must work: (.|\n)*Permission denied"))' \
	"$work/events.err"

finish
