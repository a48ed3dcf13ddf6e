#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What bash and zsh complete after nisvctl: both are asked, in a terminal, with the TAB key, and what their
# command gets is looked at: verbs, the options of a verb, modes of JSON, causes, files, and the names of VMs
# of a live nisvd, also those that a shell must quote.

# shellcheck disable=SC2317,SC2016 # functions are called by check; $ of other shells
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

live_setup
start_daemon
names=("$tag two words" "it's $tag" "$tag\"quoted\"" "$tag:colon" "$tag\$dollar" "${tag}ü" "back\\$tag")
for name in "${names[@]}"; do
	vm "$name" --guest mmio-write --arg 0=0x400000 --arg 1=1 --arg 2=1 --arg 3=0x200 --linger
done
mkdir "$work/journal-of-web1"
touch "$work/journal-file" "$work/System.map-6.1" "$work/vmlinux" "$work/a b"

# In each shell nisvctl is itself only for the completion; what a line calls it with is told.
cat >"$work/rc" <<RC
export PATH='$build':\$PATH
PS1='READY> '
nisvctl() {
	[[ \$* == *' -q --no-legend' ]] && { command nisvctl "\$@"; return; }
	printf 'GOT'
	printf '<%s>' "\$@"
	printf '.\n'
}
cd '$work'
RC
cat >"$work/zsh.rc" <<RC
. '$work/rc'
fpath=('$PWD/cli/completion' \$fpath)
autoload -U compinit
compinit -u -d '$work/zcompdump'
setopt no_list_beep
RC
cat >"$work/bash.rc" <<RC
. '$work/rc'
. '$PWD/cli/completion/nisvctl.bash'
bind 'set bell-style none'
RC
cat >"$work/tab" <<'EXPECT'
set timeout 20
log_user 0
match_max 100000
# The words of a line, from the file in which the test put it: expect has a syntax of its own.
set file [open $env(LINE) r]
fconfigure $file -encoding utf-8
set line [read -nonewline $file]
close $file
if {$env(TAB_SHELL) eq "bash"} {
	spawn -noecho bash --noprofile --rcfile $env(RC) -i
} else {
	spawn -noecho zsh -f -i
	send ". $env(RC)\r"
}
stty columns 200 < $spawn_out(slave,name)
expect {READY> } {} timeout {puts "no prompt"; exit 1}
send -- "$line\t\r"
expect -re {GOT([^\r\n]*)\.\r} {puts $expect_out(1,string)} timeout {puts "nothing: $expect_out(buffer)"; exit 1}
EXPECT

# tab SHELL EXPECTED LINE: after LINE and TAB and Enter the command has got EXPECTED.
tab() {
	local got
	printf '%s' "$3" >"$work/line"
	got=$(TAB_SHELL=$1 RC=$work/$1.rc LINE=$work/line expect -f "$work/tab") || {
		printf '%s\n' "$got"
		return 1
	}
	[[ $got == "$2" ]] && return
	printf 'got:      %s\nexpected: %s\n' "$got" "$2"
	return 1
}

where=(--socket "$socket")
at="nisvctl ${where[*]}"
got="<--socket><$socket>"
for shell in bash zsh; do
	check "$shell: a verb" tab $shell '<explain>' 'nisvctl expl'
	check "$shell: a verb behind an option" tab $shell '<-j><status>' 'nisvctl -j stat'
	check "$shell: a verb behind an option and its value" tab $shell '<--symbols><list><verify>' 'nisvctl --symbols list ver'
	check "$shell: an option" tab $shell '<list><--all>' 'nisvctl list --al'
	check "$shell: an option before the verb" tab $shell '<--all>' 'nisvctl --al'
	check "$shell: not the option of another verb" tab $shell '<show><--al>' 'nisvctl show --al'
	check "$shell: an option of top" tab $shell '<top><--delay>' 'nisvctl top --del'
	check "$shell: an option of metrics" tab $shell '<metrics><--output>' 'nisvctl metrics --out'
	check "$shell: an option of every verb" tab $shell '<top><--no-legend>' 'nisvctl top --no-l'
	check "$shell: a mode of JSON" tab $shell '<list><--json=pretty>' 'nisvctl list --json=pr'
	check "$shell: a cause" tab $shell '<explain><--list-causes><stray-mmio-write>' \
		'nisvctl explain --list-causes stray-mmio-w'
	check "$shell: no cause without its option" tab $shell "$got<explain><stray-mmio-w>" "$at explain stray-mmio-w"
	check "$shell: no second cause" tab $shell '<explain><--list-causes><mmio-storm><stray-mmio-w>' \
		'nisvctl explain --list-causes mmio-storm stray-mmio-w'
	check "$shell: the cause of --cause" tab $shell '<history><--cause><stray-mmio-write>' 'nisvctl history --cause stray-mmio-w'
	check "$shell: the kind of --kind" tab $shell '<history><--kind><mmio-write>' 'nisvctl history --kind mmio-w'
	check "$shell: a verb behind --kind and its value" tab $shell '<--kind><mmio-read><history>' 'nisvctl --kind mmio-read hist'
	# zsh takes the slash away at the end of the line.
	slash=
	[[ $shell == bash ]] && slash=/
	check "$shell: the folder of --directory" tab $shell "<history><--directory><journal-of-web1$slash>" 'nisvctl history --directory jou'
	check "$shell: a time" tab $shell '<history><--since><yesterday>' 'nisvctl history --since yes'
	check "$shell: a file" tab $shell '<explain><x><--symbols><System.map-6.1>' 'nisvctl explain x --symbols Sys'
	check "$shell: a file whose name has a blank" tab $shell '<--file><a b>' 'nisvctl --file a'
	for name in "${names[@]}"; do
		# As far as it is needed, without what must be quoted.
		case $name in
		"$tag"*) typed="$tag" ;;
		*) typed=${name:0:2} ;;
		esac
		# All that is the same in others is typed, quoted as the shell wants it.
		typed=$(printf '%q' "${name:0:${#typed}+2}")
		check "$shell: the VM $name" tab $shell "$got<show><$name>" "$at show $typed"
	done
	check "$shell: a VM within quotes" tab $shell "$got<map><$tag two words>" "$at map \"$tag tw"
	check "$shell: a VM within single quotes" tab $shell "$got<map><$tag two words>" "$at map '$tag tw"
	check "$shell: one VM only" tab $shell "$got<map><x><$tag:col>" "$at map x $tag:col"
	check "$shell: no VM for status" tab $shell "$got<status><$tag:col>" "$at status $tag:col"
	check "$shell: a nisvd that is not there" tab $shell '<--socket></nonexistent><show><x>' 'nisvctl --socket /nonexistent show x'
done
check "bash: a socket behind =" tab bash "<--socket=$socket><show><$tag:colon>" "nisvctl --socket=$socket show $tag:col"

finish
