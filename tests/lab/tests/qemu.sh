#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real guests on a real QEMU, on a real Debian host with systemd and journald: healthy ones yield nothing,
# misconfigured ones their cause.
#   tests/lab/tests/qemu.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

# shellcheck disable=SC2034 # of host.sh
seconds=600
images=${top:?}/build/arm64/tests/images
work=$(mktemp -d "${TMPDIR:-/tmp}/nisvd-qemu.XXXXXX")
trap 'rm -rf "$work"' EXIT
kernel=${1:?which kernel?}
"$top/tests/lab/lab" fetch "$kernel" || exit
cache=${NISVD_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nisvd-lab}/kernels/$kernel

# The Linux guest: the host's own kernel, and a root of busybox.
install -D "$cache/busybox" "$work/root/bin/busybox"
install "$images/devcopy" "$work/root/bin/devcopy"
install "$top/tests/guests/images/init" "$work/root/init"
(cd "$work/root" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/root.cpio"

# tree NAME OPTIONS: what a virt machine with 256 MiB and these options tells its guest. QEMU dumps a
# megabyte and makes more of it when it gets that as -dtb; Linux takes trees of up to 2 MiB
# (arch/arm64/include/asm/boot.h: MAX_FDT_SIZE).
tree() {
	qemu-system-aarch64 -display none -nodefaults -cpu cortex-a57 -m 256M \
		-machine "virt,$2,dumpdtb=$work/$1.full" 2>/dev/null
	PYTHONPATH=$tests/lib PYTHONDONTWRITEBYTECODE=1 \
		python3 -c 'import fdt, sys; sys.stdout.buffer.write(fdt.packed(sys.stdin.buffer.read()))' \
		<"$work/$1.full" >"$work/$1.dtb"
}
tree larger gic-version=3
tree gicv2 gic-version=2
tree lowecam gic-version=3,highmem=off

copies=(--copy "$cache/Image:/root/Image" --copy "$work/root.cpio:/root/root.cpio")
for image in "$images"/*.img "$images"/*.elf "$work"/*.dtb; do
	copies+=(--copy "$image:/root/${image##*/}")
done
lab_test "$kernel" neoverse-n1 -- --image "${copies[@]}"
