#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Text that is pasted or piped, and traces, with no daemon: what nisvctl makes of them.

# shellcheck disable=SC2317 # functions are called by check
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

[[ -x $build-san/nisvctl && -x $build-san/nisvd ]] && build=$build-san
work=$(mktemp -d)
traces=tests/corpus/traces
tag=
export LC_ALL=C.UTF-8 TERM=dumb NISVD_MACHINE_PATH=daemon/machines
unset NO_COLOR PAGER NISVCTL_PAGER COLUMNS
trap 'rm -rf "$work"' EXIT

n() {
	timeout 60 "$build/nisvctl" --socket "$work/none" "$@"
}

# from FILE ARGUMENT...: with FILE as standard input
from() {
	local file=$1
	shift
	n "$@" <"$file"
}

# ---- syndromes ------------------------------------------------------------------------------------

check 'an ESR' json '.esr == "0x92000007" and (.fields | length) > 5 and .far == null and
	(.syndromes | length) == 1 and .lines[0].kind == "numbers"' n -j decode 0x92000007
check 'three values' json '.far == "0x10" and .ipa == "0x9000fe0"' n -j decode 92000007 10 0x9000fe0
check 'a sign-extended ESR' json '.esr == "0x96000010" and (.syndromes[0].note | test("6.1"))' \
	n -j decode 0xffffffff96000010
check 'a value too wide' fails 2 'nothing in it is understood' n decode 0x10000000000000000
check 'four numbers' fails 2 'nothing in it is understood' n decode 1 2 3 4
printf '92000007 10\n\n92000045\n' >"$work/in"
check 'numbers on standard input' json '[.syndromes[].esr] == ["0x92000007", "0x92000045"]' \
	from "$work/in" -j decode
printf '92000007\nhello\n' >"$work/in"
check 'numbers among other lines are none' fails 2 'nothing in it is understood \(2 lines\)' \
	from "$work/in" decode
check 'an instruction' json '.instructions[0] | .text == "ldr w1, [x0], #4" and .described == false' \
	n -j decode 'instruction 0xb8404401'
check 'not a number' fails 2 'nothing in it is understood' n decode hello
check 'not a number, JSON' fails 2 '^\{"error"' n --json=short decode hello
check 'nothing on standard input' fails 2 'nothing in it is understood' from /dev/null decode

# ---- messages -------------------------------------------------------------------------------------

line='[    2.311817] kvm [106]: Data abort outside memslots with no valid syndrome info'
check 'the kernel' json '.esr == null and .exception == null and .fields == [] and (.lines[0] |
	.kind == "message" and .source == "kernel" and .outcome == "vm-killed" and
	(.caution | test("read-only")) and (.reference | test("io_mem_abort.*Linux 6.1")) and
	([.values[] | {(.name): .value}] | add) == {"pid": "106", "errno": "ENOSYS"})' n -j decode "$line"
check 'the kernel, as text' says '^Meaning +A guest accessed an address outside its memory' n decode "$line"
cat >"$work/qemu" <<'LOG'
2026-11-30T01:00:00 starting up libvirt version: 9.0.0
error: kvm run failed Function not implemented
 PC=0000000040080000 X00=0000000009000fe0 X01=0000000000000000
X02=0000000000000000 X03=0000000000000000 X04=0000000000000000
X29=0000000000000000 X30=0000000040080004  SP=0000000047ff0000
PSTATE=600003c5 -ZC- EL1h     FPCR=00000000 FPSR=00000000
LOG
check 'QEMU with its registers' json '(.lines[0].source == "qemu") and
	([.lines[] | select(.kind == "registers") | .values[] | {(.name): .value}] | add |
	.pc == "0x40080000" and .x0 == "0x9000fe0" and .pstate == "0x600003c5") and
	.not_understood == 1 and (.unknown[0] | test("libvirt"))' from "$work/qemu" -j decode
