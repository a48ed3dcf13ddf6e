# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases of memslots, of code and tables outside them: domain.md 2.2."""

from case import Case
from devices import any_machine
from instructions import described, undescribed
from machines import KNOWN, MIB, CloudHypervisor, Firecracker, Libkrun, Qemu
from memory import with_dimm
from program import PHYSICAL


def written_rom(rng, name):
    """Flash, or another ROM."""
    machine = any_machine(rng, name)
    case = Case(rng, name, "readonly-slot-write-nisv", machine)
    if machine.vmm == "qemu":
        base, size = rng.choice(machine.flash)
        if rng.random() < 0.2:
            machine.asks, machine.version = False, "4.2"
    else:
        base, size = machine.nowhere(0x1000) & ~0xFFFFF, MIB
        case.options.append(f"--slot {base:#x},1M,ro")
    case.faults(base + rng.randrange(0, size - 0x1000, 16), undescribed, True)
    return case


def flash_command(rng, name):
    """The VMM takes the bank's slot away while the guest gives it commands."""
    machine = Qemu(rng, name)
    case = Case(rng, name, "flash-command-mode-read", machine)
    base, size = rng.choice(machine.flash)
    case.faults(base + rng.randrange(0x10000, size - 0x1000, 16), undescribed, False)
    case.steps = f"see del:{base:#x} go report"
    return case


def unplugged(rng, name):
    machine, dimm = with_dimm(rng, name)
    case = Case(rng, name, "memory-hotunplugged", machine)
    case.faults(dimm + rng.randrange(0, machine.dimm_size - 0x1000, 16))
    case.steps = f"see del:{dimm:#x} see go report"
    return case


def race(rng, name):
    machine = Qemu(rng, name, most="7.2")
    machine.asks = False
    machine.cpus = 1
    case = Case(rng, name, "memslot-update-race", machine)
    slot = machine.nowhere(0x1000) & ~0xFFFFF
    case.runs("ldp-loop", slot + rng.randrange(0, MIB - 16, 16), 0)
    case.options.append(f"--churn {slot:#x},1M,{rng.randrange(50, 150)} --on-error pause")
    case.steps = "see go report"
    return case


def backing(rng, name):
    """Host memory that is not there, or not to be used."""
    machine = any_machine(rng, name)
    kind, cause, write = rng.choice((
        ("unmapped", "backing-gone", None), ("truncated", "backing-gone", None),
        ("nobacking", "backing-not-faultable", None),
        ("ro-backing", "backing-not-faultable", True)))
    case = Case(rng, name, cause, machine)
    slot = machine.nowhere(0x1000) & ~0xFFFFF
    case.options.append(f"--slot {slot:#x},1M,{kind}")
    case.faults(slot + rng.randrange(0x1000, MIB - 0x1000, 16),
                rng.choice((described, undescribed)), write)
    return case


# ---- code and page tables --------------------------------------------------------------------

def device_code(rng, name):
    machine = any_machine(rng, name, KNOWN)
    case = Case(rng, name, "exec-from-device", machine)
    case.fetches(machine.register() if rng.random() < 0.7 else machine.dist)
    return case


def jump(rng, name):
    machine = rng.choice((Firecracker, Libkrun, Qemu, CloudHypervisor))(rng, name)
    case = Case(rng, name, "jumped-to-unmapped", machine)
    if machine.vmm in ("firecracker", "libkrun") and rng.random() < 0.3:
        case.fetches(rng.randrange(0, 0x100, 4), PHYSICAL)
    else:
        case.fetches(machine.nowhere(4))
    return case


def jump_kernel(rng, name):
    machine = rng.choice((Firecracker, Libkrun, Qemu, CloudHypervisor))(rng, name)
    case = Case(rng, name, "jumped-to-unmapped", machine)
    case.runs("calls-jump", machine.nowhere(), rng.randrange(2))
    return case


WALKS = ("s1ptw-data", "s1ptw-insn", "out-4k-1", "out-4k-2", "out-4k-3", "out-64k-2", "out-64k-3")


def table(rng, name):
    machine = any_machine(rng, name)
    case = Case(rng, name, "uninitialised-page-table", machine)
    place = machine.nowhere(0x1000) & ~0xFFFF
    if rng.random() < 0.3 and machine.vmm in ("firecracker", "qemu", "kvmtool"):
        place = machine.end + rng.randrange(0, machine.near, 0x10000)
    case.runs(rng.choice(WALKS), place, rng.randrange(2))
    return case
