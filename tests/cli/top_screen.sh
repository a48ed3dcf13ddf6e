#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvctl top on the whole of a terminal, driven by expect: what it draws, and that every way out gives the
# terminal back as it was.

# shellcheck disable=SC2317,SC2016 # functions are called by check; $ of expect
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

live_setup
start_daemon

busy=$tag-busy
"$build/tests/testvmm" --guest mmio-write --arg 0=0x400000 --arg 1=0 --arg 2=3 --arg 3=0x200 \
	--dress qemu-system-x86_64 -name "$busy" >/dev/null 2>&1 &
pids+=($!)
vm "$tag-jump" --guest jump --arg 0=0x300000 --on-error pause

# on_screen COLUMNS ROWS SCRIPT [ENVIRONMENT...]: top in a terminal, driven by SCRIPT of expect. What it wrote
# is in $work/typescript, the frames that it drew in $work/frame.N, the state of the terminal in
# $work/before and $work/after.
cat >"$work/expect" <<'EXPECT'
set timeout 20
log_user 0
log_file -noappend -a $env(TYPESCRIPT)
match_max 1000000
spawn -noecho bash --norc --noprofile
set shell $spawn_id
expect -re {[$#] $}
proc run {command} {
	send -- "$command; echo STATUS=\$?.\r"
}
# A shell does not go on with a line that was interrupted.
proc interrupt {} {
	send \003
	until {[$#] $}
	send "echo STATUS=\$?.\r"
	until {STATUS=130\.}
}
proc until {pattern} {
	expect -re $pattern {} timeout {puts "no $pattern"; exit 1} eof {puts "ended before $pattern"; exit 1}
}
proc resize {columns rows} {
	global spawn_out
	stty rows $rows columns $columns < $spawn_out(slave,name)
}
resize $env(TOP_COLUMNS) $env(TOP_ROWS)
run {stty -g >$TOP_WORK/before}
until {STATUS=0\.}
EXPECT
on_screen() {
	local columns=$1 rows=$2 script=$3
	shift 3
	rm -f "$work"/frame.* "$work/before" "$work/after" "$work/typescript"
	{
		cat "$work/expect"
		printf '%s\n' "$script" 'run {stty -g >$TOP_WORK/after}' 'until {STATUS=0\.}'
	} >"$work/script"
	TYPESCRIPT=$work/typescript TOP_COLUMNS=$columns TOP_ROWS=$rows TOP_WORK=$work \
		TOP="$build/nisvctl --socket $socket" \
		env "$@" expect -f "$work/script" || return 1
	# Between the alternate screen's begin and end each frame starts at the top left.
	awk -v RS='\033\\[H' -v prefix="$work/frame." 'NR > 1 {
		sub(/\033\[\?25h.*/, ""); gsub(/\033\[K|\033\[J|\033\[2J|\r/, ""); printf "%s", $0 >(prefix (NR - 1))}' \
		"$work/typescript"
}
given_back() {
	cmp "$work/before" "$work/after" && tail -c +1 "$work/typescript" | awk -v RS='\0' '{
		enter = gsub(/\033\[\?1049h/, ""); leave = gsub(/\033\[\?1049l/, ""); exit !(enter > 0 && enter == leave)}'
}
last_frame() {
	find "$work" -name 'frame.*' -size +0 | sort -V | tail -n 1
}
frame_fits() {
	local file
	for file in "$work"/frame.*; do
		sed -E 's/\x1b\[[0-9;]*m//g' "$file" >"$work/plain"
		! LC_ALL=C.UTF-8 grep -nE "^.{$(($1 + 1))}" "$work/plain" || return 1
		[[ $(wc -l <"$work/plain") -lt $2 ]] || {
			cat "$work/plain"
			return 1
		}
	done
}
plain_has() {
	sed -E 's/\x1b\[[0-9;]*m//g' "$(last_frame)" | grep -qE -- "$1" && return
	cat "$(last_frame)"
	return 1
}
leave='run {$TOP top -d 0.2}; until {TIMES/S.*0x400200}; send q; until {STATUS=0\.}'
for size in '80 24' '200 50'; do
	# shellcheck disable=SC2086 # two words
	check "$size: q leaves" on_screen $size "$leave"
	check "$size: given back" given_back
	# shellcheck disable=SC2086
	check "$size: fits" frame_fits $size
	check "$size: the VM" plain_has "^$busy +.*-"
	check "$size: the place" plain_has '0x400200 +.*write .* user '
	check "$size: where it is" plain_has '^.*top on .*\(q leaves\)'
done
check 'colour' grep -qF "$(printf '\033[1;31m')" "$work/typescript"
check 'an ID where there is room' plain_has 'VM +ID +ABORTS/S'
check 'NO_COLOR' on_screen 80 24 "$leave" NO_COLOR=1
check 'NO_COLOR has none' bash -c "! grep -qP '\x1b\[[0-9;]*m' '$work/typescript'"
check 'ASCII without UTF-8' on_screen 60 24 "$leave" LC_ALL=C NO_COLOR=1
check 'ASCII is ASCII' bash -c "! LC_ALL=C grep -nP '[^\x07-\x1b -~]' '$work/typescript'"
check 'a small one' on_screen 40 8 'run {$TOP top -d 0.2}; until {Lost}; send q; until {STATUS=0\.}'
check 'a small one: fits' frame_fits 40 8
check 'resized' on_screen 80 24 'run {$TOP top -d 60}; until {Lost}; resize 200 50
	until {ID.*ABORTS/S}; resize 80 24; until {VM[^D]*ABORTS/S}; send q; until {STATUS=0\.}'
check 'another key draws' on_screen 80 24 'run {$TOP top -d 60}; until {Lost}; send x; until {Lost}
	send q; until {STATUS=0\.}'
check 'interrupted' on_screen 80 24 'run {$TOP top -d 60}; until {Lost}; interrupt'
check 'interrupted: given back' given_back
check 'ended' on_screen 80 24 'run {sh -c "echo \$\$ >$TOP_WORK/pid; exec $TOP top -d 60"}; until {Lost}
	exec kill [exec cat $env(TOP_WORK)/pid]; until {STATUS=143\.}'
check 'ended: given back' given_back
check 'stopped and continued' on_screen 80 24 'run {$TOP top -d 60}; until {Lost}; send \032
	until {1049l}; until {STATUS=}; send "fg\r"; until {1049h}; until {Lost}; send q; until {[$#] $}'
check 'stopped and continued: given back' given_back
check 'TERM=dumb' on_screen 80 24 'run {TERM=dumb $TOP top -d 0.2}; until {top on.*top on}; interrupt'
check 'TERM=dumb: rounds, one below the other' bash -c "! grep -F '[?1049h' '$work/typescript'"

# ---- without nisvd ----------------------------------------------------------------------------------------------

check 'nisvd goes' on_screen 80 24 'run {$TOP top -d 0.2}; until {TIMES/S}; exec kill $env(DAEMON)
	until {waiting for it to come back}; until {measuring}; resize 100 30; until {waiting}; send q; until {STATUS=0\.}' \
	DAEMON="$daemon"
check 'nisvd goes: given back' given_back
wait "$daemon"
start_daemon
check 'nisvd goes, and another one does not speak varlink' on_screen 80 24 'run {$TOP top -d 0.2}; until {TIMES/S}
	exec kill $env(DAEMON); until {waiting for it to come back}
	exec sh -c "printf nonsense\\\\0 | socat -u STDIN UNIX-LISTEN:$env(SOCKET)" &
	until {1049l.*no varlink message}; until {STATUS=1\.}' DAEMON="$daemon" SOCKET="$socket"
check 'an error: given back, and told after that' given_back
wait "$daemon"
daemon=

finish
