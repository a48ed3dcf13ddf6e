# SPDX-License-Identifier: GPL-2.0-or-later
"""VMs drawn at random, as the VMMs make them, and where they have what.

Addresses: each VMM's own source, see ../../lab/tests/dress/vmms; QEMU's hw/arm/virt.c."""

MIB, GIB = 1 << 20, 1 << 30


def mib(size):
    return f"{size // MIB}M"


class Machine:
    """One VM: `slots` and `options` are testvmm's, `line()` is the command line.

    devices: name -> base, size, of what drivers access; free: ranges where nothing is, nor close to
    RAM; extra and words: more for testvmm and for the command line."""

    vmm = ram = dist = None
    sizes = (64, 96, 128, 160, 192, 256, 384, 512, 768, 1024, 2048)
    has_its = False

    def __init__(self, rng, name):
        self.rng, self.name = rng, name
        self.size = rng.choice(self.sizes) * MIB
        self.cpus = rng.choice((1, 1, 1, 2, 3))
        self.devices, self.free, self.extra, self.words = {}, [], [], []

    @property
    def end(self):
        return self.ram + self.size

    @property
    def redist(self):
        return self.dist - 0x20000 * self.cpus

    @property
    def its(self):
        return self.redist - 0x20000

    @property
    def near(self):
        """How far above RAM's end an access counts as past it: domain.md 2.2."""
        return max(64 * MIB, self.size // 4)

    def vgic(self):
        its = [f"--its {self.its:#x}"] if self.has_its else []
        return [f"--vgic v3 {self.dist:#x},{self.redist:#x}"] + its

    def slots(self):
        return [f"--slot {self.ram:#x},{mib(self.size)}"]

    def options(self):
        cpus = [f"--vcpus {self.cpus}"] if self.cpus > 1 else []
        return " ".join(self.slots() + self.vgic() + self.extra + cpus)

    def entry(self, align=0x1000):
        """Where its guest begins: in the first 16 MiB, clear of where trees are."""
        if self.rng.random() < 0.4:
            return self.ram + 0x80000
        return self.ram + self.rng.randrange(0x20000, 0xF80000, align)

    def tree_place(self):
        return self.end - 2 * MIB

    def register(self, names=None, least=16):
        """An address in a device, on 16 bytes, at least that far below its end."""
        name = self.rng.choice(sorted(names or self.devices))
        base, size = self.devices[name]
        return base + self.rng.randrange(0, max(size - least, 0) + 1, 16)

    def nowhere(self, align=16):
        start, end = self.rng.choice(self.free)
        return self.rng.randrange(start, end, align)


class Qemu(Machine):
    vmm, ram, dist = "qemu", 0x40000000, 0x08000000
    redist, its = 0x080A0000, 0x08080000  # they grow up
    versions = ("4.2", "5.0", "5.2", "6.0", "6.2", "7.0", "7.1", "7.2", "8.0", "8.2", "9.0", "9.1",
                "9.2", "10.0")
    sizes = Machine.sizes + (3072,)

    def __init__(self, rng, name, least=None, most=None, **machine):
        super().__init__(rng, name)
        versions = [v for v in self.versions if (not least or number(v) >= number(least)) and
                    (not most or number(v) <= number(most))]
        self.version = rng.choice(versions)
        self.machine = machine
        if "highmem" not in machine and rng.random() < 0.15 and self.size <= 2 * GIB:
            self.machine["highmem"] = "off"
        self.has_its = machine.get("its") != "off"
        self.highmem = self.machine.get("highmem") != "off"
        self.devices = {"uart": (0x09000000, 0x1000), "rtc": (0x09010000, 0x1000),
                        "fw_cfg": (0x09020000, 0x18), "gpio": (0x09030000, 0x1000),
                        "virtio": (0x0A000000, 0x4000)}
        self.ecam = 0x4010000000 if self.highmem else 0x3F000000
        self.window = (0x10000000, 0x2EFF0000)
        self.free = [(0x0B001000, 0x0BFFF000)]
        above = max(self.end + self.near + 16 * MIB, 0xC1000000)
        if above < 0xE8000000:
            self.free.append((above, 0xF0000000))
        self.flash = [(0, 64 * MIB), (64 * MIB, 64 * MIB)]
        self.asks = True  # for exits on NISV
        self.memory = None
        self.cpu = "host"

    def slots(self):
        roms = [f"--slot {base:#x},{mib(size)},ro" for base, size in self.flash]
        return (["--nisv-cap on"] if self.asks else []) + roms + super().slots()

    def line(self):
        rng, size = self.rng, self.size // MIB
        name = rng.choice((f"guest={self.name}", f"guest={self.name},debug-threads=on", self.name))
        machine = dict(self.machine)
        machine["gic-version"] = "3"
        kvm = rng.choice(("-enable-kvm", "-accel kvm", "accel"))
        if kvm == "accel":
            machine["accel"] = "kvm"
        properties = list(machine.items())
        rng.shuffle(properties)
        words = [f"-name {name}",
                 f"{rng.choice(('-machine', '-M'))} virt-{self.version}," +
                 ",".join(f"{key}={value}" for key, value in properties),
                 f"-cpu {self.cpu}",
                 "-m " + (self.memory or rng.choice((f"{size}M", str(size), f"size={size}M"))),
                 f"-smp {rng.choice((str(self.cpus), f'cpus={self.cpus}'))}"] + self.words
        if kvm != "accel":
            words.append(kvm)
        rng.shuffle(words)
        return " ".join([rng.choice(("qemu-system-aarch64", "qemu-kvm"))] + words)

    def tree_place(self):
        """hw/arm/boot.c: behind the initrd, which is at half of the RAM, at most 128 MiB up."""
        return self.ram + min(self.size // 2, 128 * MIB)


def number(version):
    return tuple(int(part) for part in version.split("."))


class Firecracker(Machine):
    vmm, ram, dist, has_its = "firecracker", 0x80000000, 0x3FFF0000, True

    def __init__(self, rng, name, pci=False):
        super().__init__(rng, name)
        self.doorbells = 0 if pci else rng.randrange(1, 6)
        self.pci = pci
        if pci:
            self.extra.append("--ioeventfd 0x4000006000")
        self.devices = {"rtc": (0x40001000, 0x1000), "serial": (0x40002000, 0x1000)}
        for i in range(self.doorbells):
            self.devices[f"virtio{i}"] = (0x40003000 + i * 0x1000, 0x1000)
            self.extra.append(f"--ioeventfd {0x40003050 + i * 0x1000:#x}")
        self.ecam = 0x70000000
        self.free = [(0x04100000, 0x07F00000), (0x0B100000, 0x0BF00000)]
        above = max(self.end + self.near + 16 * MIB, 0xC1000000)
        if above < 0xE8000000:
            self.free.append((above, 0xF0000000))

    def line(self):
        words = [f"--id {self.name}", f"--api-sock /run/{self.name}.sock"]
        words += ["--enable-pci"] if self.pci else []
        self.rng.shuffle(words)
        return " ".join(["firecracker"] + words)


class CloudHypervisor(Machine):
    vmm, ram, dist, has_its = "cloud-hypervisor", 0x40000000, 0x08FF0000, True

    def __init__(self, rng, name):
        super().__init__(rng, name)
        self.devices = {"serial": (0x09000000, 0x1000), "rtc": (0x09010000, 0x1000),
                        "gpio": (0x09020000, 0x1000)}
        self.ecam, self.window = 0x30000000, (0x10000000, 0x20000000)
        self.free = [(0x0B001000, 0x0BFFF000)]
        device = rng.randrange(1, 20) * 0x80000
        self.extra += [f"--ioeventfd {0xFFFFF86000 - device:#x}",
                       f"--ioeventfd {0xFFFFF86004 - device:#x}"]

    def tree_place(self):
        return self.ram

    def line(self):
        words = [f"--api-socket {self.rng.choice(('', 'path='))}/run/{self.name}.sock",
                 "--kernel /boot/Image", f"--memory size={mib(self.size)}",
                 f"--cpus boot={self.cpus}"] + self.words
        self.rng.shuffle(words)
        return " ".join(["cloud-hypervisor"] + words)


class Crosvm(Machine):
    vmm, ram, dist, has_its, its = "crosvm", 0x80000000, 0x3FFF0000, True, 0x40000000

    def __init__(self, rng, name):
        super().__init__(rng, name)
        self.devices = {"serial": (0x3F8, 8), "rtc": (0x2000, 0x1000), "wdt": (0x3000, 0x1000)}
        self.free = [(0x04100000, 0x07F00000), (0x0B100000, 0x0BF00000)]

    def line(self):
        words = [f"--name {self.name}", f"--cpus {self.cpus}", f"--mem {self.size // MIB}"]
        self.rng.shuffle(words)
        return " ".join(["crosvm run"] + words + ["/boot/Image"])


class Kvmtool(Machine):
    vmm, ram, dist, has_its = "kvmtool", 0x80000000, 0x3FFF0000, True

    def __init__(self, rng, name):
        super().__init__(rng, name)
        self.devices = {"serial": (0x01000000, 0x1000)}
        self.extra.append(f"--ioeventfd {0x50000438 + 0x800 * rng.randrange(4):#x},2")
        self.ecam = 0x40000000
        # From 0x03000000 on it may have its transports.
        self.free = [(0x01100000, 0x01F00000)]

    def line(self):
        words = [f"--name {self.name}", f"-m {self.size // MIB}", f"-c {self.cpus}",
                 "-k /boot/Image"] + self.words
        self.rng.shuffle(words)
        return " ".join(["lkvm run"] + words)

    def tree_place(self):
        """arm/kvm.c: below the end of the first 256 MiB."""
        return self.ram + min(self.size, 256 * MIB) - 2 * MIB


class Libkrun(Machine):
    vmm, ram, dist = "libkrun", 0x80000000, 0x09FF0000

    def __init__(self, rng, name):
        super().__init__(rng, name)
        self.doorbells = rng.randrange(1, 6)
        for i in range(self.doorbells):
            self.devices[f"virtio{i}"] = (0x0A001000 + i * 0x1000, 0x1000)
            self.extra.append(f"--ioeventfd {0x0A001050 + i * 0x1000:#x}")
        # Its transports have no end that is known, and began at 0x40001000 before 1.16.
        self.free = [(0x04100000, 0x07F00000)]

    def line(self):
        return f"krunvm start {self.name}"


# testvmm does not map libkrun.so, by which libkrun is known (domain.md 3.9): the likeness of a
# layout alone does not tell that an address is a device, or that nothing is there.
KNOWN = (Qemu, Qemu, Firecracker, CloudHypervisor, Crosvm, Kvmtool)
ALL = KNOWN + (Libkrun,)
