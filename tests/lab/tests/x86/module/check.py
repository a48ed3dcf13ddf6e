# SPDX-License-Identifier: GPL-2.0-or-later
"""What nisvd must tell where the kvm module comes after it; and its fields are those of the module."""

import lab

output, check = lab.run()

WORDS = "the kvm module is not loaded"


def as_the_vmm_saw(name, vm, seen):
    """A VM of a testvmm report."""
    check.equal(f"{name}: its id", lab.vm_id(seen), vm.vm["id"])
    check.equal(f"{name}: slots", [
        (slot["id"], slot["address"], slot["size"], slot["hva"],
         sorted(["readonly"] * slot["ro"] + ["log-dirty"] * slot["log"]))
        for slot in sorted(seen["slots"], key=lambda slot: lab.number(slot["address"]))],
        [(slot["slot_id"], slot["gpa"], slot["size_bytes"], slot["hva"], sorted(slot["flags"]))
         for slot in vm.layout["slots"]])
    emulation = {"emulation": seen["internal_error"]} if seen["internal_error"] else {}
    check.equal(f"{name}: faults", emulation, vm.aborts())
    check.equal(f"{name}: reads and writes", (seen["mmio_reads"], seen["mmio_writes"]),
                (vm.vm["mmio"]["reads"], vm.vm["mmio"]["writes"]))
    check.equal(f"{name}: their places", sorted(
        (lab.number(place), "mmio-write", n["writes"]) for place, n in seen["mmio_by_place"].items()),
        sorted((lab.number(place["ipa"]), place["kind"], place["count"])
               for place in vm.places()))


def two_vcpus(name, vm):
    """The two faults are one site, whose last one is told."""
    check.equal(f"{name}: vCPUs", 2, vm.vm["vcpus"])
    check.equal(f"{name}: one site, two faults", [2], [site["count"] for site in vm.sites])
    for fault in vm.faults:
        check.equal(f"{name}: vCPU {fault['vcpu']}: instruction, its place, its operand",
                    ("pxor xmm0, xmmword ptr [edi]", "0x8000",
                     hex(0xD0000000 + 0x1000 * fault["vcpu"])),
                    (fault["instruction"], fault["pc"], fault["registers"][7]))
    check.equal(f"{name}: the cause", ["x86-emulation-failure-mmio"],
                sorted({finding["cause"] for finding in vm.findings}))


# ---- before KVM

check.equal("KVM is not there", "no", output.one("loaded.before"))
check.equal("check: cannot work", 2, output.one("check.status"))
report = output.one("check.json")
check.equal("check: why", WORDS, report["reason"])
check.contains("check: what to do", "modprobe", report["how_to_get"])
check.true("check: in words", WORDS in "\n".join(map(str, output.all("check"))),
           output.all("check"))
status = output.one("before.status")
check.equal("status: it is told of each source", [("absent", WORDS)], sorted(
    {(source["state"], source["reason"]) for source in status["sources"]}))
check.true("status: and what to do", all(
    "modprobe" in source["how_to_get"] for source in status["sources"] if source["lost"]),
    status["sources"])
check.equal("status: in words, once", 1, sum(
    str(line).endswith(f"why not: {WORDS}") for line in output.all("before.status.words")))
check.equal("status: no VMs", (0, []), (status["vms"], output.one("before.list")["vms"]))
check.equal("explain: not watched yet", None, output.one("before.explain")["watched"]["since"])
check.true("explain: in words", any("not yet" in str(line) for line in output.all("before.words")),
           output.all("before.words"))

# ---- when it comes

for step in ("load.kvm", "load.amd"):
    check.equal(f"{step}: works", 0, output.one(f"{step}.status"))
status = output.one("after.status")
check.equal("attached to everything", ["attached"],
            sorted({source["state"] for source in status["sources"]}))
check.true("watched since then", output.one("after.explain")["watched"]["since"],
           output.one("after.explain"))
vms = {vm.vm["name"]: vm for vm in lab.dossiers(output).values()}
for name in ("two", "writes", "held"):
    seen = output.one(name)["vms"][0]
    if check.true(f"{name}: is known", name in vms, sorted(vms)):
        as_the_vmm_saw(name, vms[name], seen)
        check.equal(f"{name}: its end was told", "vm-destroyed", vms[name].vm["end_reason"])
two_vcpus("two", vms["two"])
seen = output.one("writes")["vms"][0]
check.equal("writes: 5,000", 5000, seen["mmio_writes"])
check.nothing_lost(output.one("held.status"))

# ---- while it is held

check.equal("the module of the CPU goes", 0, output.one("unload.amd.status"))
check.equal("kvm does not", (1, "yes"), (output.one("unload.kvm.status"), output.one("loaded.held")))
check.contains("kvm does not: the kernel's words", "Resource temporarily unavailable",
               "\n".join(map(str, output.all("unload.kvm.error"))))
check.equal("the module of the CPU comes again", 0, output.one("again.amd.status"))
two_vcpus("held", vms["held"])
check.equal("nisvd ends well", 0, output.one("nisvd.exit"))
check.equal("without nisvd kvm goes, too", (0, 0, "no"), (
    output.one("free.amd.status"), output.one("free.kvm.status"), output.one("loaded.free")))

# ---- a VM at once

show = output.one("late.show")
seen = output.one("late")["vms"][0]
check.equal("late: found before it ran", (lab.vm_id(seen), 1, [
    ("0x0", 1 << 20, []), ("0x100000", 1 << 16, ["readonly"])]), (
    show["vm"]["id"], show["vm"]["vcpus"],
    [(slot["gpa"], slot["size_bytes"], slot["flags"]) for slot in show["layout"]["slots"]]))
late = lab.Vm(output.all("late.export"))
check.equal("late: its fault", {"emulation": 1}, late.aborts())
for line in output.all("log"):
    check.note(f"nisvd said: {line}")
check.finish()
