# SPDX-License-Identifier: GPL-2.0-or-later
"""What nisvd must tell of VMs that were there before it, that are gone at once, and after a restart."""

import lab

output, check = lab.run()


def timeless(finding):
    """Without the times, which are only as exact as the clock that they are converted by."""
    return {**finding, "sites": [{**site, "first": None, "last": None}
                                 for site in finding["sites"]]}


def findings(tag):
    answer = output.one(tag)
    return answer and [timeless(each) for each in answer["findings"]]


def vm_in_list(tag, name):
    return next((vm for vm in (output.one(tag) or {"vms": []})["vms"] if vm["name"] == name), None)


def layout_is(tag, slots, vcpus, vgic, bus=()):
    show = output.one(tag)
    if not check.true(f"{tag}: is there", show and show["layout"], show):
        return
    layout = show["layout"]
    check.equal(f"{tag}: slots", slots, [(slot["gpa"], slot["size_bytes"] >> 20, slot["flags"])
                                         for slot in layout["slots"]])
    check.true(f"{tag}: where they are in the VMM",
               all(lab.number(slot["hva"]) for slot in layout["slots"]), layout["slots"])
    check.equal(f"{tag}: vCPUs", vcpus, show["vm"]["vcpus"])
    check.equal(f"{tag}: vGIC", vgic, (layout["vgic"], layout["vgic_distributor"]))
    for doorbell in bus:
        check.contains(f"{tag}: ioeventfd", {"ipa": doorbell, "size_bytes": 4,
                                             "kind": "ioeventfd"}, layout["bus"])
    check.equal(f"{tag}: IPA size", 40, layout["ipa_bits"])


def has_ended(tag, vm):
    if check.true(f"{tag}: is listed", vm, vm):
        check.ended(tag, vm)


# ---- nisvd --check, and what it promised

check.equal("check: every kind of fault can be seen", 0, output.one("check.status"))
report = lab.json.loads("\n".join(str(line) for line in output.all("check.json"))) \
    if len(output.all("check.json")) > 1 else output.one("check.json")
status = output.one("status")
states = {source["name"]: source["state"] for source in status["sources"]}
check.equal("check: the running nisvd has the same sources", states,
            {source["name"]: source["state"] for source in report["sources"]})
words = "\n".join(str(line) for line in output.all("check"))
for name, state in states.items():
    check.true(f"check: {name} in words", any(
        line.startswith(name) and line[len(name):].split()[0] == state
        for line in words.splitlines() if line[len(name):].split()), words)
check.equal("check: kvm_mmio_nisv, from Linux 6.7",
            "absent" if status["kernel"].startswith("6.1.") else "attached",
            states["kvm_mmio_nisv"])
runs = lab.program_runs(output)
for name, state in states.items():
    # The iterator has no count of its own: the VMs before nisvd are its work. The other one needs
    # a CPU with more address bits than this: see lpa2.
    if name not in ("task_file iterator", "kvm_inject_size_fault"):
        ran = runs.get(name, 0)
        check.true(f"check: {name} is {state}, and ran {ran} times",
                   (ran > 0) == (state == "attached"), ran)
check.nothing_lost(status)

# ---- before nisvd

for name, pid, vmm in (("before", output.one("before.pid"), "qemu"),
                       ("idle", output.one("idle.pid"), "firecracker")):
    vm = vm_in_list(f"{name}.waiting.list", name)
    if check.true(f"{name}: is found", vm, output.one(f"{name}.waiting.list")):
        check.equal(f"{name}: who it is", (pid, "cmdline", vmm, "running"),
                    (vm["pid"], vm["name_source"], vm["vmm"], vm["state"]))
    check.equal(f"{name}: no finding yet", [], findings(f"{name}.waiting.explain"))
for tag in ("before.waiting.show", "before.show"):
    layout_is(tag, [("0x0", 1, ["readonly"]), ("0x40000000", 64, [])], 2,
              ("v3", "0x8000000"), ["0xa000050"])
