#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisv-dossier(5) and the interface text document every member of a dossier, with its type.

# shellcheck disable=SC2016,SC2317 # $ of other shells; functions are called by check
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

export LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# documented [--whole] FILE...: all lines of these dossiers.
documented() {
	local whole=()
	[[ $1 != --whole ]] || whole=("$1")
	jq -c 'select(.nisv_dossier)' "${@:${#whole[@]}+1}" >"$work/header" &&
		jq -c 'select(.nisv_dossier | not)' "${@:${#whole[@]}+1}" >"$work/events" &&
		jq -c '.fault // empty' "$work/events" >"$work/faults" &&
		python3 tests/cli/idl.py "${whole[@]}" daemon/edge/io.nisvd.Monitor.varlink man/nisv-dossier.5.scd \
			Header="$work/header" Event="$work/events" Fault="$work/faults"
}

# Of older versions some lack members that came later.
check 'dossiers of the corpus' documented tests/corpus/dossiers/*/*.jsonl

export NISVD_MACHINE_PATH=daemon/machines
for file in tests/corpus/dossiers/*/{bar-pair,backing-truncated,hole-writes,tree-larger-walk}*.jsonl; do
	name=${file##*/}
	"$build/nisvctl" --file "$file" export "${name%.jsonl}" >"$work/$name.now" || exit
	"$build/nisvctl" --file "$file" export "${name%.jsonl}" --redact >"$work/$name.redacted" || exit
done
check 'dossiers as they are written now: nothing is missing' documented --whole "$work"/*.now
check 'redacted ones: nothing is missing' documented --whole "$work"/*.redacted

# ---- what was stored beside what is said now ------------------------------------------------------

# explained FILE FILTER: of explain, as JSON.
explained() {
	"$build/nisvctl" --file "$1" explain "$(sed -n '2s/.*"vm_key":"\([0-9a-f]*\)".*/\1/p' "$1")" --json=short | jq -e "$2"
}
for file in tests/corpus/dossiers/*/*.jsonl; do
	explained "$file" '.stored.redacted == false and .stored.version != ""' >/dev/null || echo "$file"
done >"$work/wrong"
check 'every dossier: what was stored is told' test ! -s "$work/wrong"
pairs=tests/corpus/dossiers/arm64/copy-pairs.jsonl
"$build/nisvctl" --file "$pairs" export copy-pairs --redact >"$work/redacted"
check 'redacted: no register, no instruction' bash -c '! grep -E "ldp|\"descriptor\"|\"frames\"|\"x[0-9]+ " "$1"' - "$work/redacted"
check 'redacted: what is found now, and what was' explained "$work/redacted" '.stored.redacted and .stored.differs and
	.findings[0].cause == "device-access-nisv-instruction" and .stored.findings[0].cause == "simd-memcpy-on-device" and
	(.note | contains("redacted"))'
COLUMNS=132 check 'redacted: as text' says 'which wrote the dossier, found otherwise: [a-z]+ simd-memcpy-on-device \(certain\)' \
	"$build/nisvctl" --file "$work/redacted" explain copy-pairs
COLUMNS=132 check 'redacted: as text, of no VM in particular' says '^the dossier of copy-pairs was redacted: registers, instructions' \
	"$build/nisvctl" --file "$work/redacted" explain
check 'not redacted: not a word' bash -c '! "$1" --file "$2" explain | grep redacted' - "$build/nisvctl" "$pairs"
sed 's/"cause":"simd-memcpy-on-device"/"cause":"of-old\\u001b[31m"/' "$pairs" >"$work/older"
COLUMNS=132 check 'an older one with other rules' says 'found otherwise: [a-z]+ of-old\\x1b\[31m' "$build/nisvctl" --file "$work/older" explain copy-pairs
check 'the same rules: not a word' bash -c '! "$1" --file "$2" explain copy-pairs | grep "which wrote"' - "$build/nisvctl" "$pairs"

# ---- one address ----------------------------------------------------------------------------------

vector=tests/corpus/dossiers/x86_64/vector-protected.jsonl
check 'x86: by the address that the registers tell' says 'on 0xb0000000, where no memory' \
	"$build/nisvctl" --file "$vector" explain vector-protected 0xb0000010
check 'x86: address 0 is not that of faults without one' says 'no finding at 0x0; it has some at 0xb0000000' \
	"$build/nisvctl" --file "$vector" explain vector-protected 0
COLUMNS=132 check 'none there: where there are some' says 'no finding at 0x895440; it has some at 0xa000100$' \
	"$build/nisvctl" --file "$pairs" explain copy-pairs 9000000
COLUMNS=132 check 'none there: how the number was read' says 'no finding at 0x895440 \(9000000 is decimal' \
	"$build/nisvctl" --file "$pairs" explain copy-pairs 9000000
check 'none there: nothing is said of hexadecimal digits' bash -c '! "$1" --file "$2" explain copy-pairs 0x9000000 | grep decimal' - "$build/nisvctl" "$pairs"

finish
