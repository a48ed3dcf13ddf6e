# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the device trees of guesttree/guest into a folder: trees.py FOLDER."""

import pathlib
import sys

from fdt import intc, machine, memory, uart

RAM = 0x40000000
MIB = 1 << 20


def main():
    folder = pathlib.Path(sys.argv[1])
    virt = (intc(0x8000000, 0x80A0000, 0xF60000), uart(0x9000000))
    trees = {
        "larger": machine(1, memory(RAM, 256 * MIB), *virt, room=MIB - 4096),
        "right": machine(1, memory(RAM, 128 * MIB), *virt),
        # Of two nodes the second begins in the RAM and ends 12 KiB behind it.
        "firecracker": machine(2, memory(0x80000000, MIB),
                               memory(0x80100000, 31 * MIB + 0x3000)),
        "broken": machine(1, memory(RAM, 128 * MIB))[:60] + b"\xee" * 200,
    }
    for name, blob in trees.items():
        (folder / f"{name}.dtb").write_bytes(blob)


main()
