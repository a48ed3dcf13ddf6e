#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A real QEMU: on q35 and microvm a healthy guest yields nothing, and one that KVM cannot emulate its cause,
# with what QEMU itself printed.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
[[ $(uname -m) == x86_64 ]] || skip 'QEMU for arm64 runs in the lab (tests/lab/tests/qemu.sh)'
setup
launch || exit 1

# QEMU 7.2 dies where a KVM, such as a nested one, has not the IA32_ARCH_CAPABILITIES that it tells of.
# qemu NAME MACHINE IMAGE: in the background, its pid in $vmm, what it says in $work/NAME.
qemu() {
	qemu-system-x86_64 -name "guest=$tag-$1" -machine "$2" -accel kvm -cpu host,-arch-capabilities \
		-m 128M -nodefaults -nic none -display none -serial stdio \
		-device isa-debug-exit,iobase=0x501 -kernel "$build/tests/images/$3.elf" \
		</dev/null >"$work/$1" 2>&1 &
	vmm=$!
	pids+=("$vmm")
}

for machine in q35 microvm; do
	qemu "$machine-ok" "$machine" hello
	wait "$vmm"
	is "$machine: the healthy guest ends QEMU" 1 $?
	contains "$machine: it spoke" "$(<"$work/$machine-ok")" 'all is well'
	is "$machine: it has no finding" '[]' "$(n list -a --json=short |
		jq -c "[.vms[] | select(.name == \"$tag-$machine-ok\") | .worst | select(. != null)]")"

	qemu "$machine-bad" "$machine" pxor
	exec 9< <(n events -f --json=short)
	grep -q -m 1 "\"$vmm-.*\"fault\"\|\"fault\".*\"$vmm-" <&9
	exec 9<&-
	answer=$(n explain "$tag-$machine-bad" --json=short)
	is "$machine: the cause" x86-emulation-failure-mmio "$(jq -r '.findings[0].cause' <<<"$answer")"
	is "$machine: the address" 0xfed40000 "$(jq -r '.findings[0].address' <<<"$answer")"
	is "$machine: the machine" "qemu-$machine-x86_64" "$(jq -r '.vm.machine' <<<"$answer")"
	contains "$machine: what QEMU prints is told" "$(n explain "$tag-$machine-bad")" \
		'KVM internal error. Suberror: 1'
	# It stays, stopped.
	kill "$vmm"
	wait "$vmm"
	contains "$machine: and QEMU printed it" "$(<"$work/$machine-bad")" 'KVM internal error. Suberror: 1'
done
is 'nothing lost' '[]' "$(n status --json=short | jq -c '[.lost | to_entries[] | select(.value > 0)]')"
finish
