#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What every verb does alike: with --json it prints JSON and nothing else, errors included; output that
# cannot be written, or that nobody reads, is no success and no noise; -q and --no-legend leave out what they
# say; a result without anything in it is an empty list.

# shellcheck disable=SC2317,SC2016 # functions are called by check; $ of jq filters
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

live_setup
start_daemon

jump=$tag-jump ok=$tag-ok
vm "$jump" --guest jump --arg 0=0x300000 --on-error pause
vm "$ok" --guest mmio-write --arg 0=0x400000 --arg 1=5000 --arg 2=40 --arg 3=0x200 --linger
n export "$jump" >"$work/dossier"
head -n 1 "$work/dossier" >"$work/empty"
# A pipe that nobody reads: who writes there is told at once.
mkfifo "$work/pipe"
exec 8<>"$work/pipe"
exec 9>"$work/pipe"
exec 8<&-

quiet() {
	[[ ! -s $work/err ]] && return
	cat "$work/err"
	return 1
}
# Everything is JSON, and there is something.
all_json() {
	n --json=short "$@" >"$work/out" 2>"$work/err" && jq -es 'length > 0 and all(.[]; type == "object")' "$work/out" >/dev/null &&
		quiet && n --json=pretty "$@" >"$work/out" 2>"$work/err" && jq -es 'length > 0' "$work/out" >/dev/null && quiet && return
	cat "$work/out" "$work/err"
	return 1
}
one_per_line() {
	n --json=pretty "$@" | while IFS= read -r line; do
		jq -e . <<<"$line" >/dev/null || exit 1
	done
}
full() {
	"$build/nisvctl" --socket "$socket" "$@" 2>"$work/err" >/dev/full
	[[ $? -eq 1 ]] && grep -q 'cannot write the output: No space left' "$work/err" && return
	cat "$work/err"
	return 1
}
full_json() {
	full --json=short "$@" && jq -es 'length == 1 and .[0].message' "$work/err"
}
closed() {
	"$build/nisvctl" --socket "$socket" "$@" 2>"$work/err" >&-
	[[ $? -eq 1 ]] && grep -q 'cannot write the output: Bad file descriptor' "$work/err" && return
	cat "$work/err"
	return 1
}
# What goes on until somebody stops it looks whether somebody reads it, and ends.
unread() {
	local status
	timeout 20 "$build/nisvctl" --socket "$socket" "$@" 2>"$work/err" >&9
	status=$?
	[[ $status -eq 141 || ($status -eq 0 && $1 =~ ^(top|events)$) ]] && quiet
}

verbs=(list 'list -a' 'top -n 1 -d 0.1' "show $jump" "map $ok" explain "explain $jump" "explain $ok" 'explain --list-causes'
	'explain --list-causes mmio-storm' verify "verify $jump" events "events $jump" 'decode 0x92000006' status metrics
	"export $jump")
for verb in "${verbs[@]}"; do
	read -ra words <<<"$verb"
	check "$verb: JSON" all_json "${words[@]}"
	check "$verb: full disk" full "${words[@]}"
	check "$verb: full disk, JSON" full_json "${words[@]}"
	check "$verb: closed standard output" closed "${words[@]}"
	check "$verb: closed standard streams" exits 1 bash -c '"$@" <&- >&- 2>&-' - "$build/nisvctl" --socket "$socket" "${words[@]}"
	check "$verb: a reader that is gone" unread "${words[@]}"
	check "$verb: -q" exits 0 n -q "${words[@]}"
	check "$verb: -q: no remark" quiet
	check "$verb: -q: an answer" test -s "$work/out"
	check "$verb: --no-legend" exits 0 n --no-legend "${words[@]}"
	# Headings of tables are in capitals, two of them at least.
	check "$verb: --no-legend: no headings" bash -c "! grep -E '^ *[A-Z][A-Z/-]+ +[A-Z][A-Z/-]+( |$)' '$work/out'"
	check "$verb: a mistake, JSON" fails 2 '^\{"error":null,"message":".*"parameters":\{\}\}$' n --json=short "${words[@]}" --frob
done
for verb in events "export $jump" 'top -n 2 -d 0.1'; do
	read -ra words <<<"$verb"
	check "$verb: one object per line" one_per_line "${words[@]}"
done
check 'events -f: a reader that is gone' unread events -f
check 'events -f: full disk' full events -f
check 'top: full disk' full top -d 0.1
check '--help: full disk' full --help
check '--version: full disk' full --version

# ---- nothing there ------------------------------------------------------------------------------------

e() {
	timeout 20 "$build/nisvctl" --file "$work/empty" "$@"
}
for verb in list 'list -a'; do
	# shellcheck disable=SC2086 # words
	check "$verb: no VM" json '. == {"vms": []}' e -j $verb
done
check 'list: no VM, as text: a remark' says '^nisvctl: no VM' e list
check 'list -q: no VM: nothing' test -z "$(e list -q 2>&1)"
check 'explain: no VM' json '.vm == null and .findings == [] and .groups == []' e -j explain
check 'verify: no VM' json '.vms == []' e -j verify
check 'metrics: no VM' json '.metrics[] | select(.name == "nisvd_vm_aborts_total") | .samples == []' e -j metrics
check 'events: no event: no line' test -z "$(e -j events 2>&1)"
finish
