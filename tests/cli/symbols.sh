#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# explain --symbols: the guest's functions by name, wherever KASLR moved its kernel, and no name where none
# is right; and files that are no System.map.

# shellcheck disable=SC2317,SC2016 # functions are called by check; ` of what nisvctl prints
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

# shellcheck source=tests/cli/canned
. "$(dirname "$0")/canned"

# The kernel of "explain web1" has VBAR_EL1 0xffffb5d2c8810800, and runs 0x35d2c0800000 above these.
cat >"$work/all" <<'END'
ffff800008000000 T _text
ffff800008010800 T vectors
ffff800008011000 T __bp_harden_el1_vectors
ffff800008700000 t pl011_read
ffff80000871b800 t local_alias
ffff80000871b800 T pl011_probe
ffff80000871b860 t $x.12
ffff80000871b861 A _a_number
ffff800008720000 t amba_probe
ffff800009000000 R __start_rodata
END
without() {
	grep -v " $1\$" "$work/all"
}
moved() {
	sed "s/^.* vectors\$/$1 T vectors/" "$work/all"
}

# shows PATTERN FILTER [FILE]: explain with the symbols of FILE, after FILTER of jq on what the daemon says.
shows() {
	answer explain "$2" && draw 132 C.UTF-8 explain --symbols "${3-$work/all}" &&
		tr -s '\n ' ' ' <"$work/out" | grep -qE -- "$1" && return
	cat "$work/out" "$work/err"
	return 1
}
lacks() {
	answer explain "$2" && draw 132 C.UTF-8 explain --symbols "${3-$work/all}" &&
		! grep -nE -- "$1" "$work/out"
}

# ---- a kernel that was moved --------------------------------------------------------------------------

check 'the PC' shows 'pc 0xffffb5d2c8f1b864 \(pl011_probe\+0x64\), ESR' .
check 'a caller' shows ' 0xffffb5d2c8f1b858 pl011_probe\+0x58 ' .
check 'a caller: a static function' shows ' 0xffffb5d2c8f0a2d0 pl011_read\+0xa2d0 ' .
check 'a call at the end of a function returns to the next one' shows ' 0xffffb5d2c8f20000 pl011_probe\+0x4800 ' .
check 'data is no caller' shows ' 0xffffb5d2c9800010 \(no more' \
	'.[0].findings[0].context.backtrace[3].address = "0xffffb5d2c9800010"'
check 'how far it was moved' shows 'symbols of [^ ]*/all, moved to where VBAR_EL1 has the vectors, by 0x35d2c0800000 ' .
without vectors >"$work/no-vectors"
check 'no symbol "vectors": not moved' lacks '[a-z0-9_]\+0x[0-9a-f]+\)|8f1b858 ' . "$work/no-vectors"
check 'no symbol "vectors": says so' shows 'no-vectors, as they are: VBAR_EL1 does not fit' . "$work/no-vectors"
check 'VBAR_EL1 of an earlier time: not moved' lacks 'pl011_probe' '.[0].findings[].context |= (.vbar? = null)'
check 'VBAR_EL1 of an earlier time: says so' shows 'as they are: VBAR_EL1 at the fault is not known' \
	'.[0].findings[0].context.vbar = null'
# One page lower, hence moved one page more; and half a page.
moved ffff80000800f800 >"$work/page"
check 'moved by whole pages' shows 'by 0x35d2c0801000 ' . "$work/page"
moved ffff800008010900 >"$work/half"
check 'moved by less than a page: it is another table of vectors' shows 'half, as they are: VBAR_EL1 does not fit' . \
	"$work/half"
# Against Spectre-BHB a CPU has one of the copies in VBAR_EL1: here the second, 2 KiB behind the first. By
# "vectors" alone the kernel would seem to be two pages lower.
sed 's/^.* vectors$/ffff800008012800 T vectors/; s/^.* __bp_harden/ffff800008010000 T __bp_harden/' "$work/all" >"$work/bhb"
check 'hardened vectors' shows 'pl011_probe\+0x64.* by 0x35d2c0800000 ' . "$work/bhb"
# As the running guest has them itself, with those of its modules.
while read -r address rest; do
	printf '%016x %s\n' $((0x$address + 0x35d2c0800000)) "$rest"
done <"$work/all" >"$work/kallsyms"
printf 'ffffb5d2d0000000 t probe\t[virtio_mmio]\n' >>"$work/kallsyms"
check 'kallsyms of the guest' shows 'pl011_probe\+0x64.*kallsyms, as they are: VBAR_EL1 is where' . "$work/kallsyms"
check 'a module' shows ' 0xffffb5d2d0000010 probe\+0x10 \[virtio_mmio\] ' \
	'.[0].findings[0].context.backtrace[3].address = "0xffffb5d2d0000010"' "$work/kallsyms"
check 'far past the last function' lacks 'probe\+0x[0-9a-f]+ \[' \
	'.[0].findings[0].context.backtrace[3].address = "0xffffb5d2d1000000"' "$work/kallsyms"
