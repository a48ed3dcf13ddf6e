# SPDX-License-Identifier: GPL-2.0-or-later
"""The surroundings of each fault in context/guest, as the record must have them."""

import sys

import lab

HOLE = 0xB0000540
PROGRAM = 0x40080000
RAM = range(0x40000000, 0x41000000)
HIGH_CODE = 0xFFFF800008000000
STALE, CURRENT = 1, 2  # enum nisv_sysregs_state
INSN_OK, INSN_NO_SYSREGS = 1, 7  # enum nisv_insn_state

output, check = lab.run()
cpu = sys.argv[2]
vms = lab.dossiers(output)
# With VHE the EL1 registers stay in the CPU until the exit to user space, which these have not.
vhe = cpu != "cortex-a72"
# Cortex-A72 has AArch32 at each level but no 16 KiB granule, Neoverse N1 has it at EL0 only.
unsupported = ("a32", "t32", "t32-wide", "t32-edge", "t32-over") if vhe else \
    ("mmu-16k", "block-16k", "out-16k-2", "out-16k-3")


def fault_of(tag, kind):
    """The one fault of a VM, or None."""
    if tag in unsupported:
        check.equal(f"{tag}: this CPU cannot", 77, output.one(f"{tag}.status"))
        return None
    vm = vms.get(lab.vm_id(output.one(tag)["vms"][0]))
    if not check.true(f"{tag}: one fault", vm and len(vm.faults) == 1, vm and vm.faults):
        return None
    check.equal(f"{tag}: kind", kind, vm.faults[0]["kind"])
    return vm.faults[0]


# ---- the walk ----

# Levels that the walk has; the granule's shift.
DONE = {
    "mmu-4k": ([0, 1, 2, 3], 12),
    "mmu-16k": ([0, 1, 2, 3], 14),
    "mmu-64k": ([1, 2, 3], 16),
    "mmu-high": ([0, 1, 2, 3], 12),
    "block-4k-1g": ([0, 1], 12),
    "block-4k-2m": ([0, 1, 2], 12),
    "block-16k": ([0, 1, 2], 14),
    "block-64k": ([1, 2], 16),
    "loop-4k": ([0, 1, 2, 3], 12),
}
# The level whose table is outside memory; likewise.
OUT = {
    "out-4k-1": (1, 12), "out-4k-2": (2, 12), "out-4k-3": (3, 12),
    "out-16k-2": (2, 14), "out-16k-3": (3, 14),
    "out-64k-2": (2, 16), "out-64k-3": (3, 16),
}


def index_of(address, level, granule):
    """Bytes from the start of a table to the descriptor that translates the address there."""
    shift = granule + (3 - level) * (granule - 3)
    return (address >> shift & (1 << granule - 3) - 1) * 8


def check_steps(tag, walk, levels, granule):
    """Each descriptor is where the one before it points to."""
    check.equal(f"{tag}: levels", levels, [step["level"] for step in walk["steps"]])
    table = None
    for step in walk["steps"]:
        at = lab.number(step["address"])
        offset = index_of(lab.number(walk["address"]), step["level"], granule)
        check.true(f"{tag}: the descriptor of level {step['level']} is in RAM", at in RAM,
                   step["address"])
        check.equal(f"{tag}: and where its table has it", hex((table or at - offset) + offset),
                    step["address"])
        table = lab.number(step["descriptor"]) & 0xFFFFFFFFF000 & -1 << granule
    return table


for tag, (levels, granule) in DONE.items():
    fault = fault_of(tag, "nisv")
    if not fault:
        continue
    walk = fault["walk"]
    check.equal(f"{tag}: of FAR, to what faulted", (fault["far"], "done", hex(HOLE), True),
                (walk["address"], walk["state"], walk["output"], walk["agrees"]))
    check_steps(tag, walk, levels, granule)
    # Half of the code is before the instruction, where the page has that much.
    at = lab.number(fault["pc"]) & 0xFFF
    before = at - min(max(at - 32, 0), 4096 - 64)
    check.equal(f"{tag}: the instruction in the code around it", fault["instruction_bytes"],
                fault["code"][2 * before:2 * before + 8])

