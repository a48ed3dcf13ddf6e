# SPDX-License-Identifier: GPL-2.0-or-later
"""VMs with nothing wrong, that do what healthy ones do."""

from case import Case
from devices import any_machine
from machines import MIB, Firecracker, Qemu
from memory import with_dimm


def touching(case, rounds=None, place=0x1400000):
    rng = case.rng
    case.runs("ram-touch", case.machine.ram + place, rounds or rng.randrange(2, 20),
              rng.choice((16, 64, 256)))


def drivers(rng, name):
    """Nothing but traffic, in any mode."""
    case = Case(rng, name, "healthy", any_machine(rng, name))
    case.is_traffic = True
    program = case.program()
    case.brings(program)
    return case


def interrupts(rng, name):
    case = Case(rng, name, "healthy", any_machine(rng, name))
    case.runs("mmio-read", case.machine.dist, rng.randrange(100, 2000), 4, 4)
    return case


def doorbells(rng, name):
    case = Case(rng, name, "healthy", Firecracker(rng, name))
    case.runs("mmio-write", 0x40003050, rng.randrange(100, 4000), case.machine.doorbells, 0x1000)
    return case


def probe(rng, name):
    """Looks once for what may not be there."""
    machine = any_machine(rng, name)
    case = Case(rng, name, "healthy", machine)
    if machine.vmm == "qemu" and rng.random() < 0.5:
        place, step, n = rng.choice(((0x0A000000, 0x200, 32), (machine.ecam, 0x8000, 32),
                                     (machine.ecam, 0x1000, 256)))
        case.runs("mmio-read", place, n, n, step)
    else:
        places = rng.randrange(1, 5)
        case.runs("mmio-read", machine.nowhere(), places * rng.randrange(1, 3), places, 0x1000)
    return case


def flash_commands(rng, name):
    case = Case(rng, name, "healthy", Qemu(rng, name))
    case.runs("mmio-write", rng.choice((0, 0x4000000)) + rng.randrange(0, 0x100000, 16), 64, 4, 4)
    return case


def logging(rng, name):
    case = Case(rng, name, "healthy", any_machine(rng, name))
    touching(case)
    case.options.append(f"--dirty-log {case.machine.ram:#x},{rng.randrange(100, 1000)}")
    return case


def migration(rng, name):
    case = Case(rng, name, "healthy", any_machine(rng, name))
    touching(case)
    ram = f"{case.machine.ram:#x}"
    case.steps = f"see log:{ram} see nolog:{ram} log:{ram} go report"
    return case


def plugged(rng, name):
    machine, dimm = with_dimm(rng, name)
    slot = machine.extra.pop()
    case = Case(rng, name, "healthy", machine)
    touching(case, place=dimm - machine.ram)
    case.steps = f"see add:{slot.split()[1]} see go report"
    return case


def unplugged(rng, name):
    machine, dimm = with_dimm(rng, name)
    case = Case(rng, name, "healthy", machine)
    touching(case)
    case.steps = f"see del:{dimm:#x} see go report"
    return case


def moved(rng, name):
    """A BAR that the guest gives another address."""
    machine = Qemu(rng, name)
    machine.words.append(f"-device vfio-pci,host=0000:{rng.randrange(1, 256):02x}:00.0")
    case = Case(rng, name, "healthy", machine)
    places = rng.sample(range(0x10000000, 0x3E000000, MIB), 2)
    machine.extra.append(f"--slot {places[0]:#x},1M")
    touching(case)
    case.steps = f"see move:{places[0]:#x},{places[1]:#x} see go report"
    return case


def churn(rng, name):
    case = Case(rng, name, "healthy", any_machine(rng, name))
    touching(case, 50)
    slot = case.machine.nowhere(0x1000) & ~0xFFFFF
    case.options.append(f"--churn {slot:#x},1M,{rng.randrange(50, 500)}")
    return case


def reboots(rng, name):
    case = Case(rng, name, "healthy", any_machine(rng, name))
    touching(case, 4)
    n = rng.randrange(2, 4)
    case.options.append(f"--repeat {n}")
    case.steps = "go " + "again go " * (n - 1) + "report"
    return case


ALL = (drivers, drivers, interrupts, doorbells, probe, probe, flash_commands, logging, migration,
       plugged, unplugged, moved, churn, reboots)
