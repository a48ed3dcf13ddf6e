# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes device trees that no VMM here makes into a folder: trees.py FOLDER."""

import pathlib
import struct
import sys

from fdt import cells, intc, machine, memory, text, uart, wide

RAM = 0x40000000
MIB = 1 << 20


def framebuffer(base, size):
    return (f"framebuffer@{base:x}", ("compatible", text("simple-framebuffer")),
            ("reg", wide(base, size)), ("width", cells(1024)), ("height", cells(768)))


def pci(window, size):
    """The host bridge of QEMU's virt, with another window below 4 GiB."""
    return (f"pcie@{window:x}", ("compatible", text("pci-host-ecam-generic")),
            ("device_type", text("pci")), ("#address-cells", cells(3)), ("#size-cells", cells(2)),
            ("reg", wide(0x4010000000, 0x10000000)),
            ("ranges", cells(0x2000000, 0, window, 0, window, 0, size)))


def main():
    folder = pathlib.Path(sys.argv[1])
    virt = (intc(0x8000000, 0x80A0000, 0xF60000), uart(0x9000000))
    trees = {
        # Memory that ends in the middle of a page.
        "odd": machine(1, memory(RAM, 128 * MIB + 0x800), *virt),
        "framebuffer": machine(1, memory(RAM, 128 * MIB), framebuffer(0x3C000000, 3 * MIB), *virt),
        # A window that begins 16 MiB before the machine's.
        "window-early": machine(1, memory(RAM, 128 * MIB), pci(0xF000000, 0x2FFF0000), *virt),
        # Firecracker's, for 16 MiB more; it has no UART node without console=.
        "fc": machine(1, memory(0x80200000, 142 * MIB), intc(0x3FFF0000, 0x3FFD0000, 0x20000)),
    }
    for name, blob in trees.items():
        (folder / f"{name}.dtb").write_bytes(blob)
    # A translation table: its first page, in RAM, was not accessed yet (Arm ARM, "VMSAv8-64
    # translation table format descriptors").
    (folder / "page.table").write_bytes(struct.pack("<Q", 0x41000000 | 3))


main()