check 'QEMU with its registers, as text' says '^Registers +pc 0x40080000, x0 0x9000fe0' from "$work/qemu" decode
check 'what is not understood, as text' says '^1 line is not understood' from "$work/qemu" decode
cat >"$work/oops" <<'LOG'
[    1.23] Unable to handle kernel paging request at virtual address ffff800008001000
[    1.23] Mem abort info:
[    1.23]   ESR = 0x0000000096000007
[    1.23]   EC = 0x25: DABT (current EL), IL = 32 bits
[    1.23] Internal error: Oops: 0000000096000007 [#1] SMP
[    1.23] CPU: 0 PID: 1 Comm: swapper/0 Not tainted 6.1.0-13-arm64 #1
[    1.23] pc : pl011_read+0x10/0x20
[    1.23] x29: ffff80000801bb10 x28: 0000000000000000 x27: ffffd4b3c1a3e0a8
[    1.23] Call trace:
[    1.23]  pl011_read+0x10/0x20
[    1.23] Code: d503201f d65f03c0 (a9400801)
LOG
check "a guest's oops" json '.esr == "0x96000007" and .far == "0xffff800008001000" and
	(.syndromes | length) == 1 and .not_understood == 0 and
	.instructions[0].text == "ldp x1, x2, [x0]"' from "$work/oops" -j decode
printf 'Synchronous Exception at 0x5C6F1234\n  X0 0x9000000   X1 0x0\n ESR 0x96000010  FAR 0x9000000\n' >"$work/edk2"
check 'EDK2: address and registers make one syndrome' json '.syndromes[0] | .esr == "0x96000010" and
	.far == "0x9000000" and .pc == "0x5c6f1234" and (.note | test("ESR_EL1"))' from "$work/edk2" -j decode
cat >"$work/x86" <<'LOG'
KVM internal error. Suberror: 1
emulation failure
EAX=00000001 EBX=00000000 ECX=00000000 EDX=00000000
ESI=00000000 EDI=d0000000 EBP=00000000 ESP=00006f00
EIP=00008000 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0
ES =0000 00000000 0000ffff 00009300
CR0=60000010 CR2=00000000 CR3=00000000 CR4=00000000
Code=00 00 00 <67> 66 0f ef 07 00 00
LOG
check "QEMU's registers of x86: each line is a value, or counted" json '.not_understood == 0 and .part_lines == 3 and
	([.lines[] | select(.kind == "registers") | .values[] | {(.name): .value}] | add |
	.edi == "0xd0000000" and .eip == "0x8000" and .cr0 == "0x60000010")' from "$work/x86" -j decode
check "QEMU's registers of x86, as text" says '^3 more lines are part of these dumps' from "$work/x86" decode
check 'an old kernel, quoted without its prefix' says '^Meaning +A guest accessed an address outside its memory' \
	n decode 'load/store instruction decoding not implemented'
check 'one line is one line' fails 2 'nothing in it is understood \(1 line\)' n decode hello
check 'what to use instead' says '^Instead +use ' n decode 'instruction 0xa9400801'

# ---- lines of a trace -----------------------------------------------------------------------------

check 'a trace' json '[.lines[].event] | index("kvm_guest_fault") and index("kvm_mmio_nisv") and
	index("kvm_userspace_exit")' from $traces/ftrace-6.12.txt -j decode
check 'its last word' json '.lines[-1] | .outcome == "vm-killed" and .event == "kvm_userspace_exit"' \
	n -j decode 'a-1 [000] . 1.0: kvm_userspace_exit: reason error (38)'
cat "$traces"/ftrace-*.txt >"$work/in"
check 'more lines than are listed' json '(.lines | length) == 128 and .omitted_lines > 100 and
	.not_understood == 0' from "$work/in" -j decode
for trace in "$traces"/*.txt; do
	check "${trace##*/}: as text" says '^Meaning ' from "$trace" decode
done

# ---- what nobody should send ----------------------------------------------------------------------

head -c 491521 /dev/zero | tr '\0' 'x' >"$work/in"
check 'too much' fails 2 'longer than 480 KiB.*--file' from "$work/in" decode
head -c 491520 /dev/zero | tr '\0' '"' >"$work/in"
check 'as much as there may be' fails 2 'nothing in it is understood' from "$work/in" decode
{ echo 'esr=0x92000007' && yes x | head -n 40000 && echo 'esr=0x92000045'; } >"$work/in"
check 'more lines than are looked at' json '(.syndromes | length) == 1 and .not_understood == 40001 and
	(.unknown | length) == 8' from "$work/in" -j decode
head -c 400000 /dev/urandom >"$work/in"
printf '\nesr 0x92000007\n' >>"$work/in"
check 'noise around a value' json '.esr == "0x92000007"' from "$work/in" -j decode
printf 'esr\0 0x92000007 \033[31m\nhello\033[2J\0\302\233\n' >"$work/in"
check 'control characters' json '.esr == "0x92000007"' from "$work/in" -j decode
check 'control characters are not shown' bash -c "! '$build/nisvctl' --socket none decode <'$work/in' |
	LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]'"

# ---- whole traces ---------------------------------------------------------------------------------

f() {
	n --file "$traces/ftrace-6.12.txt" "$@"
}
check '--file: list' json '.vms | length == 8 and all(.origin == "trace" and .state == "traced")' f -j list
check '--file: list, as text' says '^154 +qemu-system-aar +qemu .*at 3\.28' f list
check '--file: explain' json '.vm.origin == "trace" and (.note | test("known from a trace alone")) and
	.findings[0].sites[0].ipa == "0xb0000540" and .findings[0].severity == "fatal"' f -j explain 154
check '--file: explain says so' says '^154 is known from a trace alone' f explain 154
check '--file: the host' says '^every VM here is known from a trace alone' f explain
check '--file: nothing to explain' says 'Not seen +memory map \(not-in-trace\)' f explain 172
check '--file: status' json '[.sources[] | select(.state == "in-trace") | .name] == ["kvm_guest_fault",
	"kvm_mmio_nisv", "kvm_userspace_exit", "kvm_mmio"] and .kernel == "unknown" and .arch == "arm64"' f -j status
check '--file: show' says '^State +traced' f show 154
check '--file: map' json '.sites[0].kind == "nisv"' f -j map 154
check '--file: events' json '.event.fault == null or .event.fault.ipa == "0xb0000540"' f -j events 154
check '--file: exit code' exits 5 f --exit-code explain
f export 154 >"$work/dossier"
check 'a dossier of it' json '.vm.origin == "trace" and .findings[0].sites[0].last == "3.288600"' \
	n --file "$work/dossier" -j explain 154
check 'without processes' says 'each thread counts as a VM' n --file "$traces/ftrace-6.12-threads.txt" explain 151
check 'lines that are not understood' says '1 of 24 lines were not understood' \
	n --file "$traces/perf-trace.txt" list
check 'lines that are not understood, JSON' json '.lost.trace_lines == 1' n --file "$traces/perf-trace.txt" -j status
(cat "$traces/trace-cmd.txt" && echo 'CPU:1 [LOST 123 EVENTS]') >"$work/lossy"
check 'events that the tool lost' json '.lost.trace_events == 123' n --file "$work/lossy" -j status
check 'from a pipe' json '.vms | length == 5' n --file <(cat "$traces/trace-cmd.txt") -j list
printf '\027\010\104tracing6\0' >"$work/trace.dat"
check "a tool's own file" fails 1 'trace-cmd report' n --file "$work/trace.dat" list
check 'neither' fails 1 'no dossier, and no trace' n --file "$work/oops" list

finish
