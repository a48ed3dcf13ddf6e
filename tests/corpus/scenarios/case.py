# SPDX-License-Identifier: GPL-2.0-or-later
"""One case that is being drawn: its guest, its VM, and the files that they need."""

import instructions
from program import MODES, PHYSICAL, TABLE, Program


class Case:
    """The truth is `cause`; `machine` has the VM. First comes what the guest does; then text() is
    the case's line, and write() leaves the files that it names."""

    def __init__(self, rng, name, cause, machine=None):
        self.rng, self.name, self.cause, self.machine = rng, name, cause, machine
        self.steps, self.guest, self.parts, self.options = "", "", {}, []
        self.is_traffic = rng.random() < 0.6

    # ---- the guest -------------------------------------------------------------------------

    def program(self, modes=MODES, traffic=None):
        """Its guest, up to what the case is about."""
        if "off" in modes and self.rng.random() < 0.4:
            modes = ("off",)
        program = Program(self.rng, self.machine.entry(), self.rng.choice(modes))
        if self.is_traffic:
            self.traffic(program)
        program.start()
        return program

    def traffic(self, program):
        """What healthy guests do: registers of devices that there are, memory of their own."""
        rng, machine = self.rng, self.machine
        for _ in range(rng.randrange(1, 5)):
            kind = rng.random()
            if kind < 0.1:  # looks whether a device is there
                program.touch(machine.nowhere(), False, 4, rng.randrange(1, 4))
            elif kind < 0.3 or not machine.devices:
                program.touch(machine.ram + rng.randrange(0x1400000, 0x1C00000, 16),
                              rng.random() < 0.5, rng.choice((1, 4, 8)), rng.randrange(1, 9))
            elif kind < 0.5:
                program.touch(machine.dist + rng.choice((0, 4, 8, 0xFFE8)), False)
            else:
                program.touch(machine.register(), rng.random() < 0.3, rng.choice((1, 2, 4)),
                              rng.randrange(1, 13))

    def brings(self, program, vectors="stop"):
        """The guest is that program."""
        self.parts["code"] = program.code()
        self.guest = f"--load {self.file('code')}@{program.entry:#x} --vectors {vectors}"
        if program.has_table:
            self.blob("table", program.tables(), program.entry + TABLE)

    def faults(self, address, draw=instructions.undescribed, write=None, modes=MODES):
        """One access."""
        program = self.program(modes)
        program.access(draw(self.rng, write), address)
        self.brings(program)

    def faults_at(self, addresses, draw=instructions.undescribed):
        """One after the other; the guest skips each."""
        program = self.program(PHYSICAL)
        for address in addresses:
            program.access(draw(self.rng), address)
        self.brings(program, "skip")

    def fetches(self, address, modes=MODES):
        program = self.program(modes)
        program.branch(address)
        self.brings(program)

    def runs(self, guest, *args):
        """A program of testvmm's own; those with tables want to be aligned as those are."""
        words = [f"--arg {i}={value:#x}" for i, value in enumerate(args) if value is not None]
        entry = self.machine.entry(0x10000)
        self.guest = " ".join([f"--guest {guest}", f"--entry {entry:#x}"] + words)

    # ---- what it brings --------------------------------------------------------------------

    def file(self, part):
        return f"@trees/{self.name}.{part}"

    def blob(self, part, data, address):
        self.parts[part] = data
        self.options.append(f"--blob {self.file(part)}@{address:#x}")

    def tree(self, data, place=None):
        """The device tree that the guest has; nisvd looks before the guest runs."""
        self.blob("dtb", data, self.machine.tree_place() if place is None else place)
        self.steps = "see go report"

    def write(self, folder):
        for part, data in self.parts.items():
            (folder / f"{self.name}.{part}").write_bytes(data)

    def text(self):
        """As ../arm64.cases has it."""
        options = " ".join([self.machine.options()] + self.options + [self.guest])
        return "|".join((self.name, self.cause, options, self.steps, self.machine.line()))
