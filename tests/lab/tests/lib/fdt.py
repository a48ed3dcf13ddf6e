# SPDX-License-Identifier: GPL-2.0-or-later
"""Flattened device trees, as the Devicetree Specification 0.4, chapter 5, has them."""

import struct

BEGIN_NODE, END_NODE, PROP, END = 1, 2, 3, 9


class Tree:
    """A node is a name and a list of properties (name, bytes) and nodes."""

    def __init__(self):
        self.structure = b""
        self.strings = b""
        self.names = {}

    def word(self, *values):
        self.structure += struct.pack(f">{len(values)}I", *values)

    def align(self):
        self.structure += b"\0" * (-len(self.structure) % 4)

    def node(self, name, *members):
        self.word(BEGIN_NODE)
        self.structure += name.encode() + b"\0"
        self.align()
        for member in members:
            if len(member) == 2 and isinstance(member[1], bytes):
                self.prop(*member)
            else:
                self.node(*member)
        self.word(END_NODE)

    def prop(self, name, value):
        if name not in self.names:
            self.names[name] = len(self.strings)
            self.strings += name.encode() + b"\0"
        self.word(PROP, len(value), self.names[name])
        self.structure += value
        self.align()

    def blob(self, room=0):
        self.word(END)
        reservations, at = b"\0" * 16, 40
        struct_at = at + len(reservations)
        strings_at = struct_at + len(self.structure)
        size = strings_at + len(self.strings) + room
        return struct.pack(">10I", 0xD00DFEED, size, struct_at, strings_at, at, 17, 16, 0,
                           len(self.strings), len(self.structure)) + \
            reservations + self.structure + self.strings + b"\0" * room


def cells(*values):
    return struct.pack(f">{len(values)}I", *values)


def wide(*values):
    """Two cells each."""
    return struct.pack(f">{len(values)}Q", *values)


def text(value):
    return value.encode() + b"\0"


def memory(base, size):
    return (f"memory@{base:x}", ("device_type", text("memory")), ("reg", wide(base, size)))


def machine(cpus, *members, room=0):
    """What VMMs give their guests, cut down; `members` are the memory and what else there is."""
    tree = Tree()
    tree.node("", ("#address-cells", cells(2)), ("#size-cells", cells(2)),
              ("compatible", text("linux,dummy-virt")),
              ("chosen", ("bootargs", text("console=ttyAMA0"))),
              ("cpus", ("#address-cells", cells(1)), ("#size-cells", cells(0)),
               *((f"cpu@{i}", ("device_type", text("cpu")), ("reg", cells(i)))
                 for i in range(cpus))),
              *members)
    return tree.blob(room)


def intc(dist, redist, redist_size):
    return (f"intc@{dist:x}", ("compatible", text("arm,gic-v3")), ("interrupt-controller", b""),
            ("reg", wide(dist, 0x10000, redist, redist_size)))


def uart(base):
    return (f"pl011@{base:x}", ("compatible", text("arm,pl011") + text("arm,primecell")),
            ("reg", wide(base, 0x1000)))


def packed(blob):
    """A tree without the room behind its last block, the strings (Devicetree specification 5.2)."""
    strings, size = struct.unpack(">I", blob[12:16])[0], struct.unpack(">I", blob[32:36])[0]
    end = strings + size
    return blob[:4] + struct.pack(">I", end) + blob[8:end]
