#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# explain --list-causes: what nisvd can find, without a running one, from a file, and from one that lies.

# shellcheck disable=SC2317 # functions are called by check
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

# shellcheck source=tests/cli/canned
. "$(dirname "$0")/canned"
export LC_ALL=C.UTF-8
tag=

n() {
	timeout 20 "$build/nisvctl" --socket "$work/nobody" "$@"
}

# ---- as nisvd has them ----------------------------------------------------------------------------------

check 'a table' says '^CAUSE +ARCH +WHAT IT IS$' n explain --list-causes
check 'a row: its first sentence' says '^compiler-writeback +arm64 +The compiler chose the instruction: .*pointer\.$' \
	n explain --list-causes
check 'a row: both architectures' says '^mmio-storm +all +One device' n explain --list-causes
check '--no-legend' bash -c '! grep CAUSE' < <(n explain --list-causes --no-legend)
check '-q: the names' diff <(n explain --list-causes -q) <(n explain --list-causes -j | jq -r '.causes[].id')
check 'JSON' json '(.causes | length) > 50 and all(.causes[]; .id and .what)' n explain --list-causes -j
check 'one: its name first' test "$(n explain --list-causes mmio-storm | head -n 1)" = mmio-storm
check 'one: how it is known' says '^Known by +nisvd counts MMIO' n explain --list-causes mmio-storm
check 'one: what to do' says '^What to do$' n explain --list-causes mmio-storm
check 'one: whose advice it is' says '• \[qemu\] Use virtio devices' n explain --list-causes mmio-storm
check 'one: where its facts come from' says 'system/devices/virtio, QEMU [0-9.]+\)' n explain --list-causes mmio-storm
check 'one: where it is found' says '^Found +at a fault, or from MMIO; in the memory map, before' \
	n explain --list-causes backing-gone
check 'one: the less exact ones' says '^Less exact +[a-z-]+' n explain --list-causes ecam-nisv-read
check 'one: JSON has it alone' json '[.causes[].id] == ["mmio-storm"]' n -j explain --list-causes mmio-storm
check 'no such one' fails 2 '"mmio-strom" is no cause: did you mean "mmio-storm"\?' n explain --list-causes mmio-strom
check 'no such one, nothing near' fails 2 'is no cause: "nisvctl explain --list-causes"' n explain --list-causes frob
check 'no such one, JSON' fails 2 '^\{"error":null' n --json=short explain --list-causes frob
check 'two' fails 2 'no further argument "b"' n explain --list-causes mmio-storm b
check 'not for another verb' fails 2 'list has no option --list-causes' n list --list-causes
head -n 1 <<<'{"nisv_dossier":1,"arch":"arm64"}' >"$work/dossier"
check '--file' says '^mmio-storm' "$build/nisvctl" --file "$work/dossier" explain --list-causes

# ---- as one has them that lies --------------------------------------------------------------------------

# lies STATUS FILTER [CAUSE]: the canned list after FILTER of jq.
lies() {
	local status=$1 filter=$2 server
	shift 2
	jq -j ".[\"explain --list-causes\"][0] | $filter | {parameters: .} | tojson + \"\\u0000\"" \
		tests/cli/replies.json >"$work/reply"
	rm -f "$work/socket"
	timeout 30 socat -u OPEN:"$work/reply" UNIX-LISTEN:"$work/socket" >/dev/null 2>&1 &
	server=$!
	listening "$work/socket"
	exits "$status" "$build/nisvctl" --socket "$work/socket" explain --list-causes "$@" || return
	wait "$server" 2>/dev/null
	! LC_ALL=C grep -nP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]' "$work/out" "$work/err"
}
evil='"\u001b[2J\u009b31m\u202e\u0007\n\r\u0000x\u007f"'
check 'as the interface says' lies 0 . mmio-storm
check 'every other string is hostile' lies 0 \
	"(.causes[0] | to_entries | map(select(.key != \"id\")) | from_entries | walk(if type == \"string\" then $evil else . end)) as \$evil |
	.causes[0] |= . + \$evil" mmio-storm
check 'every other string is long' lies 0 \
	'.causes[0] |= with_entries(if .key == "id" then . else .value |= walk(if type == "string" then . * 3000 else . end) end)' \
	mmio-storm
check 'names that are hostile' lies 2 ".causes[].id = $evil" mmio-storm
check 'names that are long' lies 2 '.causes[].id |= . * 5000' mmio-storm
for value in null 7 '"x"' '[]' '{}' '[null]' '[[7]]'; do
	check "the list is $value" lies 2 ".causes = $value" mmio-storm
	check "each member is $value" lies 0 ".causes[0] |= with_entries(if .key == \"id\" then . else .value = $value end)" mmio-storm
done

finish
