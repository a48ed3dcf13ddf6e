#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvctl against a daemon that lies: replies that are cut, too large, no JSON, of other types than the
# interface says, and full of what a terminal would obey. It must end with a known status, say so, and
# print nothing harmful. replies.json holds a well-formed conversation for each command.

# shellcheck disable=SC2317,SC2016 # functions are called by check; $ of jq filters
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

# The build with sanitizers, where there is one, sees more.
[[ -x $build-san/nisvctl ]] && build=$build-san
work=$(mktemp -d)
replies=tests/cli/replies.json
export LC_ALL=C.UTF-8
trap 'rm -rf "$work"' EXIT

# ask STATUSES COMMAND...: the daemon sends $work/reply to whoever connects, whatever is asked.
ask() {
	local statuses=$1 server status
	shift
	rm -f "$work/socket"
	timeout 30 socat -u OPEN:"$work/reply" UNIX-LISTEN:"$work/socket" >/dev/null 2>&1 &
	server=$!
	listening "$work/socket"
	timeout 20 "$build/nisvctl" --socket "$work/socket" "$@" >"$work/out" 2>"$work/err"
	status=$?
	kill "$server" 2>/dev/null
	wait "$server" 2>/dev/null
	grep -qE "^($statuses)\$" <<<"$status" || {
		printf 'nisvctl %s: status %d\n' "$*" "$status"
		cat "$work/out" "$work/err"
		return 1
	}
	[[ $status -eq 0 || -s $work/err ]] || {
		printf 'nisvctl %s: status %d without a word\n' "$*" "$status"
		return 1
	}
	# Control characters but newline, C1, bidirectional overrides, malformed UTF-8.
	if LC_ALL=C grep -nP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]' \
		"$work/out" "$work/err" || ! iconv -f UTF-8 -t UTF-8 "$work/out" "$work/err" >/dev/null; then
		printf 'nisvctl %s: harmful output\n' "$*"
		return 1
	fi
}

# Of the guest's kernel: what it has a name for is up to the addresses that come.
printf '0000000000000000 T low\nffff800008010800 T vectors\nffff80000871b800 t probe\n' >"$work/symbols"

