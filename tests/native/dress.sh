#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Test VMs dressed as each x86 VMM, with its command line and what it makes in KVM: each gets the right
# machine map. With the same layout and a command line that says nothing, the layout alone gets the same or
# no map, never that of another machine.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup

# NAME | machine | machine without the dress, or none | what the VMM makes | its command line, with NAME as
# the name. RAM, and where the VMM's own source has the rest:
#   q35       4G split at 2G, SMRAM and TSEG: hw/i386/pc_q35.c, hw/pci-host/q35.c; virtio-pci in the hole
#   pc        4G split at 3G: hw/i386/pc_piix.c
#   small     a PC of less memory can be either
#   microvm   hw/i386/microvm.c: transports from 0xfeb00000, devices from the last one down
#   fc        x86_64/layout.rs: MMIO32 devices from 0xc0001000, PCI ones from 256G (1.13 and later)
#   fc-old    0xd0000000 until 1.12, as libkrun
#   ch        x86_64/layout.rs: TSS at 0xf8000000; KVM has no IOAPIC; BARs from the top
#   crosvm    x86_64/src/lib.rs, arch_memory_regions(): a slot for what a PC has VGA and ROMs in
#   crosvm-old  one slot
#   kvmtool   x86/include/kvm/kvm-arch.h: virtio-mmio from 0xd3000000
#   kvmtool-pci  BARs from 0xd2000000; the doorbell is behind the 0x38 bytes of the common configuration
#   krun      src/arch/src/x86_64/layout.rs
mapfile -t table <<'ROWS'
q35|qemu-q35-x86_64|qemu-q35-x86_64|--tss 0xfeffd000 --irqchip kernel --slot 1M,2031M --slot 0,640K --slot 0xc0000,256K,ro --slot 4G,2G --slot 0xfffc0000,256K,ro --slot 0,640K,smm --slot 0xa0000,128K,smm --slot 1M,2047M,smm --slot 4G,2G,smm --ioeventfd 0xfe003000,0 --ioeventfd 0xfe003004,0|qemu-system-x86_64 -name guest=NAME,debug-threads=on -machine pc-q35-9.2,accel=kvm -m 4096 -smp 2
pc|qemu-pc-x86_64|qemu-pc-x86_64|--tss 0xfeffd000 --irqchip kernel --slot 1M,3071M --slot 0,640K --slot 0xc0000,256K,ro --slot 4G,1G --slot 0xfffc0000,256K,ro --ioeventfd 0xfe003000,0|qemu-system-x86_64 -name guest=NAME -machine pc-i440fx-9.2,accel=kvm -m 4096 -smp 2
default|qemu-pc-x86_64|none|--tss 0xfeffd000 --irqchip kernel --slot 1M,511M --slot 0,640K --slot 0xc0000,256K,ro --slot 0xfffc0000,256K,ro|qemu-system-x86_64 -name NAME -accel kvm -m 512
small|qemu-q35-x86_64|none|--tss 0xfeffd000 --irqchip kernel --slot 1M,511M --slot 0,640K --slot 0xc0000,256K,ro --slot 0xfffc0000,256K,ro|qemu-system-x86_64 -name guest=NAME -machine q35 -accel kvm -m 512
microvm|qemu-microvm-x86_64|qemu-microvm-x86_64|--tss 0xfeffd000 --irqchip kernel --slot 1M,511M --slot 0,1M --slot 0xffff0000,64K --ioeventfd 0xfeb02e50 --ioeventfd 0xfeb02c50|qemu-system-x86_64 -name NAME -M microvm,x-option-roms=off -accel kvm -m 512m -smp 2
fc|firecracker-x86_64|firecracker-x86_64|--irqchip kernel --slot 0,512M --ioeventfd 0xc0001050 --ioeventfd 0xc0002050|firecracker --id NAME --api-sock /run/NAME.sock
fc-pci|firecracker-x86_64|firecracker-x86_64|--irqchip kernel --slot 0,512M --ioeventfd 0x4000006000 --ioeventfd 0x4000086000|firecracker --id NAME --api-sock /run/NAME.sock --enable-pci
fc-old|firecracker-x86_64|none|--irqchip kernel --slot 0,512M --ioeventfd 0xd0001050 --ioeventfd 0xd0002050|firecracker --id NAME --api-sock /run/NAME.sock
ch|cloud-hypervisor-x86_64|none|--tss 0xf8000000 --irqchip split --slot 0,512M --ioeventfd 0x3ffffff86000 --ioeventfd 0x3ffffff86004|cloud-hypervisor --api-socket /run/NAME.sock --kernel /boot/vmlinux --memory size=512M --cpus boot=2
crosvm|crosvm-x86_64|crosvm-x86_64|--irqchip kernel --slot 1M,511M --slot 0,640K --slot 640K,384K --ioeventfd 0x100003000,0 --ioeventfd 0x10000b000,0|crosvm run --name NAME --cpus 2 --mem 512 --socket /run/NAME.sock /boot/vmlinux
crosvm-old|crosvm-x86_64|none|--irqchip kernel --slot 0,512M --ioeventfd 0x100003000,0|crosvm run --name NAME -c 2 -m 512 /boot/vmlinux
kvmtool|kvmtool-x86_64|kvmtool-x86_64|--irqchip kernel --slot 0,512M --ioeventfd 0xd3000050 --ioeventfd 0xd3000250|lkvm run --name NAME -m 512 -c 2 --virtio-transport mmio
kvmtool-pci|kvmtool-x86_64|none|--irqchip kernel --slot 0,512M --ioeventfd 0xd2000438,2|lkvm run --name NAME -m 512 -c 2
krun|libkrun-x86_64|none|--irqchip kernel --slot 0,512M --ioeventfd 0xd0001050 --ioeventfd 0xd0002050|krunvm start NAME
ROWS

# Split into words as they are: options and arguments have no blanks in them. A VM that this kernel cannot
# make (SMM) says so; the others are looked at.
declare -A pid_of
rows=()
mkfifo "$work/ready"
exec 9<>"$work/ready"
for row in "${table[@]}"; do
	IFS='|' read -r name _ _ made line <<<"$row"
	read -ra options <<<"$made"
	read -ra words <<<"${line//NAME/$tag-$name}"
	for dress in "$name" "plain-$name"; do
		[[ $dress == "$name" ]] || words=("$tag-$dress")
		"$build/tests/testvmm" --idle --vcpus 2 "${options[@]}" --ready "$work/ready" --report /dev/null \
			--dress "${words[@]}" &
		pid_of[$dress]=$!
		pids+=($!)
		until read -r -t 1 -u 9 _; do
			kill -0 "$!" 2>/dev/null || continue 3
		done
	done
	rows+=("$row")
done

# After them: where no hook tells of new VMs, it would have to be awaited.
launch || exit 1

# machine_of PID: what show says, "sure" if it goes by command line or name.
machine_of() {
	n show "$1" --json=short |
		jq -r '"\(.vm.machine // "none")\(if .machine.confidence >= 0.7 then ", sure" else "" end)"'
}

for row in "${rows[@]}"; do
	IFS='|' read -r name machine plain _ <<<"$row"
	is "$name" "$machine, sure" "$(machine_of "${pid_of[$name]}")"
	is "$name without its command line" "$plain" "$(machine_of "${pid_of[plain-$name]}")"
done
finish
