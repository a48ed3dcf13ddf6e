#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Writes the device trees that the cases name as @trees into a folder: those of QEMU for other options
# than the VM's, and some that nobody makes.
#   tests/corpus/trees.sh FOLDER
set -eu
here=$(dirname "$0")

# tree NAME OPTIONS...: what QEMU gives its guest with them.
tree() {
	local name=$1
	shift
	qemu-system-aarch64 -display none -nodefaults -cpu cortex-a53 "$@" \
		-machine "dumpdtb=$folder/$name.dtb" >"$folder/log" 2>&1 || {
		cat "$folder/log"
		exit 1
	}
	rm -f "$folder/log"
}

folder=${1:?which folder?}
virt=virt,gic-version=3
tree right -M $virt -m 128M
tree larger -M $virt -m 256M
tree huge -M $virt -m 2G
tree cpus -M $virt -m 128M -smp 4
tree gicv2 -M virt,gic-version=2 -m 128M
tree window -M $virt -m 128M
tree smmu -M $virt,iommu=smmuv3 -m 128M
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../lab/tests/lib python3 "$here/trees.py" "$folder"