for tag, (level, granule) in OUT.items():
    fault = fault_of(tag, "walk")
    if not fault:
        continue
    walk = fault["walk"]
    first = 1 if granule == 16 else 0
    check.equal(f"{tag}: registers", STALE if vhe else CURRENT, fault["sysregs_state"])
    check.equal(f"{tag}: of FAR, left memory, and that explains it",
                (fault["far"], "no-slot", True),
                (walk["address"], walk["state"], walk["agrees"]))
    table = check_steps(tag, walk, list(range(first, level)), granule)
    check.equal(f"{tag}: the table that is nowhere", hex(HOLE & -1 << granule), hex(table))
    out = table + index_of(lab.number(fault["far"]), level, granule)
    check.equal(f"{tag}: its descriptor, in the page that faulted", (hex(out), hex(out & ~0xFFF)),
                (walk["output"], fault["ipa"]))
    check.equal(f"{tag}: so the instruction is known", (INSN_OK, "ldp x1, x2, [x13]"),
                (fault["instruction_state"], fault["instruction"]))

# Nothing saved the registers since the MMU was switched on. Linux 7.x traps some of the writes, and
# then what it has is right: whoever cannot know it must see it by the agreement alone.
for tag in ("s1ptw-data", "s1ptw-insn", "out-stale"):
    fault = fault_of(tag, "walk")
    if not fault:
        continue
    walk = fault["walk"]
    known = walk["agrees"]
    check.true(f"{tag}: without VHE the registers are the fault's", vhe or known, fault)
    check.equal(f"{tag}: of FAR, as the registers have it",
                (fault["far"], "no-slot" if known else "mmu-off"), (walk["address"], walk["state"]))
    same_half = tag == "out-stale" or not vhe  # PC and FAR
    if tag != "s1ptw-insn":
        check.equal(f"{tag}: the instruction is known if they are",
                    INSN_OK if known and same_half else INSN_NO_SYSREGS,
                    fault["instruction_state"])

fault = fault_of("off", "nisv")
check.equal("off: no translation", ("mmu-off", hex(HOLE), True, []),
            tuple(fault["walk"][name] for name in ("state", "output", "agrees", "steps")))
fault = fault_of("fetch-off", "exec")
check.equal("fetch-off: stale registers explain nothing without a walk", ("mmu-off", not vhe),
            (fault["walk"]["state"], fault["walk"]["agrees"]))
fault = fault_of("table-gone", "backing")
check.equal("table-gone: the table cannot be read", ("unreadable", "0x60000000", True),
            tuple(fault["walk"][name] for name in ("state", "output", "agrees")))
check_steps("table-gone", fault["walk"], [0, 1, 2], 12)
check.equal("table-gone: what is behind its slot", ("found", []),
            (fault["mapping"]["state"], fault["mapping"]["flags"]))


# ---- the callers ----

def callers(fault, base):
    """What CALLS leaves: x30 is the nearest, which the first record has too."""
    first = base + lab.number(fault["registers"][4]) + 8
    return [hex(first + offset) for offset in (52, 52, 36, 20, 0)]


def backtrace(tag, fault, frames, end, read_state=None, stopped_at=None):
    check.equal(f"{tag}: callers", {"frames": frames, "end": end, "read_state": read_state,
                                    "stopped_at": stopped_at}, fault["backtrace"])


for tag, kind, base in (("calls", "nisv", HIGH_CODE), ("calls-jump", "exec", HIGH_CODE),
                        ("calls-el0", "nisv", PROGRAM)):
    fault = fault_of(tag, kind)
    check.equal(f"{tag}: exception level", 0 if tag == "calls-el0" else 1,
                lab.number(fault["pstate"]) >> 2 & 3)
    check.equal(f"{tag}: the walk explains it", True, fault["walk"]["agrees"])
    backtrace(tag, fault, callers(fault, base), "complete")
fault = fault_of("calls-stale", "exec")
check.true("calls-stale: without VHE the registers are the fault's",
           vhe or fault["walk"]["agrees"], fault["walk"])
if not fault["walk"]["agrees"]:
    backtrace("calls-stale", fault, callers(fault, HIGH_CODE)[:1], "unreadable",
              "registers-unknown", fault["registers"][29])
else:
    backtrace("calls-stale", fault, callers(fault, HIGH_CODE), "complete")

fault = fault_of("calls-beyond", "beyond-ipa")
if output.one("status")["kernel"].find("-rt-") < 0:
    check.equal("calls-beyond: walk and instruction",
                ("done", "0x20000000540", True, "ldp x1, x2, [x5]"),
                tuple(fault["walk"][name] for name in ("state", "output", "agrees")) +
                (fault["instruction"],))
    backtrace("calls-beyond", fault, callers(fault, HIGH_CODE), "complete")
else:
    # With PREEMPT_RT a kprobe cannot ask for the VMM's mappings (bpf_find_vma()).
    backtrace("calls-beyond", fault, callers(fault, HIGH_CODE)[:1], "unreadable",
              "registers-unknown" if vhe else "unreadable", fault["registers"][29])

