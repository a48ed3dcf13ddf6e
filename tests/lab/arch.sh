# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # for the files that source it
#
# What differs between the architectures of the host kernels. Sourced by tests/lab/lab.

# arch_use ARCH: sets, for arm64 or x86_64 as the Makefile calls them:
#   arch           ARCH
#   debian_arch    what Debian calls it
#   triplet        of the folders with its libraries
#   loader         the program that loads them, as programs name it, without the first slash
#   kvm_modules    the modules that make /dev/kvm; none where Debian's kernels have KVM built in
#   qemu machine accel cpu console   QEMU, its machine, how it emulates, the CPU model by default, and
#                  the kernel's console
arch_use() {
	arch=$1
	case $arch in
	arm64)
		debian_arch=arm64 triplet=aarch64-linux-gnu loader=lib/ld-linux-aarch64.so.1
		kvm_modules=
		qemu=qemu-system-aarch64 machine=virt,virtualization=on,gic-version=3
		accel=tcg cpu=neoverse-n1 console=ttyAMA0
		;;
	x86_64)
		debian_arch=amd64 triplet=x86_64-linux-gnu loader=lib64/ld-linux-x86-64.so.2
		# QEMU emulates AMD's virtualisation and not Intel's.
		kvm_modules=kvm-amd
		qemu=qemu-system-x86_64 machine=q35 cpu=max,+svm console=ttyS0
		# With a thread for each CPU, QEMU 7.2 corrupts what runs beside a busy guest of SVM: about one
		# boot in four died in its kernel's scheduler, or lost its VMM.
		accel=tcg,thread=single
		;;
	esac
}

# bytes_at FILE OFFSET COUNT
bytes_at() {
	tail -c +$(($2 + 1)) "$1" 2>/dev/null | head -c "$3" | tr -d '\0'
}

# image_arch FILE: of which architecture this kernel is; fails when it is none. arm64: an Image
# (Documentation/arch/arm64/booting.rst: magic at offset 56), or one compressed with gzip, which
# QEMU unpacks. x86_64: a bzImage (Documentation/arch/x86/boot.rst: magic at offset 0x202).
image_arch() {
	if [ "$(bytes_at "$1" 56 4)" = ARMd ] || [ "$(bytes_at "$1" 0 2)" = $'\x1f\x8b' ]; then
		echo arm64
	elif [ "$(bytes_at "$1" $((0x202)) 4)" = HdrS ]; then
		echo x86_64
	else
		return 1
	fi
}