check 'a pipe' shows 'pl011_probe\+0x64' . <(cat "$work/all")
printf '%s' "$(<"$work/all")" >"$work/unended"
check 'no newline at the end' shows 'pl011_probe\+0x64' . "$work/unended"

# ---- what has no name ---------------------------------------------------------------------------------

{
	printf '0000aaaad0000000 T low\n'
	cat "$work/all"
} >"$work/low"
check "a process's addresses" lacks 'low\+' . "$work/low"
check "the kernel's own low addresses" shows 'low\+0xff0' '.[0].findings[1].context.side = "kernel"' "$work/low"
x86='.[0].findings |= (.[0:1] | .[0].context |= (.el = null | .vbar = null | .walk = null | .code = "64-bit"))'
check 'x86: as they are' shows 'as they are: no register of x86 tells' "$x86"
check 'no registers' shows 'as they are: the registers at the fault are not known' \
	'.[0].findings[0].context |= (.el = null | .vbar = null | .side = null | .code = "unknown")'
printf 'ffffb5d2c8f1b800 T x86_probe\n' >"$work/x86"
check 'x86: names' shows 'pc 0xffffb5d2c8f1b864 \(x86_probe\+0x64\)' "$x86" "$work/x86"
answer explain .
draw 80 C explain -j && cp "$work/out" "$work/plain"
draw 80 C explain -j --symbols "$work/all"
check 'JSON has addresses only' diff "$work/plain" "$work/out"
check 'no context' shows 'mmio-storm' '.[0].findings |= .[2:3]'
check 'groups' shows 'VMs, one cause' \
	'[{findings: [], groups: [{signature: "x", vms: [{id: "1-2"}, {id: "1-3"}], finding: .[0].findings[0]}]}, .[1]]'

# ---- files that are none ------------------------------------------------------------------------------

n() {
	timeout 20 "$build/nisvctl" --socket "$work/nobody" "$@"
}
# refused PATTERN: the file on standard input.
refused() {
	cat >"$work/file"
	fails 1 "$1" n explain --symbols "$work/file"
}
check 'not there' fails 1 'cannot read the symbols /nonexistent: No such file' n explain --symbols /nonexistent
check 'not there: JSON' fails 1 '^\{"error":null,"message":"cannot read the symbols' \
	n explain --json=short --symbols /nonexistent
check 'a folder' fails 1 'Is a directory' n explain --symbols "$work"
check 'endless' fails 1 'larger than 64 MiB' n explain --symbols /dev/zero
check 'empty' refused 'no function in it' </dev/null
check 'data only' refused 'no function in it' <<<'ffff800009000000 R __start_rodata'
check 'hidden addresses' refused 'every address .* is 0: .*kptr_restrict' <<<$'0000000000000000 T a\n0000000000000000 t b'
good='ffff800008000000 T _text'
for line in hello '' ' ' 'T _text' 'ffff800008000000' 'ffff800008000000 T' 'ffff800008000000 _text' \
	'0xffff800008000000 T a' '1ffff800008000000 T a' 'ffff800008000000 T a b' 'ffff800008000000 T a [bcd' \
	'ffff800008000000 T a []' 'ffff800008000000 T a [b] c' 'ffff800008000000T a' 'ffff800008000000 1 a' \
	$'ffff800008000000 T a\r' $'ffff800008000000 T a\x7f' $'ffff800008000000 T a\e[31m' $'ffff800008000000 T \xc2\x9b' \
	"ffff800008000000 T $(printf '%0600d' 0)" "ffff800008000000 T a [$(printf '%080d' 0)]"; do
	if [[ $line =~ ^\ *$ ]]; then
		check "an empty line is none: \"$line\"" shows 'symbols of' . <(printf '%s\n%s\n%s\n' "$good" "$line" "$good")
	else
		check "line 2: $(printf '%.48q' "$line")" refused 'file, line 2: expected ADDRESS TYPE NAME' < <(printf '%s\n%s\n' "$good" "$line")
	fi
done
for nul in '\0' 'ffff800008000000 T a\0b'; do
	printf "%s\n$nul\n" "$good" >"$work/nul"
	check "a NUL byte: $nul" fails 1 'line 2: expected' n explain --symbols "$work/nul"
done
yes '0 t a' | head -n 2097153 >"$work/many"
check 'too many' fails 1 'more than 2097152 symbols' n explain --symbols "$work/many"
yes "ffff800008000000 T $(printf 'x%.0s' {1..400})" | head -c 67108865 >"$work/large"
check 'too large' fails 1 'larger than 64 MiB' n explain --symbols "$work/large"
rm "$work/many" "$work/large"
head -c 300000 /dev/urandom >"$work/random"
check 'random bytes' fails 1 'random, line' n explain --symbols "$work/random"
check 'a good one: then it asks' fails 4 'not running' n explain --symbols "$work/all"
check 'not for another verb' fails 2 'show has no option --symbols' n show --symbols "$work/all" x

finish