X30 = 0x40001234
R1, R2, R3, R4 = 0x40001111, 0x40002222, 0x40003333, 0x40004444
FRAMES = {
    "frames-none": ([], "complete"),
    "frames-two": ([R1, R2], "complete"),
    "frames-zeroes": ([R1], "complete"),
    "frames-loop": ([R1], "order", None, "0x40200000"),
    "frames-pair": ([R1, R2], "order", None, "0x40200000"),
    "frames-odd": ([R1], "misaligned", None, "0x40200014"),
    "frames-odd-first": ([], "misaligned", None, "0x40200003"),
    "frames-out": ([R1], "unreadable", "no-slot", "0x7fffffff0000"),
    "frames-hole": ([R1], "unreadable", "no-slot", "0xb0000000"),
    "frames-untouched": ([], "unreadable", "unreadable", "0x40ffff00"),
    "frames-edge": ([], "unreadable", "no-slot", "0x50000ff8"),
    "frames-top": ([], "unreadable", "no-slot", "0xfffffffffffffff8"),
    "frames-changed": ([R1, R2, R3, R4], "complete"),
    "frames-changed-twice": ([R1, R2], "order", None, "0x401ffff0"),
    "frames-back": ([R1, R2], "order", None, "0x40200020"),
    "frames-many": ([0x40010000 + i for i in range(1, 16)], "full", None, "0x402000f0"),
}
for tag, (frames, *rest) in FRAMES.items():
    fault = fault_of(tag, "nisv")
    if fault:
        backtrace(tag, fault, [hex(frame) for frame in [X30] + frames], *rest)
fault = fault_of("frames-jump", "exec")
if vhe:
    backtrace("frames-jump", fault, [hex(X30)], "unreadable", "registers-unknown", "0x40200000")
else:
    backtrace("frames-jump", fault, [hex(X30), hex(R1), hex(R2)], "complete")


# ---- AArch32 ----

# Bytes of the instruction; T32.
NARROW = {
    "a32": ("060090e8", False),
    "t32": ("06c8", True),
    "t32-wide": ("90e80600", True),
    "t32-edge": ("06c8", True),
    "t32-over": ("90e80600", True),
    "el0-a32": ("060090e8", False),
    "el0-t32": ("90e80600", True),
    "el0-t32-edge": ("06c8", True),
    "el0-t32-over": ("90e80600", True),
}
for tag, (text, is_t32) in NARROW.items():
    fault = fault_of(tag, "nisv")
    if not fault:
        continue
    pstate = lab.number(fault["pstate"])
    check.equal(f"{tag}: AArch32, T32, mode", (1, is_t32, 0 if tag.startswith("el0") else 3),
                (pstate >> 4 & 1, bool(pstate >> 5 & 1), pstate & 15))
    check.equal(f"{tag}: instruction", (INSN_OK, text),
                (fault["instruction_state"], fault["instruction_bytes"]))
    check.equal(f"{tag}: walk", ("done" if tag.startswith("el0") else "mmu-off", True),
                (fault["walk"]["state"], fault["walk"]["agrees"]))
    check.equal(f"{tag}: no frame records", None, fault["backtrace"])


# ---- what is behind the slot ----

MAPPINGS = {
    "nobacking": ("found", []),
    "ro-backing": ("found", ["read"]),
    "unmapped": ("absent", None),
    "truncated": ("found", ["read", "write", "shared", "file", "regular"]),
}
for tag, expected in MAPPINGS.items():
    fault = fault_of(tag, "backing")
    if not fault:
        continue
    mapping = fault["mapping"]
    slot = [s for s in output.one(tag)["vms"][0]["slots"] if s["address"] == "0x60000000"][0]
    check.equal(f"{tag}: mapping", expected, (mapping["state"], mapping["flags"]))
    check.equal(f"{tag}: its address", hex(lab.number(slot["hva"]) + 0x1540), mapping["address"])
    if expected[0] == "found":
        check.true(f"{tag}: its bounds", lab.number(mapping["start"]) <= lab.number(slot["hva"]) <
                   lab.number(mapping["address"]) < lab.number(mapping["end"]), mapping)
    is_file = tag == "truncated"
    check.equal(f"{tag}: file", ("0x1540", "0x1000") if is_file else (None, None),
                (mapping["file_offset"], mapping["file_size"]))
    check.equal(f"{tag}: it has an inode", is_file, bool(mapping["inode"]))
check.equal("inside: not asked where KVM needed no memory", None,
            fault_of("inside", "nisv")["mapping"])

check.nothing_lost(output.one("status"))
check.finish()
