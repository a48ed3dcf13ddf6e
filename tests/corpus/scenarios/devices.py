# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases at devices: there, and driven by the wrong instruction; or not there. domain.md 2.2, 3."""

import fdt
from case import Case
from instructions import atomic, indexed, pair, pair_copy, vector, zero
from machines import (ALL, KNOWN, MIB, CloudHypervisor, Crosvm, Firecracker, Kvmtool, Libkrun,
                      Qemu)
from memory import tree_of
from qemutree import qemu_tree


def scalar(rng, write=None):
    return rng.choice((indexed, indexed, pair))(rng, write)


def any_machine(rng, name, of=ALL):
    return rng.choice(of)(rng, name)


def device(rng, name):
    machine = any_machine(rng, name)
    case = Case(rng, name, "device-access-nisv-instruction", machine)
    if machine.vmm == "qemu" and rng.random() < 0.2:
        machine.asks = False  # before QEMU 5.1
        machine.version = "4.2"
    case.faults(machine.register(), scalar)
    return case


def on_device(cause, draw):
    def drawn(rng, name):
        machine = any_machine(rng, name)
        case = Case(rng, name, cause, machine)
        case.faults(machine.register(), draw)
        return case
    return drawn


atomics = on_device("atomic-or-exclusive-on-device", atomic)
vectors = on_device("simd-memcpy-on-device", vector)


def zeroing(rng, name):
    machine = any_machine(rng, name)
    case = Case(rng, name, "dc-zva-on-device", machine)
    large = [n for n, (_, size) in machine.devices.items() if size >= 0x1000]
    case.faults(machine.register(large, 64) & ~63, zero, modes=("flat", "kernel"))
    return case


def copying(rng, name):
    """memcpy() from a device, in pairs of general registers."""
    machine = any_machine(rng, name)
    case = Case(rng, name, "simd-memcpy-on-device", machine)
    large = [n for n, (_, size) in machine.devices.items() if size >= 0x1000]
    program = case.program()
    access, rest, target = pair_copy(rng)
    program.set(target, program.virtual(machine.ram + 0x1800000))
    program.access(access, machine.register(large, 64))
    program.words += rest
    case.brings(program)
    return case


def framebuffer(rng, name):
    """In the window for PCI: a display's BAR."""
    machine = rng.choice((Qemu, CloudHypervisor))(rng, name)
    case = Case(rng, name, "framebuffer-nisv-memcpy", machine)
    size = rng.choice((1, 3, 8)) * MIB
    base = rng.randrange(machine.window[0], sum(machine.window) - size, MIB)
    node = (f"framebuffer@{base:x}", ("compatible", fdt.text("simple-framebuffer")),
            ("reg", fdt.wide(base, size)), ("width", fdt.cells(1024)), ("height", fdt.cells(768)))
    case.tree(tree_of(machine, 0, machine.size, node))
    case.faults(base + rng.randrange(0, size - 0x1000, 16), rng.choice((vector, pair)))
    return case


def ecam(rng, name):
    machine = rng.choice((Qemu, Qemu, CloudHypervisor, Kvmtool, lambda *a: Firecracker(*a, True)))(
        rng, name)
    case = Case(rng, name, "ecam-nisv-read", machine)
    # Bus, device, function and register; those VMMs have one bus.
    bus = rng.randrange(4) if machine.vmm == "qemu" else 0
    case.faults(machine.ecam + (bus << 20 | rng.randrange(32) << 15 | rng.randrange(8) << 12 |
                                rng.randrange(0, 0x100, 16)),
                rng.choice((indexed, pair, vector)), False)
    return case


def vgic(rng, name):
    machine = any_machine(rng, name)
    case = Case(rng, name, "vgic-access-nisv-instruction", machine)
    base = rng.choice((machine.dist, machine.redist, machine.redist + 0x10000))
    case.faults(base + rng.choice((rng.randrange(0, 0x1000, 16), 0x6100, 0x400, 0xC00)),
                rng.choice((indexed, pair, vector)))
    return case


def bar(rng, name):
    machine = rng.choice((Qemu, CloudHypervisor))(rng, name)
    case = Case(rng, name, "pci-bar-not-mapped", machine)
    base, size = machine.window
    host = f"{rng.randrange(4):04x}:{rng.randrange(1, 256):02x}:00.0"
    if machine.vmm == "qemu":
        machine.words.append(f"-device vfio-pci,host={host}")
        if machine.highmem and rng.random() < 0.4:
            base, size = 0x8000000000, 0x8000000
    else:
        machine.words.append(f"--device path=/sys/bus/pci/devices/{host}/")
    case.faults(base + rng.randrange(0x100000, size - 0x1000, 16), rng.choice((indexed, pair)))
    return case



# ---- devices that are not there --------------------------------------------------------------

def gic_version(rng, name):
    machine = Qemu(rng, name)
    case = Case(rng, name, "gic-version-mismatch", machine)
    case.faults(0x08010000 + rng.randrange(0, 0x2000, 16), scalar)
    return case


def its(rng, name):
    case = Case(rng, name, "its-missing")
    if rng.random() < 0.6:
        case.machine = machine = Qemu(rng, name, its="off")
    else:
        case.machine = machine = Kvmtool(rng, name)
        machine.has_its = False
        machine.words.append("--irqchip gicv3")
    case.faults(machine.its + rng.choice((0, 0x10000)) + rng.randrange(0, 0x1000, 16), scalar)
    return case