layout_is("idle.waiting.show", [("0x80000000", 32, [])], 1, ("none", None))
has_ended("before", vm_in_list("before.list", "before"))
found = findings("before.explain")
check.equal("before: the fault after it all", ["access-past-ram-end"],
            found and [each["cause"] for each in found])
seen = output.one("before")["vms"][0]
check.equal("before: each fault of its two vCPUs is counted", seen["enosys"],
            vm_in_list("before.list", "before")["aborts"]["nisv"])

# ---- gone at once

vm = vm_in_list("crash.list", "crash")
seen = output.one("crash")["vms"][0]
has_ended("crash", vm)
check.equal("crash: who it was", (
    "crash", "cmdline", "0b0e5d4c-7c6a-4c0e-9f3a-1d2c3b4a5968", "qemu", "qemu-virt-arm64"),
    (vm["name"], vm["name_source"], vm["uuid"], vm["vmm"], vm["machine"]))
check.equal("crash: its command line", [
    "qemu-system-aarch64", "-name", "guest=crash,debug-threads=on", "-uuid",
    "0b0e5d4c-7c6a-4c0e-9f3a-1d2c3b4a5968", "-machine", "virt,gic-version=3", "-m", "64M"],
    vm["cmdline"])
layout_is("crash.show", [("0x40000000", 64, [])], 1, ("v3", "0x8000000"))
found = findings("crash.explain")
check.equal("crash: cause", [("device-access-nisv-instruction", "fatal")],
            found and [(each["cause"], each["severity"]) for each in found])
check.contains("crash: the answer has the instruction", "`ldr w1, [x0], #4`",
               found[0]["summary"] if found else "")
check.contains("crash: the answer has the address", "0x9000fe0",
               found[0]["summary"] if found else "")
dossier = lab.Vm(output.all("crash.export"))
fault = dossier.faults[0]
check.equal("crash: registers", ("0x9000fe0", "0x1122334455667788"),
            (fault["registers"][0], fault["registers"][7]))
check.equal("crash: PC", seen["first"]["pc"], fault["pc"])
check.equal("crash: system registers are those of the fault", 2, fault["sysregs_state"])
check.equal("crash: nothing lost", 0, vm["lost_records"])
uart = [region for region in output.one("crash.map")["regions"] if region["aborts"]]
check.equal("crash: the fault on the map", [("device", "0x9000000", 1)],
            [(region["class"], region["ipa"], region["aborts"]) for region in uart])

# ---- from its dossier, without nisvd

check.equal("dossier: the same findings", found, findings("crash.file.explain"))
check.equal("dossier: the same findings from the file that nisvd wrote", found,
            findings("crash.stored"))
for verb in ("show", "map"):
    live, file = output.one(f"crash.{verb}"), output.one(f"crash.file.{verb}")
    for part in ("layout", "regions"):
        if live and part in live:
            check.equal(f"dossier: {verb}: {part}", live[part], file and file[part])
    for part in ("id", "key", "name", "uuid", "cmdline", "aborts", "state", "end_reason"):
        check.equal(f"dossier: {verb}: {part}", live["vm"][part], file and file["vm"][part])

# ---- a guest of one's own

found = output.one("own.explain")["findings"]
check.equal("own: cause", ["access-past-ram-end"], [each["cause"] for each in found])
check.contains("own: instruction", "stp xzr, xzr, [x5], #0x40", found[0]["summary"])
check.contains("own: address", "0x41000000", found[0]["summary"])

# ---- killed and started again

check.true("again: found the VM that runs", vm_in_list("again.idle.list", "idle"),
           output.one("again.idle.list"))
layout_is("again.idle.show", [("0x80000000", 32, [])], 1, ("none", None))
found = findings("again.explain")
check.equal("again: sees new faults", ["access-past-ram-end"],
            found and [each["cause"] for each in found])
has_ended("again: idle", vm_in_list("idle.ended", "idle"))
check.equal("nisvd ends well", 0, output.one("nisvd.exit"))
for line in output.all("log"):
    check.note(f"nisvd said: {line}")
check.note(f"from the VMM's end to the answer of explain: {output.one('answer.ms')} ms; "
           f"the VM took {output.one('crash.ms')} ms")
check.finish()
