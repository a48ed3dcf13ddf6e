#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `show`, `map` and `explain` look like: the well-formed conversations of replies.json as text of 80 and 132
# columns, with UTF-8 and without, beside the pictures kept in golden/. GOLDEN=write makes them anew: look
# at the difference before you keep it.

# shellcheck disable=SC2317,SC2016 # functions are called by check; ` of what nisvctl prints
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

# shellcheck source=tests/cli/canned
. "$(dirname "$0")/canned"

golden=tests/cli/golden
license='# SPDX-License-Identifier: GPL-2.0-or-later'

as_kept() {
	draw "$2" "$3" "$1" || return
	[[ ${GOLDEN-} != write ]] || cat - "$work/out" >"$golden/$4" <<<"$license"
	diff -u "$golden/$4" <(cat - "$work/out" <<<"$license")
}

fits() {
	! LC_ALL=C.UTF-8 grep -nE "^.{$(($1 + 1))}" "$work/out"
}

lacks() {
	! grep -n -- "$1" "$work/out"
}

plain() {
	! LC_ALL=C grep -nP '[^ -~]' "$work/out"
}

for verb in show map explain; do
	answer "$verb" .
	for columns in 80 132; do
		check "$verb, $columns columns, UTF-8" as_kept "$verb" "$columns" C.UTF-8 "$verb.$columns.utf8"
		check "$verb, $columns columns, UTF-8: fits" fits "$columns"
		check "$verb, $columns columns, ASCII" as_kept "$verb" "$columns" C "$verb.$columns.ascii"
		check "$verb, $columns columns, ASCII: fits" fits "$columns"
		check "$verb, $columns columns, ASCII: is ASCII" plain
	done
	# The drawings that explain has do not get narrower.
	for columns in $([[ $verb == explain ]] || echo 40 61) 93 250; do
		check "$verb, $columns columns" draw "$columns" C.UTF-8 "$verb"
		check "$verb, $columns columns: fits" fits "$columns"
	done
	check "$verb: --no-legend" draw 80 C.UTF-8 "$verb" --no-legend
	check "$verb: --no-legend: no heading" lacks ADDRESS
done

# ---- the first screen of explain ------------------------------------------------------------------------

# What is wrong and what to do stand on a terminal of 24 lines, above all that is told for who wants more.
answer explain .
draw 80 C.UTF-8 explain
head -n 24 "$work/out" | tr -s '\n ' ' ' >"$work/screen"
for words in 'web1 (4711-12)' 'on 0x9000fe0, UART0 PL011 + 0xfe0, a device' '`ldr w1, [x0], #4`' \
	'device-access-nisv-instruction, certain' 'single-register loads and stores without writeback'; do
	check "explain, first screen: $words" grep -qF -- "$words" "$work/screen"
done

# ---- what must stand out, or must not ----------------------------------------------------------------

# tells PATTERN VERB FILTER, hides PATTERN VERB FILTER; a paragraph counts as one line, too.
tells() {
	answer "$2" "$3" && draw 132 C.UTF-8 "$2" &&
		{ cat "$work/out" && sed -z 's/\n  \([^ ]\)/ \1/g' "$work/out"; } | grep -E -- "$1" >/dev/null && return
	cat "$work/out"
	return 1
}
hides() {
	answer "$2" "$3" && draw 132 C.UTF-8 "$2" && ! grep -E -- "$1" "$work/out"
}

for verb in show map; do
	check "$verb: the overhang, in bytes" tells \
		'^! the guest.s memory node memory@40000000 reaches 512 MiB \(536870912 bytes\) past the end of RAM at 0x50000000$' \
		"$verb" .
	check "$verb: the row of the overhang" tells '^! +0x50000000  512 MiB .*memory@40000000' "$verb" .
	check "$verb: no overhang where memory and RAM agree" hides 'memory@40000000 reaches|^! +0x50000000' "$verb" \
		'(.[] | .guest?.ranges[]? | select(.kind == "memory") | .size_bytes) |= 268435456'
	check "$verb: no overhang where the guest was not looked at" hides 'reaches|^! +0x50000000' "$verb" \
		'.[0].guest = (.[0].guest | .state = "unread" | .ranges = [])'
	check "$verb: no overhang without a layout" hides 'reaches|^! +0x50000000' "$verb" '.[0].layout = null'
