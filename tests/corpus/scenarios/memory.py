# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases where no memory is: domain.md 2.2, of RAM's end, holes and other layouts."""

import fdt
from case import Case
from instructions import SP, described, pair, undescribed
from machines import (GIB, MIB, CloudHypervisor, Crosvm, Firecracker, Kvmtool, Libkrun, Machine,
                      Qemu)
from program import PHYSICAL


def with_end(rng, name):
    """A VM above whose RAM nothing is: not crosvm, and libkrun's shm is at the next GiB."""
    machine = rng.choice((Qemu, Qemu, Firecracker, CloudHypervisor, Kvmtool, Libkrun))(rng, name)
    room = machine.near
    if machine.vmm == "libkrun":
        room = min(room, -machine.end % GIB)
    return (machine, room) if room >= 16 * MIB else with_end(rng, name)


def past_end(rng, name):
    machine, room = with_end(rng, name)
    case = Case(rng, name, "access-past-ram-end", machine)
    offset = rng.randrange(0, 0x1000, 16) if rng.random() < 0.3 else \
        rng.randrange(0x1000, room - 0x40000, 16)
    # No round number: that would speak for another cause.
    if (offset + 0x1000) % MIB < 0x2000:
        offset += 0x21340
    address = machine.end + offset
    if machine.vmm == "qemu" and rng.random() < 0.3:
        machine.memory = f"{machine.size // MIB * 2}M"
    if rng.random() < 0.2 and offset + 0x20000 < room:
        case.faults_at([address + i * 0x1000 for i in range(rng.randrange(2, 24))])
    else:
        case.faults(address)
    if rng.random() < 0.15:
        case.options.append("--on-nisv rerun --max-nisv 400")
    return case


