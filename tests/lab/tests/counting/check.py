# SPDX-License-Identifier: GPL-2.0-or-later
"""Exact counts of counting/guest, compared with the VMM's, with KVM's and with the eventfds'."""

import lab

output, check = lab.run()
vms = lab.dossiers(output)


def vm_of(tag):
    report = output.one(tag)["vms"][0]
    return report, vms[lab.vm_id(report)]


# ---- MMIO

report, vm = vm_of("writes")
doorbells = sum(each["writes"] for each in report["ioeventfds"])
mmio = vm.vm["mmio"]
check.equal("writes: total, as the VMM and its eventfds saw it", (0, 60000, 60000),
            (mmio["reads"], mmio["writes"], report["mmio_writes"] + doorbells))
check.equal("writes: served by user space", report["mmio_writes"], mmio["user"])
check.equal("writes: served by the kernel", doorbells, mmio["writes"] - mmio["user"])
check.equal("writes: as KVM counted", (output.one("writes.mmio_exit_user"),
                                       output.one("writes.mmio_exit_kernel")),
            (mmio["user"], mmio["writes"] - mmio["user"]))
check.equal("writes: by place", [("mmio-write", hex(0x0A000000 + i * 0x200), 15000,
                                  0 if i < 2 else 15000) for i in range(4)],
            [(each["kind"], each["ipa"], each["count"], each["user"]) for each in vm.places()])

report, vm = vm_of("reads")
mmio = vm.vm["mmio"]
check.equal("reads: total, as the VMM saw it", (40000, 0, 40000, 40000),
            (mmio["reads"], mmio["writes"], mmio["user"], report["mmio_reads"]))
check.equal("reads: as KVM counted", (output.one("reads.mmio_exit_user"),
                                      output.one("reads.mmio_exit_kernel")), (mmio["user"], 0))
check.equal("reads: by place, two addresses in each", [
    ("mmio-read", hex(0x0A000000 + i * 0x200), 10000, 10000) for i in range(4)],
    [(each["kind"], each["ipa"], each["count"], each["user"]) for each in vm.places()])
for tag in ("writes", "reads"):
    report, vm = vm_of(tag)
    check.equal(f"{tag}: no place is missing", 0, vm.vm["mmio"]["unplaced"])
    check.equal(f"{tag}: no aborts, no finding", ({}, []), (vm.aborts(), vm.findings))
check.equal("MMIO writes nothing to the journal", 0, output.one("mmio.entries"))

# ---- faults

report, vm = vm_of("loop")
check.equal("loop: total, as the VMM saw it", ({"nisv": 100000}, 100000),
            (vm.aborts(), report["nisv"]))
check.equal("loop: one site", [("nisv", "0xb0000040", 100000)],
            [(each["kind"], each["ipa"], each["count"]) for each in vm.abort_sites()])
# Two rings bring them: the order is that of their sequence numbers, not of their arrival.
records = sorted((event["event"] for event in output.all("records")),
                 key=lambda event: event["fault"]["sequence"])
check.equal("loop: records at 1, 2, 4, 8, ...", [2 ** i for i in range(17)],
            [event["fault"]["count"] for event in records if event["vm_key"] == vm.vm["key"]])
check.equal("loop: no record lost or held back", (0, 0),
            (vm.vm["lost_records"], vm.vm["suppressed"]))
entries = sum(f"NISV_VM_KEY={vm.vm['key']}" in line for line in output.all("journal"))
# The first, its outcome, what the VMM answered, and the storm at 1,000, 10,000 and 100,000 faults.
check.true("loop: 1 to 6 journal entries", 1 <= entries <= 6, entries)
check.note(f"loop: {report['run_ns'] // 100000} ns per fault")
check.equal("loop: one finding", 1, len(vm.findings))

# ---- a fault in the storm

for tag, address in (("storm1", "0xc0000040"), ("storm2", "0xc1000040")):
    report, vm = vm_of(tag)
    check.true(f"{tag}: it did storm", report["nisv"] > 1000, report)
    check.equal(f"{tag}: all are counted, at their own place", [(address, report["nisv"])],
                [(each["ipa"], each["count"]) for each in vm.abort_sites()])
    check.note(f"{tag}: {report['nisv']} faults, "
               f"{report['nisv'] * 1000000000 // report['run_ns']} per second")
report, vm = vm_of("victim")
finding = (output.one("victim.explain") or {"findings": [{}]})["findings"][0]
check.equal("victim: cause", "access-past-ram-end", finding.get("cause"))
check.equal("victim: name", ("victim", "cmdline"), (vm.vm["name"], vm.vm["name_source"]))
check.equal("victim: its record is there", ["ldp x1, x2, [x0]"],
            [fault["instruction"] for fault in vm.faults])
check.equal("victim: its layout is there", ["0x40000000"],
            [slot["gpa"] for slot in (vm.layout or {"slots": []})["slots"]])
check.equal("victim: nothing of it is lost", (0, 0, 0),
            (vm.vm["lost_records"], vm.vm["suppressed"], vm.vm["unplaced_aborts"]))
check.equal("victim: counted", {"nisv": 1}, vm.aborts())

check.nothing_lost(output.one("status"))
check.finish()
