# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Runs cases of the corpus, one VM each, for busybox's shell or bash: the lab's guest and the
# native test source it. nisvd runs, testvmm and nisvctl are on the PATH, $corpus is a folder for
# what comes and goes, $trees the one of the cases' @trees.
#
# A case is a line NAME | CAUSE | WHAT THE VMM MAKES | STEPS | COMMAND LINE, see arm64.cases. Steps are
# words; without any they are "go report":
#   see        nisvd looks at the VM now, so that it knows its memory map
#   go         the guests run
#   report     they are done, or their VMM is
#   again      the VMM made its VMs once more
#   storm      the guest drives a device in a loop: until nisvd says so
#   spins      the guest makes the same fault again for ever: until a site has three digits
#   WORD:ARGS  the VMM changes a memslot while the guests wait or run: add, del, move, log, nolog
#              with the arguments of testvmm's --control, and its answer is awaited

# case_options WORDS: with $trees in place of @trees.
case_options() {
	# shellcheck disable=SC2154 # the caller's
	printf '%s' "$1" | sed "s,@trees,$trees,g"
}

# case_until COMMAND...: until it succeeds. Once the VMM has ended it gets one more chance, then it fails with
# what the VMM said. Until it is awaited a process is still there, only its program is not.
case_until() {
	case_lives=yes
	until "$@"; do
		[ "$case_lives" ] || {
			# shellcheck disable=SC2154 # the caller's
			echo "case $case_name: the VMM is gone: $(cat "$corpus/stderr")" >&2
			case_reported=yes # it never will be
			return 1
		}
		[ -e "/proc/$case_pid/exe" ] || case_lives=
	done
}

# case_line FD: the VMM's next line there, in $case_text.
case_line() {
	case_text=
	case_until read -r -t 1 case_text <&"$1"
}

case_tell() {
	echo "$1 $2" >&8
	case_line 9 || return
	case $case_text in
	*'"errno":0'*) ;;
	*) echo "case $case_name: $1 $2: $case_text" >&2 ;;
	esac
}

case_seen() {
	nisvctl show "$case_pid" --json=short >/dev/null 2>&1
}

case_storms() {
	nisvctl explain "$case_pid" --json=short | grep -q '"mmio-storm"'
}

# Lines of the event stream until one has the pattern.
case_await() {
	rm -f "$corpus/events"
	mkfifo "$corpus/events"
	nisvctl events -f --json=short "$2" >"$corpus/events" 2>/dev/null &
	case_reader=$!
	grep -m 1 -e "$1" "$corpus/events" >/dev/null
	kill $case_reader 2>/dev/null
	wait $case_reader 2>/dev/null || true
}

case_report() {
	case_line 6
	case_reported=yes
}

case_step() {
	case $1 in
	see) case_until case_seen ;;
	go) kill -USR1 "$case_pid" ;;
	report) case_report ;;
	again) case_line 5 ;;
	storm) case_until case_storms ;;
	spins) case_await '"count":[0-9]\{3,\},' "$case_pid" ;;
	*) case_tell "${1%%:*}" "${1#*:}" ;;
	esac
}

# case_start NAME OPTIONS COMMAND-LINE: the VMM, its VMs made and its guests waiting; $case_pid.
case_start() {
	case_name=$1
	case_set=$2
	case_line=$3
	case_reported=
	for case_fifo in control acks ready report; do
		rm -f "$corpus/$case_fifo"
		mkfifo "$corpus/$case_fifo"
	done
	# Opened for both, so that no end waits for the other.
	exec 5<>"$corpus/ready" 6<>"$corpus/report" 8<>"$corpus/control" 9<>"$corpus/acks"
	# shellcheck disable=SC2046,SC2086 # words
	testvmm --hold --control "$corpus/control" --acks "$corpus/acks" \
		--ready "$corpus/ready" --report "$corpus/report" \
		$(case_options "$case_set") --dress $case_line \
		>/dev/null 2>"$corpus/stderr" 5>&- 6>&- 8>&- 9>&- &
	case_pid=$!
	case_line 5
}

# case_run NAME OPTIONS STEPS COMMAND-LINE: as far as its steps go. The VM is $case_pid.
case_run() {
	case_start "$1" "$2" "$4" || return
	for case_word in ${3:-go report}; do
		case_step "$case_word" || return
	done
}

# case_answer NAME CAUSE: what nisvd says of it, as lines of a tag, a tab and JSON. To verify it, nisvd looks at
# it once more: the dossier has what it saw.
case_answer() {
	printf 'case\t{"name":"%s","cause":"%s"}\n' "$1" "$2"
	case $2 in
	verify:* | healthy) nisvctl verify "$case_pid" --json=short | sed "s/^/verify.$1	/" ;;
	esac
	nisvctl export "$case_pid" | sed "s/^/dossier.$1	/"
}

# Ends what a case left behind.
case_end() {
	kill "$case_pid" 2>/dev/null
	[ "$case_reported" ] || case_report
	wait "$case_pid" 2>/dev/null || true
	exec 5>&- 6>&- 8>&- 9>&-
}

# The cases of a table, with what their words stand for; one word may stand in a later one.
cases_read() {
	awk '/^=/ {
			word = substr($1, 2)
			texts[word] = replaced(substr($0, length($1) + 2))
		}
		/^[a-z]/ { print replaced($0) }
		function replaced(line,   rest, word, out) {
			out = ""
			rest = line
			while (match(rest, /@[a-z]+/)) {
				word = substr(rest, RSTART + 1, RLENGTH - 1)
				out = out substr(rest, 1, RSTART - 1) \
					(word in texts ? texts[word] : "@" word)
				rest = substr(rest, RSTART + RLENGTH)
			}
			return out rest
		}' "$1"
}

# cases FILE USE [NAME...]: calls USE NAME CAUSE when each case has run, or only the named ones. nisvd
# knows nothing of one whose VM could not be made.
cases() {
	cases_use=$2
	cases_read "$1" >"$corpus/cases"
	shift 2
	while IFS='|' read -r cases_name cases_cause cases_set cases_steps cases_line <&7; do
		case " $* " in
		'  ' | *" $cases_name "*) ;;
		*) continue ;;
		esac
		cases_line=$(printf '%s' "$cases_line" | sed "s,@name,$cases_name,g")
		case_run "$cases_name" "$cases_set" "$cases_steps" "$cases_line"
		$cases_use "$cases_name" "$cases_cause"
		case_end
	done 7<"$corpus/cases"
}