done
check 'explain: no walk where the MMU is off' hides 'walk of 0xffff|no translation' explain \
	'.[0].findings[0].context |= (.mmu = "off" | .walk.state = "mmu-off")'
check 'explain: no callers where none is' hides 'callers|no more' explain \
	'.[0].findings |= [.[0] | .context.backtrace |= [{address: "0x0"}]]'
check 'explain: where a walk was stopped' tells '    level 4 +0x9000fe0 +the host has not got the next table' explain \
	'.[0].findings[0].context.walk.state = "unreadable"'
check 'explain: a walk of a later version' tells '^    ended: other' explain '.[0].findings[0].context.walk.state = "other"'
check 'explain: a walk that tells nothing' tells 'walk of 0xffff800009000fe0, which does not explain the fault:' explain \
	'.[0].findings[0].context.walk.agrees = false'
check 'show: memory without any slot' tells '! the guest.s memory node far@9000000000: 1 GiB \(1073741824 bytes\) .*in no memslot' \
	show '.[0].guest.ranges += [{ipa: "0x9000000000", size_bytes: 1073741824, kind: "memory", name: "far@9000000000"}]'
check 'show: a hole in memory' tells 'has a hole: 2 MiB \(2097152 bytes\) at 0x8000200000' \
	show '.[0].guest.ranges += [{ipa: "0x8000000000", size_bytes: 6291456, kind: "memory", name: "m"}]'
check 'show: a device that nobody has' tells '^! .*npu@3c00000000 \(acme,npu\): neither KVM nor the VMM' show .
check 'show: not where the VMM is a guess' hides 'neither KVM nor' show '.[0].machine.confidence = 0.5'
check 'show: not where the VMM is unknown' hides 'neither KVM nor' show '.[0].machine = null'
check 'show: not a disabled one' hides 'wdt@9030000 .*neither' show .
check 'show: not one of which a part is there' hides 'intc@8000000.*neither' show .
check 'show: a slot without backing' tells '^! slot 3 \(0x10000000, 16 KiB\): nothing is mapped' show .
check 'show: a slot half backed' tells '^! slot 0 \(0x40000000\): only 1 MiB of its 256 MiB .* gap is at 0x40100000' show \
	'(.[0].layout.slots[] | select(.slot_id == 0) | .backing) |= (.covered_bytes = 1048576 | .gap = "0x40100000")'
check 'show: backing not known' tells '^Backing +not known: needs CAP_SYS_PTRACE' show \
	'.[0].layout |= (.backing_reason = "needs CAP_SYS_PTRACE" | .slots[].backing = null)'
check 'show: why there is no machine map' tells '^Machine +unknown: two maps fit' show \
	'.[0] |= (.vm.machine = null | .machine = null | .machine_reason = "two maps fit")'
check 'show: why there is no guest view' tells '^Guest +unreadable: needs CAP' show \
	'.[0].guest |= (.state = "unreadable" | .reason = "needs CAP_SYS_PTRACE" | .ranges = [] | .cpus = null | .gic = null)'
check 'show: AArch32' tells '^CPU mode +AArch32' show '.[0].layout.is_32bit = true'
many='.[0].layout.slots = [range(200) | {gpa: "0x\(. * 8388608 + 618475290624 | hex)", size_bytes: 8388608,
	slot_id: ., address_space: 0, flags: []}]'
check 'show: 200 slots are folded' tells '… 195 more like these, 0x9002000000-0x90637fffff, 1.5 GiB altogether' \
	show "$many"
check 'show: but not the one that differs' tells '^ +0x9032000000 +8 MiB slot 100 ro ' show \
	"$many | .[0].layout.slots[100].flags = [\"readonly\"]"

# ---- thousands of faults without an address --------------------------------------------------------------

storm='.[1].sites |= (map(select(.ipa == null)) | .[0] as $site | [range(3000) as $n | $site | .count = $n + 1 |
	.pc = "0x\($n * 4096 | hex)"])'
check 'map: 3000 faults without an address are folded' tells \
	'^ +… +and 2976 more with 4429776 accesses \(--json has all\)$' map "$storm"
check 'map: 24 of them are shown' test "$(grep -c '^ *- *emulation' "$work/out")" -eq 24
check 'map: the most frequent ones first' grep -q -m 1 '^ *- *emulation 3000 times' "$work/out"
check 'map: as few as before have no fold' hides '^ +… +and [0-9]+ more' map .

finish
