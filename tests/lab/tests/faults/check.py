# SPDX-License-Identifier: GPL-2.0-or-later
"""What nisvd must say of each action in faults/guest, compared with what the VMM and the guest saw."""

import sys

import lab

HOLE = 0xB0000540
SLOT = 0x60000540
BEYOND = 0x20000000540
CAPS = ("off", "on")

# Instructions that the CPU does not describe: text, write.
NISV = {
    "ldp": ("ldp x1, x2, [x0]", False),
    "stp": ("stp x1, x2, [x0]", True),
    "ldr-post": ("ldr w1, [x0], #4", False),
    "str-post": ("str w1, [x0], #4", True),
    "ldr-pre": ("ldr w1, [x0, #4]!", False),
    "ldr-q": ("ldr q0, [x0]", False),
    "ld1": ("ld1 {v0.16b}, [x0]", False),
    "ldxr": ("ldxr x1, [x0]", False),
    "ldadd": ("ldadd w1, w2, [x0]", True),
    "cas": ("cas w1, w2, [x0]", True),
    "dc-zva": ("dc zva, x0", True),
    "el0-ldp": ("ldp x1, x2, [x0]", False),
    "mmu-4k": ("ldp x1, x2, [x0]", False),
    "mmu-16k": ("ldp x1, x2, [x0]", False),
    "mmu-64k": ("ldp x1, x2, [x0]", False),
    "mmu-high": ("ldp x1, x2, [x0]", False),
}
MMU = ("dc-zva", "mmu-4k", "mmu-16k", "mmu-64k", "mmu-high", "straddle")
# What Cortex-A72 (Armv8.0) has not: the guests say so themselves.
UNSUPPORTED = {"cortex-a72": ("ldadd", "cas", "mmu-16k")}

# ESR_EL2: Arm ARM, "ISS encoding for an exception from a Data Abort".
EC_IABT = 0x20
EC_DABT = 0x24
ISV = 1 << 24
CM = 1 << 8
S1PTW = 1 << 7
WNR = 1 << 6

output, check = lab.run()
cpu = sys.argv[2]
vms = lab.dossiers(output)
unsupported = UNSUPPORTED.get(cpu, ())
# With VHE the EL1 registers stay in the CPU until the exit to user space, which these have not.
vhe = cpu != "cortex-a72"


def vm_of(tag):
    """The report of the VM and what nisvd knows of it, or None."""
    report = output.one(tag)["vms"][0]
    return report, vms.get(lab.vm_id(report))


def only_fault(tag, kind, outcome, write, times=1, answers=0):
    """One site of that kind, counted as often as the guest faulted, and nothing else."""
    report, vm = vm_of(tag)
    if not check.true(f"{tag}: nisvd knows the VM", vm, lab.vm_id(report)):
        return report, None, None
    check.equal(f"{tag}: aborts", {kind.replace("-", "_"): times}, vm.aborts())
    check.equal(f"{tag}: no MMIO", (0, 0), (vm.vm["mmio"]["reads"], vm.vm["mmio"]["writes"]))
    if not check.equal(f"{tag}: one site", 1, len(vm.abort_sites())):
        return report, vm, None
    site = vm.abort_sites()[0]
    check.equal(f"{tag}: kind", kind, site["kind"])
    check.equal(f"{tag}: outcome", outcome, site["outcome"])
    check.equal(f"{tag}: count", times, site["count"])
    check.equal(f"{tag}: aborts of the VMM", answers and ("abort-injected", answers) or (None, None),
                (site["vmm_answer"], site["vmm_answers"]))
    check.equal(f"{tag}: a detailed record", True, len(vm.faults) == 1)
    check.equal(f"{tag}: nothing lost", (0, 0, 0), (
        vm.vm["lost_records"], vm.vm["suppressed"], vm.vm["unplaced_aborts"]))
    esr = lab.number(site["esr"])
    fetch = EC_IABT if tag.split(".")[0].endswith(("ifetch", "insn")) else EC_DABT
    check.equal(f"{tag}: exception class", fetch, esr >> 26)
    if write is not None:
        check.equal(f"{tag}: write", write, bool(esr & WNR))
    return report, vm, site


