# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest drawn at random: anything in its registers, some traffic, then what the case is about."""

import struct

from instructions import SP, registers

BRK_DONE = 0xD4200000 | 0x4E00 << 5  # ../../guests/guest.h
GIB = 1 << 30
MODES = ("off", "user", "flat", "kernel")
PHYSICAL = ("off", "user")

TABLE = 0x20000  # behind the program and its vectors
UPPER = 0xFFFFFF8000000000  # 39 bits: one table, of blocks of 1 GiB
# TCR_EL1: 39 bits and granules of 4 KiB in both halves, 48 bits come out; MAIR_EL1: attribute 0 is
# Normal memory, not cacheable, as the tables are written by the VMM.
TCR = 25 | 25 << 16 | 2 << 30 | 5 << 32
MAIR = 0x44
BLOCK = 0x401  # accessed, a block, attribute 0

ISB, NOP, ERET, TLBI_VMALLE1, DSB_SY = 0xD5033FDF, 0xD503201F, 0xD69F03E0, 0xD508871F, 0xD5033F9F
CPACR_EL1, MAIR_EL1, TCR_EL1, TTBR0_EL1, TTBR1_EL1, SCTLR_EL1, ELR_EL1, SPSR_EL1 = (
    0x1040, 0xA200, 0x2040, 0x2000, 0x2020, 0x1000, 0x4020, 0x4000)
SCTLR = 0x30D00801  # its bits that are 1, nothing but the MMU on: no alignment checks, no caches
BR, BLR, RET = 0xD61F0000, 0xD63F0000, 0xD65F0000


def msr(register, value):
    return 0xD5180000 | register | value


def garbage(rng):
    """What registers hold that have nothing to do with it."""
    return rng.choice((0, rng.randrange(256), rng.getrandbits(32), rng.getrandbits(64),
                       0xFFFF800000000000 | rng.getrandbits(40)))


class Program:
    """mode: "off" (EL1, MMU off), "user" (EL0, MMU off), "flat" (EL1, MMU on, one to one where that
    can be), "kernel" (EL1, MMU on, everything in the upper half)."""

    def __init__(self, rng, entry, mode="off"):
        self.rng, self.entry, self.mode = rng, entry, mode
        self.words, self.table = [], [0] * 512

    @property
    def has_table(self):
        return self.mode not in PHYSICAL

    def set(self, register, value):
        """MOVZ and MOVK; the stack pointer by way of x16."""
        target = 16 if register == SP else register
        self.words.append(0xD2800000 | (value & 0xFFFF) << 5 | target)
        for part in range(1, 4):
            if value >> 16 * part & 0xFFFF:
                self.words.append(0xF2800000 | part << 21 | (value >> 16 * part & 0xFFFF) << 5 |
                                  target)
        if register == SP:
            self.words.append(0x9100001F | target << 5)

    def touch(self, address, write, size=4, times=1):
        """Accesses as drivers make them; before start(), so by the physical address."""
        base, data, count = registers(self.rng, 3)
        self.set(base, address)
        self.set(data, garbage(self.rng))
        self.set(count, times)
        self.words += [size.bit_length() - 1 << 30 | 0x39000000 | (not write) << 22 | base << 5 |
                       data, 0xF1000400 | count << 5 | count, 0x54FFFFC1]

    def virtual(self, address):
        """By which address the code has it once it is started."""
        if not self.has_table:
            return address
        if self.mode == "flat" and address < len(self.table) * GIB:
            index = address // GIB
        else:
            index = self.rng.choice([i for i in range(16, len(self.table)) if not self.table[i]])
        self.table[index] = address // GIB * GIB | BLOCK
        return (UPPER if self.mode == "kernel" else 0) + index * GIB + address % GIB

    def jump(self, target):
        self.set(16, target)
        self.words.append(BR | 16 << 5)

    def start(self):
        """The mode that it shall have, and anything in the registers."""
        rng = self.rng
        self.set(16, 3 << 20)
        self.words += [msr(CPACR_EL1, 16), ISB]
        if self.has_table:
            self.table[self.entry // GIB] = self.entry // GIB * GIB | BLOCK
            for register, value in ((MAIR_EL1, MAIR), (TCR_EL1, TCR),
                                    (TTBR0_EL1, self.entry + TABLE),
                                    (TTBR1_EL1, self.entry + TABLE)):
                self.set(16, value)
                self.words.append(msr(register, 16))
            self.words += [ISB, TLBI_VMALLE1, DSB_SY, ISB]
            self.set(16, SCTLR)
            self.words += [msr(SCTLR_EL1, 16), ISB]
        for register in range(31):
            self.set(register, garbage(rng))
        here = self.entry + 4 * len(self.words)
        if self.mode == "user":
            # Behind the ERET, however many words the address takes.
            address = here + 4 * 6
            self.set(16, address)
            self.words += [msr(ELR_EL1, 16), msr(SPSR_EL1, 31), ERET]
            self.words += [NOP] * ((address - self.entry) // 4 - len(self.words))
        elif self.mode == "kernel":
            address = self.virtual(here) + 4 * 8
            self.jump(address)
            self.words += [NOP] * ((here - self.entry) // 4 + 8 - len(self.words))

    def access(self, access, address):
        """`address` is physical."""
        self.set(access.base, self.virtual(address) - access.offset & 0xFFFFFFFFFFFFFFFF)
        self.words.append(access.word)

    def branch(self, address):
        register = self.rng.choice([n for n in range(31) if n != 17])
        self.set(register, self.virtual(address))
        self.words.append(self.rng.choice((BR, BLR, RET)) | register << 5)

    def code(self):
        words = self.words + [BRK_DONE]
        return struct.pack(f"<{len(words)}I", *words)

    def tables(self):
        return struct.pack(f"<{len(self.table)}Q", *self.table)
