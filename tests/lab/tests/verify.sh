#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What will fail in a VM's memory map: nothing is said of a healthy VM with the device tree that QEMU
# makes for it, and one thing that is wrong is told by its name.
#   tests/lab/tests/verify.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/nisvd-verify.XXXXXX")
trap 'rm -rf "$work"' EXIT

# tree NAME OPTIONS...: what QEMU gives its guest with them.
tree() {
	local name=$1
	shift
	qemu-system-aarch64 -display none -nodefaults -cpu cortex-a53 "$@" \
		-machine "dumpdtb=$work/$name.dtb" >"$work/qemu.log" 2>&1 || {
		cat "$work/qemu.log"
		exit 1
	}
}

virt=virt,gic-version=3,its=off
tree right -M $virt -m 128M -smp 2
tree larger -M $virt -m 256M -smp 2
tree cpus -M $virt -m 128M -smp 4
tree gicv2 -M virt,gic-version=2 -m 128M -smp 2
tree its -M virt,gic-version=3 -m 128M -smp 2
tree lowecam -M $virt,highmem=off -m 128M -smp 2
tree smmu -M $virt,iommu=smmuv3 -m 128M -smp 2

copies=()
for blob in "$work"/*.dtb; do
	copies+=(--copy "$blob:/root/${blob##*/}")
done
lab_test "${1:?which kernel?}" neoverse-n1 -- --no-daemon "${copies[@]}"
