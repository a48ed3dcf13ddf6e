# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory accesses of A64 drawn at random; encodings of the Arm ARM (DDI 0487), chapter C4."""

from collections import namedtuple

SP = XZR = 31

# An instruction: its word, the base register, and what the address is above what that holds.
Access = namedtuple("Access", "word base offset")

# x16 and x17 are the program's and the vectors' own.
FREE = [n for n in range(31) if n not in (16, 17)]


def registers(rng, n, of=None):
    return rng.sample(of or FREE, n)


def is_load(rng, write):
    """write: True, False, or None for either."""
    return rng.random() < 0.5 if write is None else not write


def indexed(rng, write=None):
    """One register, and the base register is written back."""
    base, target = registers(rng, 2)
    log = rng.randrange(4)
    # Stores, loads, loads that extend the sign to 64 and to 32 bits.
    opcs = [1, 1, 1] + [2] * (log < 3) + [3] * (log < 2) if is_load(rng, write) else [0]
    before = rng.random() < 0.4
    offset = rng.choice([n for n in range(-256, 256, 1 << log) if n])
    word = log << 30 | 0x38000400 | rng.choice(opcs) << 22 | (offset & 0x1FF) << 12 | before << 11
    target = XZR if rng.random() < 0.1 else target
    return Access(word | base << 5 | target, base, offset if before else 0)


PAIR_STORES = ((0, 4), (2, 8))
PAIR_LOADS = PAIR_STORES + ((1, 4),)  # LDPSW
AFTER, SIGNED, BEFORE, NO_ALLOCATE = 1, 2, 3, 0


def pair_word(opc, size, mode, load, offset, registers3):
    base, one, two = registers3
    return opc << 30 | 0x28000000 | mode << 23 | load << 22 | \
        (offset // size & 0x7F) << 15 | two << 10 | base << 5 | one


def pair(rng, write=None):
    """LDP, STP, LDPSW, LDNP, STNP."""
    load = is_load(rng, write)
    opc, size = rng.choice(PAIR_LOADS if load else PAIR_STORES)
    mode = rng.choice((AFTER, SIGNED, SIGNED, BEFORE) + (NO_ALLOCATE,) * (opc != 1))
    offset = rng.randrange(-64, 64) * size
    names = registers(rng, 3)
    return Access(pair_word(opc, size, mode, load, offset, names), names[0],
                  0 if mode == AFTER else offset)


def pair_copy(rng):
    """Loads of neighbouring pairs, and the stores of a copy: the words, of which the first one is
    the access, and the registers of source and destination."""
    source, target, *data = registers(rng, 6)
    loads = [pair_word(2, 8, SIGNED, 1, 16 * i, (source, *data[2 * i:2 * i + 2]))
             for i in range(2)]
    stores = [pair_word(2, 8, SIGNED, 0, 16 * i, (target, *data[2 * i:2 * i + 2]))
              for i in range(2)]
    return Access(loads[0], source, 0), loads[1:] + stores, target


def vector_single(rng, load):
    base, = registers(rng, 1)
    log = rng.randrange(2, 5)
    size, opc = (0, 2 | load) if log == 4 else (log, load)
    offset = rng.randrange(256) << log
    word = size << 30 | 0x3D000000 | opc << 22 | (offset >> log) << 10
    return Access(word | base << 5 | rng.randrange(32), base, offset)


def vector_pair(rng, load):
    base, = registers(rng, 1)
    opc, (one, two) = rng.randrange(3), rng.sample(range(32), 2)
    size = 4 << opc
    offset = rng.randrange(-64, 64) * size
    word = pair_word(opc, size, SIGNED, load, offset, (base, one, two))
    return Access(word | 1 << 26, base, offset)


def vector_structure(rng, load):
    """LD1 to LD4 and ST1 to ST4 of whole registers, with and without writeback."""
    base, = registers(rng, 1)
    opcode, log, quad = rng.choice((0, 2, 4, 6, 7, 8, 10)), rng.randrange(4), rng.randrange(2)
    # Structures of 64-bit elements need whole registers.
    quad |= log == 3 and opcode in (0, 4, 8)
    after = 0x009F0000 if rng.random() < 0.4 else 0
    word = quad << 30 | 0x0C000000 | after | load << 22 | opcode << 12 | log << 10
    return Access(word | base << 5 | rng.randrange(32), base, 0)


def vector(rng, write=None):
    """SIMD and floating point."""
    kind = rng.choice((vector_single, vector_pair, vector_structure))
    return kind(rng, is_load(rng, write))


def atomic_update(rng):
    base, source, target = registers(rng, 3)
    log, order = rng.randrange(4), rng.randrange(4)
    operation = rng.choice([n << 12 for n in range(8)] + [0x8000])  # LDADD to LDUMIN, SWP
    word = log << 30 | 0x38200000 | order << 22 | source << 16 | operation
    return Access(word | base << 5 | target, base, 0)


def atomic_compare(rng):
    base, source, target = registers(rng, 3)
    log, order = rng.randrange(4), rng.choice((0, 1 << 22, 1 << 15, 1 << 22 | 1 << 15))
    word = log << 30 | 0x08A07C00 | order | source << 16
    return Access(word | base << 5 | target, base, 0)


def exclusive_load(rng, _write=None):
    base, target = registers(rng, 2)
    word = rng.randrange(4) << 30 | 0x085F7C00 | rng.randrange(2) << 15
    return Access(word | base << 5 | target, base, 0)


def atomic(rng, write=None):
    """LSE; those write. Exclusive loads do not; an exclusive store alone does not access."""
    kinds = (atomic_update, atomic_compare) + ((exclusive_load,) if not write else ())
    return rng.choice(kinds)(rng) if write is not False else exclusive_load(rng)


def zero(rng, _write=None):
    """DC ZVA: for Normal memory only, so with the MMU on."""
    base, = registers(rng, 1)
    return Access(0xD50B7420 | base, base, 0)


def described(rng, write=None):
    """One register without writeback: the CPU tells the hypervisor all of it."""
    base, target = registers(rng, 2)
    load, log = is_load(rng, write), rng.randrange(4)
    kind = rng.randrange(3)
    if kind == 0:
        offset = rng.randrange(128) << log
        word = 0x39000000 | load << 22 | (offset >> log) << 10
    elif kind == 1:  # LDUR, STUR
        offset = rng.randrange(-256, 256) >> log << log
        word = 0x38000000 | load << 22 | (offset & 0x1FF) << 12
    else:
        offset, word = 0, 0x08DFFC00 if load else 0x089FFC00  # LDAR, STLR
    return Access(log << 30 | word | base << 5 | target, base, offset)


def undescribed(rng, write=None):
    """Any that KVM cannot emulate."""
    return rng.choice((indexed, pair, vector, atomic))(rng, write)