# As the daemon frames it: each message ended by NUL, all but the last one with continues where the
# command reads a stream.
frame() {
	local message

	while IFS= read -r message; do
		printf '%s\0' "$message"
	done < <(jq -c --arg c "$command" '. as $all | to_entries[] |
		{parameters: .value, continues: (($c | test("^(events|export)")) and .key + 1 < ($all | length))}') \
		>"$work/reply"
}

# ask_all STATUSES FILTER: every command, after FILTER changed its well-formed replies; with $json, as JSON,
# too.
json=yes
ask_all() {
	local statuses=$1 filter=$2 command bad=0
	local -a words

	while IFS= read -r command; do
		jq -c --arg c "$command" ".[\$c] | $filter" "$replies" | frame
		read -ra words <<<"$command"
		ask "$statuses" "${words[@]}" || bad=1
		if [[ $command == 'explain web1' ]]; then
			ask "$statuses" "${words[@]}" --symbols "$work/symbols" || bad=1
		fi
		[[ $json ]] || continue
		ask "$statuses" "${words[@]}" --json=short || bad=1
		if [[ -s $work/out ]]; then
			jq -es . "$work/out" >/dev/null || bad=1
		fi
	done < <(jq -r keys[] "$replies")
	return "$bad"
}

raw() {
	printf '%b' "$2" >"$work/reply"
	ask "$1" list && ask "$1" list --json=short
}

check 'well-formed' ask_all '0|4' .
check 'nothing' raw 4 ''
check 'half a message' raw 4 '{"parameters":{"vms":['
check 'no JSON' raw 1 'hello\0'
check 'an empty message' raw 1 '\0'
check 'an array' raw 1 '[]\0'
check 'no parameters' raw 0 '{}\0'
check 'parameters of another type' raw 0 '{"parameters":[1]}\0'
check 'null parameters' raw 0 '{"parameters":null}\0'
check 'an unknown error' raw 1 '{"error":"a.b.C"}\0'
check 'an error that is no string' raw 1 '{"error":{"a":[]}}\0'
check 'a hostile error' raw 1 '{"error":"a\\u001b[31m.\\u009b","parameters":{"vm":"\\u202e"}}\0'
check 'a hostile NoSuchVM' raw 3 '{"error":"io.nisvd.Monitor.NoSuchVM","parameters":{"vm":"\\u001b]0;x\\u0007\\n"}}\0'
check 'a hostile AmbiguousVM' raw 1 \
	'{"error":"io.nisvd.Monitor.AmbiguousVM","parameters":{"vm":7,"matches":[1,{"id":[]},{"name":"\\u009b\\u0000x"}]}}\0'
check 'BadInput' raw 2 '{"error":"io.nisvd.Monitor.BadInput","parameters":{"message":"\\u001b"}}\0'
check 'Busy' raw 1 '{"error":"io.nisvd.Monitor.Busy"}\0'
check 'PermissionDenied' raw 4 '{"error":"org.varlink.service.PermissionDenied"}\0'
check 'MethodNotFound' raw 1 '{"error":"org.varlink.service.MethodNotFound"}\0'
{
	printf '{"parameters":{"vms":'
	head -c 100000 /dev/zero | tr '\0' '['
	printf '\0'
} >"$work/reply"
check 'deep nesting' ask 1 list
head -c 18000000 /dev/zero | tr '\0' ' ' >"$work/reply"
check 'too large' ask 1 list
check 'too large: says so' grep -q 'too large' "$work/err"
printf '{"parameters":{"vms":[{"name":"\xff\xfe\xed\xa0\x80\xf0\x9f\x92\xa9"}]}}\0' >"$work/reply"
check 'malformed UTF-8' ask 0 list
check 'malformed UTF-8, JSON' ask 0 list --json=pretty

evil='"\u001b[2J\u009b31m\u202e\u0007\n\r\u0000x\u007f"'
check 'every string is hostile' ask_all '0|4' "map(walk(if type == \"string\" then $evil else . end))"
# Where decode finds nothing in its reply, nothing was understood: 2.
check 'every name is hostile' ask_all '0|2|4' "map(walk(if type == \"object\" then with_entries(.key += $evil) else . end))"

# redact STATUS FILTER: export --redact, where what comes is that of an older nisvd, which sends it all.
redact() {
	local command='export web1'

	jq -c ".[\"export web1\"] | $2" "$replies" | frame
	ask "$1" export web1 --redact
}
check 'export --redact: of one that can' redact 0 '.[0].line.redacted = true'
check 'export --redact: all lines' test "$(wc -l <"$work/out")" -eq "$(jq '.["export web1"] | length' "$replies")"
for header in '{"nisv_dossier":1}' '{"nisv_dossier":1,"redacted":false}' '{"redacted":"true"}' null; do
	check "export --redact: header $header" redact 1 ".[0].line = $header"
	check "export --redact: header $header: nothing is printed" test ! -s "$work/out"
	check "export --redact: header $header: says why" grep -q 'the nisvd there cannot redact: update it' "$work/err"
done

json= # prints what it got: its types do not matter
check 'every string ends hostile' ask_all '0|4' "map(walk(if type == \"string\" then . + $evil else . end))"
check 'every string is long' ask_all '0|4' 'map(walk(if type == "string" then . * 2000 else . end))'
check 'every list is long' ask_all '0|4' \
	'map(walk(if type == "array" then . as [$first] | . + [range(20) | $first] else . end))'

# Other types in every place at once, by depth: the innermost values, then whole objects and lists.
for value in null true -9223372036854775808 9223372036854775807 '"0xffffffffffffffff"' '{}' '[null]'; do
	check "every value is $value" ask_all '0|4|5' "map(walk(if type == \"object\" or type == \"array\" then . else $value end))"
done
for value in null 7 '{}' '[null]'; do
	check "every member is $value" ask_all '0|2|4' "map(map_values($value))"
	check "every member of a member is $value" ask_all '0|4' \
		"map(map_values(if type == \"object\" then map_values($value) elif type == \"array\" then map($value) else . end))"
done

finish