def v2m(rng, name):
    """The tree is of gic-version=2."""
    machine = Qemu(rng, name)
    case = Case(rng, name, "gic-v2m-missing", machine)
    case.tree(qemu_tree("virt,gic-version=2", "-m", f"{machine.size // MIB}M"))
    case.faults(0x08020000 + rng.choice((0, 0x8, 0x40, 0xFC0)), scalar)
    return case


def redist(rng, name):
    """Of a vCPU that there is not."""
    machine = rng.choice((Qemu, Qemu, Crosvm, Libkrun))(rng, name)
    case = Case(rng, name, "redist-beyond-vcpus", machine)
    beyond = rng.randrange(0, 3) * 0x20000 + rng.choice((0, 0x10000)) + \
        rng.choice((0, 8, 0x10, 0x80, 0x100))
    if machine.vmm == "qemu":
        if rng.random() < 0.5:
            cpus = machine.cpus + 4
            case.tree(qemu_tree("virt,gic-version=3", "-m", f"{machine.size // MIB}M", "-smp",
                                str(cpus)))
        case.faults(machine.redist + machine.cpus * 0x20000 + beyond, scalar)
    else:
        case.faults(machine.redist - 0x60000 + beyond, scalar)
    return case


def ecam_elsewhere(rng, name):
    high = rng.random() < 0.5
    machine = Qemu(rng, name, highmem="off" if high else "on")
    if high and machine.size > 2048 * MIB:
        return ecam_elsewhere(rng, name)
    case = Case(rng, name, "ecam-highmem-mismatch", machine)
    case.faults((0x4010000000 if high else 0x3F000000) +
                (rng.randrange(32) << 15 | rng.randrange(0, 0x100, 16)),
                rng.choice((indexed, pair)), False)
    return case


def window(rng, name):
    """The tree is of highmem=on."""
    machine = Qemu(rng, name, highmem="off")
    if machine.size > 2048 * MIB:
        return window(rng, name)
    case = Case(rng, name, "pcie-window-mismatch", machine)
    case.tree(qemu_tree("virt,gic-version=3", "-m", f"{machine.size // MIB}M"))
    case.faults(0x8000000000 + rng.randrange(0x100000, 0x40000000, 16), scalar)
    return case


def transport(rng, name):
    machine = rng.choice((Firecracker, Libkrun))(rng, name)
    case = Case(rng, name, "virtio-mmio-slot-absent", machine)
    last = max(base for base, _ in machine.devices.values())
    case.faults(last + rng.randrange(1, 8) * 0x1000 + rng.choice((0, 0x10, 0x70, 0x100)), scalar)
    return case


def stolen_time(rng, name):
    case = Case(rng, name, "pvtime-region")
    if rng.random() < 0.7:
        case.machine = Qemu(rng, name, least="5.2")
        case.machine.cpu = "host,kvm-steal-time=off"
        base = 0x090A0000
    else:
        case.machine = Kvmtool(rng, name)
        base = 0x01020000
    case.faults(base + rng.randrange(0, 0x1000, 64), rng.choice((pair, indexed)), False)
    return case


def absent(rng, name):
    """A device of the tree's, where the machine has nothing."""
    if rng.random() < 0.4:
        machine = Qemu(rng, name)
        case = Case(rng, name, "dt-device-absent", machine)
        case.tree(qemu_tree("virt,gic-version=3,iommu=smmuv3", "-m", f"{machine.size // MIB}M"))
        case.faults(0x09050000 + rng.randrange(0, 0x100, 16), scalar)
        return case
    machine = any_machine(rng, name)
    case = Case(rng, name, "dt-device-absent", machine)
    base = machine.nowhere(0x1000) & ~0xFFF
    kind = rng.choice((("watchdog", "arm,sbsa-gwdt"), ("serial", "ns16550a"), ("rtc", "arm,pl031"),
                       ("ethernet", "smsc,lan9118"), ("dma", "arm,pl330")))
    node = (f"{kind[0]}@{base:x}", ("compatible", fdt.text(kind[1])),
            ("reg", fdt.wide(base, 0x1000)))
    low = 2 * MIB if machine.vmm == "firecracker" else 0
    case.tree(tree_of(machine, low, machine.size - low, node))
    case.faults(base + rng.randrange(0, 0x100, 16), scalar)
    return case


# ---- traffic ---------------------------------------------------------------------------------

def storm(rng, name):
    machine = any_machine(rng, name)
    case = Case(rng, name, "mmio-storm", machine)
    guest = rng.choice(("mmio-read", "mmio-write"))
    case.runs(guest, machine.register(), 0, 1)
    case.steps = "see go storm"
    return case


def stray(rng, name):
    machine = any_machine(rng, name, KNOWN)
    write = rng.random() < 0.5
    case = Case(rng, name, f"stray-mmio-{'write' if write else 'read'}", machine)
    case.runs("mmio-write" if write else "mmio-read", machine.nowhere(),
              rng.randrange(2000, 4000), rng.randrange(1, 4), 4)
    case.steps = "see go report"
    return case
