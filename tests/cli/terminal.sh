#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What people see: width, colour, pager, locale, and names that mean harm, in a real pseudo-terminal.

# shellcheck disable=SC2317 # functions are called by check
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

live_setup
start_daemon

jump=$tag-jump ok=$tag-ok hostile=$tag-$'a\e[31mb\xc2\x9bc\xe2\x80\xaed'
vm "$jump" --guest jump --arg 0=0x300000 --on-error pause
vm "$ok" --guest mmio-write --arg 0=0x400000 --arg 1=5000 --arg 2=40 --arg 3=0x200 --linger
vm "$hostile" --guest pxor --arg 0=0x200000 --on-error pause

escape=$'\e'
q="'$build/nisvctl' --socket '$socket'"

# tty COMMAND: its output in a terminal of $columns columns and $rows rows.
columns=80
rows=24
tty() {
	script -qec "stty cols $columns rows $rows; $1" /dev/null | tr -d '\r'
}
has() {
	grep -qE -- "$1" <<<"$shown" || {
		printf '%s\n' "$shown"
		return 1
	}
}
has_not() {
	! LC_ALL=C grep -nP -- "$1" <<<"$shown"
}
narrow() {
	local plain=${shown//$escape\[/}

	plain=$(sed -E 's/^([0-9;]*m)+//; s/([0-9])(;[0-9]+)?m//g' <<<"$plain")
	! grep -nE "^.{$((columns + 1))}" <<<"$plain"
}

# ---- width and colour ---------------------------------------------------------------------------

for size in '80 24' '200 50'; do
	columns=${size% *} rows=${size#* }
	for verb in list 'list -a' 'top -n 1 -d 0.1' "show $jump" "map $ok" explain "explain $jump" 'explain --list-causes' \
		'explain --list-causes mmio-storm' verify events status 'decode 0x92000007'; do
		shown=$(tty "NO_COLOR=1 $q --no-pager $verb")
		check "$verb: fits $columns columns" narrow
		check "$verb: prints" test "${#shown}" -gt 100
		check "$verb: no colour with NO_COLOR" has_not '\e'
		shown=$(tty "TERM=dumb $q --no-pager $verb")
		check "$verb: no colour with TERM=dumb" has_not '\e'
		shown=$(tty "LC_ALL=C NO_COLOR=1 $q --no-pager $verb")
		check "$verb: ASCII without UTF-8" has_not '[^ -~]'
		check "$verb: ASCII fits $columns columns" narrow
	done
done
columns=72
rows=24
shown=$(tty "NO_COLOR=1 $q --no-pager list")
check 'list: a name stays whole where it is narrow' has "^[0-9-]+ $jump "
check 'list: fits' narrow
columns=132
for verb in "show $jump" "map $ok"; do
	shown=$(tty "$q --no-pager $verb")
	check "$verb: fits 132 columns" narrow
	shown=$(tty "LC_ALL=C $q --no-pager $verb")
	check "$verb: fits 132 columns, ASCII" narrow
done
columns=80
shown=$(tty "$q --no-pager map $jump")
check 'map: an abort in red' has "$escape\[1;31m.*×"
check 'map: RAM in green' has "$escape\[32m█"
shown=$(tty "NO_COLOR=1 $q --no-pager map $ok")
check 'map: a low terminal' has 'and 32 more with 4000 accesses'
rows=100
shown=$(tty "NO_COLOR=1 $q --no-pager map $ok")
check 'map: a tall terminal shows more' has 'and 24 more with 3000 accesses'
rows=24
shown=$(tty "$q --no-pager explain $jump")
check 'colour' has "$escape\[1;31m"
check 'boxes with UTF-8' has '┌──'
shown=$(tty "TERM=dumb $q --no-pager explain $jump")
check 'no colour with TERM=dumb' has_not '\e'
shown=$(tty "LC_ALL=C NO_COLOR=1 $q --no-pager explain $jump; LC_ALL=C NO_COLOR=1 $q --no-pager map $ok")
check 'ASCII without UTF-8' has_not '[^ -~]'
check 'boxes without UTF-8' has '\+---'
shown=$(n explain "$jump")
check 'no colour without a terminal' has_not '\e'
shown=$(tty "$q -j list")
check 'JSON is pretty on a terminal' has '^  "vms"'

# A cell of a table breaks between words, so that all of them are there as in one line.
for verb in 'explain --list-causes' status; do
	read -ra words <<<"$verb"
	check "$verb: no word is broken" diff <(n "${words[@]}" | tr -s ' \n' '\n') <(tty "NO_COLOR=1 $q --no-pager $verb" | tr -s ' \n' '\n')
done

# ---- pictures of a live VM ------------------------------------------------------------------------

mkfifo "$work/plain"
"$build/tests/testvmm" --report "$work/plain" --guest mmio-write --arg 0=0x400000 --arg 1=500 --arg 2=5 --arg 3=0x200 \
	--linger --dress plain-vm >/dev/null 2>&1 &
plain_pid=$!
pids+=("$plain_pid")
timeout 20 jq -e . "$work/plain" >/dev/null

# as_kept NAME COLUMNS LOCALE VERB: beside golden/NAME, without its identity, which differs from run to run.
license='# SPDX-License-Identifier: GPL-2.0-or-later'
as_kept() {
	COLUMNS=$2 LC_ALL=$3 n --no-legend "$4" "$plain_pid" | sed '/^Name /,/^$/d; /^Counts/,/^$/d' >"$work/out"
	[[ ${GOLDEN-} != write ]] || cat - "$work/out" >"tests/cli/golden/$1" <<<"$license"
	diff -u "tests/cli/golden/$1" <(cat - "$work/out" <<<"$license")
}
for verb in show map; do
	for width in 80 132; do
		check "live $verb, $width columns, UTF-8" as_kept "live.$verb.$width.utf8" "$width" C.UTF-8 "$verb"
		check "live $verb, $width columns, ASCII" as_kept "live.$verb.$width.ascii" "$width" C "$verb"
	done
done

# ---- pager --------------------------------------------------------------------------------------

shown=$(tty "NISVCTL_PAGER='sed s/^/P:/' PAGER=false $q list")
check 'pager: NISVCTL_PAGER' has '^P:.*NAME'
shown=$(tty "PAGER='sed s/^/P:/' $q map $ok")
check 'pager: PAGER' has '^P:.*0x400000'
shown=$(tty "PATH=/nonexistent '$build/nisvctl' --socket '$socket' list")
check 'pager: none installed' has 'NAME'
shown=$(tty "$q list")
check 'pager: less shows short output at once' has 'NAME'
shown=$(tty "NISVCTL_PAGER='sed s/^/P:/' $q --no-pager list")
check 'pager: --no-pager' has_not '^P:'
shown=$(tty "NISVCTL_PAGER='sed s/^/P:/' $q status; NISVCTL_PAGER='sed s/^/P:/' $q events")
check 'pager: not for status and events' has_not '^P:'
shown=$(tty "NISVCTL_PAGER=true $q explain; echo status \$?")
check 'pager: left early is no error' has '^status 0'
shown=$(tty "NISVCTL_PAGER='sed s/^/P:/' $q show nope; echo status \$?")
check 'pager: none for an error' has '^nisvctl: no VM'
check 'pager: the status of an error' has '^status 3'

# ---- names that mean harm -----------------------------------------------------------------------

shown=$(for verb in list events explain "show $(n -j list | jq -r --arg t "$tag-a" \
	'.vms[] | select(.name | startswith($t)) | .id')"; do
	tty "NO_COLOR=1 $q --no-pager $verb"
	tty "LC_ALL=C NO_COLOR=1 $q --no-pager $verb"
	tty "NO_COLOR=1 $q --no-pager --json=pretty $verb"
done)
check 'hostile name: no control sequence' has_not '\e|\x9b|\xc2[\x80-\x9f]|\xe2\x80\xae'
check 'hostile name: shown' has '\[31mb'

finish