def nisv(tag, cap, address, text, write, times=1, answers=0):
    outcome = "vm-killed" if cap == "off" else "vmm-decides"
    report, vm, site = only_fault(tag, "nisv", outcome, write, times, answers)
    if not site:
        return
    name = tag.split(".")[0]
    seen = report["enosys"] if cap == "off" else report["nisv"]
    check.equal(f"{tag}: as often as the VMM saw it", times, seen)
    esr = lab.number(site["esr"])
    check.equal(f"{tag}: syndrome", 0, esr & (ISV | CM | S1PTW))
    check.equal(f"{tag}: address", hex(address), site["ipa"])
    check.equal(f"{tag}: PC as the VMM saw it", report["first"]["pc"], site["pc"])
    check.equal(f"{tag}: instruction", text, site["instruction"])
    fault = vm.faults[0]
    check.equal(f"{tag}: errno", -38 if cap == "off" else 0, fault["errno"])
    check.equal(f"{tag}: exit reason", 0 if cap == "off" else 28, fault["exit_reason"])
    sctlr = lab.number(fault["system_registers"]["sctlr"])
    check.equal(f"{tag}: MMU", name in MMU, bool(sctlr & 1))
    check.equal(f"{tag}: exception level", 0 if name == "el0-ldp" else 1,
                lab.number(fault["pstate"]) >> 2 & 3)
    check.equal(f"{tag}: base register", True, hex(address) in fault["registers"] or
                name in ("ldr-pre", "mmu-high"))
    if cap == "on" and report["exceptions"]:
        check.equal(f"{tag}: FAR as the guest saw it", report["exception"]["far"], site["far"])
        check.equal(f"{tag}: the VMM got the same address", report["first"]["ipa"], site["ipa"])


def described(tag, reads, writes, address):
    """MMIO: traffic, no fault, no finding."""
    report, vm = vm_of(tag)
    if not check.true(f"{tag}: nisvd knows the VM", vm, lab.vm_id(report)):
        return
    check.equal(f"{tag}: the VMM saw MMIO", (reads, writes),
                (report["mmio_reads"], report["mmio_writes"]))
    check.equal(f"{tag}: no aborts", {}, vm.aborts())
    check.equal(f"{tag}: no finding", [], vm.findings)
    mmio = vm.vm["mmio"]
    check.equal(f"{tag}: MMIO", (reads, writes, reads + writes),
                (mmio["reads"], mmio["writes"], mmio["user"]))
    check.equal(f"{tag}: its place", [(hex(address & ~0x1FF), reads + writes, reads + writes)],
                [(place["ipa"], place["count"], place["user"]) for place in vm.places()])


def harmless(tag, exceptions=0):
    """No event at all: so nisvd need not know the VM."""
    report, vm = vm_of(tag)
    check.equal(f"{tag}: exceptions of the guest", exceptions, report["exceptions"])
    check.true(f"{tag}: no abort, no MMIO", not vm or not vm.aborts() and not vm.sites,
               vm and vm.vm)


def injected(tag, kind, address, pc=None, text=None):
    """Answered by KVM: no exit, the guest gets the abort, and its injection is what was counted."""
    report, vm, site = only_fault(tag, kind, "abort-injected", None)
    if not site:
        return
    check.equal(f"{tag}: the guest got one exception", 1, report["exceptions"])
    check.equal(f"{tag}: address", hex(address), site["ipa"])
    check.equal(f"{tag}: PC as the guest saw it", report["exception"]["elr"], site["pc"])
    check.equal(f"{tag}: FAR as the guest saw it", report["exception"]["far"], site["far"])
    if pc:
        check.equal(f"{tag}: PC", hex(pc), site["pc"])
    if text and vhe:
        check.equal(f"{tag}: says why there is no instruction: the MMU's state was not known", 7,
                    vm.faults[0]["instruction_state"])
    elif text and kind == "walk" and vm.faults[0]["instruction_state"] == 4:
        check.note(f"{tag}: the instruction's memory could not be read in the kprobe")
    elif text:
        check.equal(f"{tag}: instruction", text, site["instruction"])


