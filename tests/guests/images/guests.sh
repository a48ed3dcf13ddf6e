# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the guests of real VMMs are made of, in one folder. Sourced by the demo and by lab tests.

images=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# tree FOLDER NAME OPTIONS: what a virt machine with 256 MiB and these options tells its guest. QEMU dumps a
# megabyte and makes more of it when it gets that as -dtb; Linux takes trees of up to 2 MiB
# (arch/arm64/include/asm/boot.h: MAX_FDT_SIZE).
tree() {
	qemu-system-aarch64 -display none -nodefaults -cpu cortex-a57 -m 256M \
		-machine "virt,$3,dumpdtb=$1/full" 2>/dev/null
	PYTHONPATH=$images/../../lab/tests/lib PYTHONDONTWRITEBYTECODE=1 \
		python3 -c 'import fdt, sys; sys.stdout.buffer.write(fdt.packed(sys.stdin.buffer.read()))' \
		<"$1/full" >"$1/$2.dtb"
	rm "$1/full"
}

# guests FOLDER KERNEL: fills FOLDER with flat kernels, the lab's KERNEL and a root for it, and trees.
guests() {
	local built=$images/../../../build/arm64/tests/images kernel
	kernel=$("$images/../../lab/lab" where "$2") || return
	cp "$built"/*.img "$built"/*.elf "$kernel/Image" "$1"
	install -D "$kernel/busybox" "$1/root/bin/busybox"
	install "$built/devcopy" "$1/root/bin/devcopy"
	install "$images/init" "$1/root/init"
	(cd "$1/root" && find . | cpio --quiet -o -H newc -R 0:0) >"$1/root.cpio"
	rm -r "$1/root"
	tree "$1" larger gic-version=3
	tree "$1" gicv2 gic-version=2
	tree "$1" lowecam gic-version=3,highmem=off
}