def image_size(rng, name):
    """A stack, a heap or a place to move to, at a number that the image has built in."""
    machine, room = with_end(rng, name)
    case = Case(rng, name, "ram-size-smaller-than-image-assumes", machine)
    steps = [step for step in (MIB, 2 * MIB, 16 * MIB, 32 * MIB, 64 * MIB) if step < room]
    step = rng.choice(steps)
    first = machine.end // step * step + step
    round_number = rng.choice(range(first, machine.end + room, step) or [first])
    program = case.program(("off",))
    if rng.random() < 0.5:
        below = rng.randrange(16, 0x80, 16)
        word = 0xA9800000 | (-below // 8 & 0x7F) << 15 | 30 << 10 | SP << 5 | 29
        program.set(SP, round_number)
        program.words.append(word)  # stp x29, x30, [sp, #-below]!
    else:
        access = undescribed(rng)
        program.access(access, round_number + access.offset)
    case.brings(program)
    return case


def hole(rng, name):
    if rng.random() < 0.5:
        machine = CloudHypervisor(rng, name)
        machine.size = 3008 * MIB
        more = rng.choice((64, 256, 1088)) * MIB
        case = Case(rng, name, "hole-between-slots", machine)
        case.options.append(f"--slot 0x100000000,{more // MIB}M")
        # Not the TPM's, at 0xfed40000.
        case.faults(rng.randrange(0xFC001000, 0xFED00000, 16))
        machine.size += more
        machine.slots = lambda: [f"--slot 0x40000000,{3008}M"]
        return case
    machine, dimm = with_dimm(rng, name)
    case = Case(rng, name, "hole-between-slots", machine)
    case.faults(rng.randrange(machine.end + machine.near + MIB, dimm, 16))
    return case


def with_dimm(rng, name):
    """QEMU: device memory begins at the GiB above RAM; the modules there are its slots."""
    machine = Qemu(rng, name, highmem="on")
    while -machine.end % GIB < machine.near + 64 * MIB:
        machine = Qemu(rng, name, highmem="on")
    size = rng.choice((64, 128, 256)) * MIB
    dimm = machine.end + -machine.end % GIB + rng.choice((0, 128 * MIB, 512 * MIB))
    machine.extra.append(f"--slot {dimm:#x},{size // MIB}M")
    machine.memory = f"{machine.size // MIB}M,slots={rng.randrange(1, 5)},maxmem=8G"
    machine.words += [f"-object memory-backend-ram,id=m0,size={size // MIB}M",
                      "-device pc-dimm,id=d0,memdev=m0"]
    machine.dimm_size = size
    return machine, dimm


def null(rng, name):
    """Firecracker and libkrun have nothing there; others have flash, ports or UARTs."""
    machine = rng.choice((Firecracker, Libkrun))(rng, name)
    case = Case(rng, name, "null-pointer-low-ipa", machine)
    program = case.program(PHYSICAL)
    access = undescribed(rng)
    while access.offset < 0:
        access = undescribed(rng)
    program.access(access, access.offset + rng.choice((0, 0, rng.randrange(0, 0xC00, 16))))
    case.brings(program)
    return case


def larger_tree(rng, name):
    """The tree tells of more memory than the VM has, and the guest uses it."""
    machine = rng.choice((Qemu, Qemu, Firecracker, CloudHypervisor, Kvmtool, Libkrun))(rng, name)
    case = Case(rng, name, "dtb-memory-node-larger-than-ram", machine)
    more = rng.choice((16 * MIB, 64 * MIB, machine.size, 3 * machine.size))
    if machine.vmm == "libkrun":
        more = min(more, -machine.end % GIB or GIB)
    low = 2 * MIB if machine.vmm == "firecracker" else 0
    case.tree(tree_of(machine, low, machine.size + more - low))
    start, end = machine.end, machine.end + more
    way = rng.random()
    address = rng.randrange(start, end - 0x1000, 16)
    if way < 0.1:
        case.runs("s1ptw-data", address & ~0xFFF)
    elif way < 0.2:
        case.fetches(address)
    elif way < 0.3:
        case.runs("mmio-write", rng.randrange(start, end - 16 * 0x1000, 0x1000), 64, 16, 0x1000)
    else:
        case.faults(address)
    return case


def tree_of(machine, low, size, *devices):
    """What a VMM tells of the machine, cut down."""
    members = [fdt.memory(machine.ram + low, size),
               fdt.intc(machine.dist, machine.redist, 0x20000 * machine.cpus)]
    if "uart" in machine.devices:
        members.append(fdt.uart(machine.devices["uart"][0]))
    return fdt.machine(machine.cpus, *members, *devices)


def subpage(rng, name):
    machine, _ = with_end(rng, name)
    case = Case(rng, name, "subpage-memslot", machine)
    low = 2 * MIB if machine.vmm == "firecracker" else 0
    part = rng.randrange(0x200, 0x1000, 0x100)
    case.tree(tree_of(machine, low, machine.size + part - low))
    case.faults(machine.end + rng.randrange(0, part - 63, 16))
    return case


def beyond_ipa(rng, name):
    machine = rng.choice((Qemu, Firecracker, CloudHypervisor, Kvmtool, Libkrun))(rng, name)
    case = Case(rng, name, "beyond-ipa-limit", machine)
    bits = 40
    if machine.vmm == "firecracker":
        bits = rng.choice((36, 39, 40))
        case.options.append(f"--ipa-bits {bits}")
    # Cortex-A72, the smallest CPU of the lab, has 44 bits.
    address = rng.randrange(1 << bits, 1 << 44, 16)
    way = rng.random()
    if way < 0.2:
        case.fetches(address)
    else:
        case.faults(address, rng.choice((undescribed, undescribed, described)))
    return case


class Unknown(Machine):
    """A VMM that nobody knows, without an interrupt controller."""

    vmm, ram, sizes = "unknown", 0x40000000, (16, 32, 64)

    def __init__(self, rng, name):
        super().__init__(rng, name)
        self.cpus = 1
        self.free = [(0x70001000, 0xE0000000)]

    def vgic(self):
        return []

    def line(self):
        return f"{self.rng.choice(('some-vmm', 'tinyhv', 'labmon'))} {self.name}"


def unknown(rng, name):
    machine = Unknown(rng, name)
    case = Case(rng, name, "unknown", machine)
    case.is_traffic = False
    address = machine.nowhere()
    if address % MIB < 0x1000:
        address += 0x13570
    case.faults(address)
    return case


# domain.md 3.7, and 3.1 for QEMU's: what images for another board or VMM begin with, and where it
# means nothing else; libkrun's transports have no end that is known.
PL011 = (0, 0x18, 0x30, 0x38)
GICD = (0, 4, 8, 0x100)
BOARDS = {
    "rpi4": ({0xFE201000: PL011, 0xFF841000: GICD, 0xFF842000: (0, 4)},
             (Qemu, Firecracker, CloudHypervisor, Kvmtool)),
    "zynqmp": ({0xFF000000: (0, 4, 0x2C), 0xF9010000: GICD},
               (Qemu, Firecracker, CloudHypervisor, Kvmtool)),
    "rpi3": ({0x3F201000: PL011, 0x3F00B880: (0, 0x18, 0x20)}, (Firecracker, Crosvm, Kvmtool)),
    "vexpress": ({0x1C090000: PL011, 0x2C001000: GICD}, (Firecracker, Crosvm, Kvmtool)),
    "xen": ({0x03001000: GICD, 0x22000000: PL011}, (Firecracker,)),
    "vmapple": ({0x10000000: GICD, 0x20010000: PL011}, (Firecracker, Crosvm, Kvmtool)),
    "virt": ({0x09000000: PL011, 0x09010000: (0, 0xFE0), 0x08000000: GICD, 0x09030000: (0x400,)},
             (Firecracker, Crosvm, Kvmtool)),
    "kvmtool": ({0x01000000: (0, 5), 0x01010000: (0,)}, (Firecracker, Libkrun)),
}


def board(rng, name):
    places, hosts = BOARDS[rng.choice(sorted(BOARDS))]
    machine = rng.choice(hosts)(rng, name)
    while any(machine.ram <= base < machine.end for base in places):
        machine = rng.choice(hosts)(rng, name)
    case = Case(rng, name, "wrong-machine-layout", machine)
    bases = rng.sample(sorted(places), rng.randrange(2, len(places) + 1))
    addresses = [base + rng.choice(places[base]) & ~7 for base in bases]
    if rng.random() < 0.2:
        # It polls one register and goes on to the next.
        program = case.program(PHYSICAL)
        for address in addresses:
            program.touch(address, False, 4, rng.randrange(30, 60))
        case.brings(program)
    else:
        case.faults_at(addresses, pair)
    return case