for cap in CAPS:
    for guest, (text, write) in NISV.items():
        tag = f"{guest}.{cap}"
        if guest in unsupported:
            check.equal(f"{tag}: this CPU cannot", 77, output.one(f"{tag}.status"))
            continue
        nisv(tag, cap, HOLE + 4 if guest == "ldr-pre" else HOLE, text, write,
             answers=int(cap == "on"))
    for guest in ("ldr", "ldrb", "ldrsb", "ldtr", "ldar"):
        described(f"{guest}.{cap}", 1, 0, HOLE)
    described(f"str.{cap}", 0, 1, HOLE)
    described(f"straddle.{cap}", 1, 0, 0x41000000)
    for guest in ("stxr", "dc-civac"):
        harmless(f"{guest}.{cap}")
    injected(f"ifetch.{cap}", "exec", HOLE, HOLE)
    # Of a walk only the table's page is known.
    injected(f"s1ptw-data.{cap}", "walk", HOLE & ~0xFFF, None, "ldr x1, [x13]")
    injected(f"s1ptw-insn.{cap}", "walk", HOLE & ~0xFFF, 0xFFFF800008000000)

    nisv(f"ro-stp.{cap}", cap, SLOT, "stp x1, x2, [x0]", True, answers=int(cap == "on"))
    slot = vm_of(f"ro-stp.{cap}")[1].faults[0]["slot"]
    check.equal(f"ro-stp.{cap}: inside a slot", ("0x60000000", "0x2"),
                (slot or {}).get("gpa") and (slot["gpa"], slot["flags"]))
    described(f"ro-str.{cap}", 0, 1, SLOT)
    for guest in ("ro-ldp", "ro-ldr"):
        harmless(f"{guest}.{cap}")

    for guest, write in (("ldr", False), ("str", True), ("stp", True), ("ifetch", None),
                         ("s1ptw-data", None)):
        tag = f"gone-{guest}.{cap}"
        report, vm, site = only_fault(tag, "backing", "vm-killed", write)
        if not site:
            continue
        check.equal(f"{tag}: as often as the VMM saw it", 1, report["efault"])
        check.equal(f"{tag}: errno", -14, vm.faults[0]["errno"])
        check.equal(f"{tag}: address", hex(SLOT & ~0xFFF if guest == "s1ptw-data" else SLOT),
                    site["ipa"])
        check.equal(f"{tag}: PC as the VMM saw it", report["first"]["pc"], site["pc"])
        check.equal(f"{tag}: its slot", "0x60000000", (vm.faults[0]["slot"] or {}).get("gpa"))
        check.equal(f"{tag}: cause", "backing-not-faultable", vm.findings[0]["cause"])

    for guest, text in (("ldr", "ldr w1, [x0]"), ("str", "str w1, [x0]"),
                        ("stp", "stp x1, x2, [x0]"), ("ifetch", None)):
        injected(f"beyond-{guest}.{cap}", "beyond-ipa", BEYOND,
                 BEYOND if guest == "ifetch" else None, text)

nisv("rerun.off", "off", HOLE, "ldp x1, x2, [x0]", False, 5)
nisv("rerun.on", "on", HOLE, "ldp x1, x2, [x0]", False, 5)

# Told in the finding's words, too; by the last one, testvmm stops.
for cap, outcome, injected_by in (("on", "vmm-decides, KVM_EXIT_ARM_NISV", ", which injected"),
                                  ("off", "vm-killed, KVM_RUN returned ENOSYS",
                                   ", and the VMM injected")):
    nisv(f"inject.{cap}", cap, HOLE, "ldp x7, x8, [x5]", False, 5, answers=4)
    finding = vm_of(f"inject.{cap}")[1].findings[0]
    check.contains(f"inject.{cap}: the answer in the summary",
                   f"{injected_by} an abort into the guest", finding["summary"])
    check.contains(f"inject.{cap}: the answer in the evidence",
                   f"Outcome: {outcome}; the VMM answered with an external abort, 4 of 5 times",
                   finding["evidence"])
nisv("skip.on", "on", HOLE, "ldp x1, x2, [x0]", False)
nisv("exit.on", "on", HOLE, "ldp x1, x2, [x0]", False)
nisv("late.on", "on", HOLE, "ldp x1, x2, [x0]", False)
check.equal("late.on: the guest got the VMM's abort", 1, output.one("late.on")["vms"][0]["exceptions"])
harmless("unasked.on", exceptions=1)

report, vm = vm_of("sites.on")
check.equal("sites: each page is a site, counted once", [(hex(HOLE + i * 4096), 1, 1)
            for i in range(16)], [(site["ipa"], site["count"], site["vmm_answers"])
                                  for site in vm.abort_sites()])
check.equal("sites: all are counted", (16, {"nisv": 16}), (report["nisv"], vm.aborts()))
report, vm = vm_of("jumps.on")
check.equal("jumps: each is counted", {"exec": 9}, vm.aborts())

status = output.one("status")
check.nothing_lost(status)
expected = {}
for vm in vms.values():
    for kind, n in vm.vm["aborts"].items():
        expected[kind] = expected.get(kind, 0) + n
check.equal("status adds up", expected, status["aborts"])
check.finish()
