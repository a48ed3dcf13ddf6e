# SPDX-License-Identifier: GPL-2.0-or-later
"""Every VM of attribution/guest by its own addresses, with the counts of the VMM's report."""

import lab

HOLE = 0xB0000040
VM_STEP = 0x1000000
VCPU_STEP = 0x1000
CHURN = 0x60000040

output, check = lab.run()
vms = lab.dossiers(output)


def runs(tag):
    """(report of a VM, what nisvd knows of it). A descriptor that comes again gives .2, .3, ..."""
    seen = {}
    for report in output.one(tag)["vms"]:
        key = lab.vm_id(report)
        seen[key] = seen.get(key, 0) + 1
        yield report, vms.get(key if seen[key] == 1 else f"{key}.{seen[key]}")


def own_sites(tag, report, vm, kind, times):
    """Each vCPU has one site at its own address, with its number and count, and there is no other."""
    base = HOLE + report["vm"] * VM_STEP
    expected = [(kind, hex(base + cpu * VCPU_STEP), cpu, times) for cpu in range(report["vcpus"])]
    check.equal(f"{tag}: VM {report['vm']}, round {report['round']}: its sites", expected,
                [(site["kind"], site["ipa"], site["vcpu"], site["count"])
                 for site in vm.abort_sites()])
    check.equal(f"{tag}: VM {report['vm']}: nothing lost", (0, 0, 0),
                (vm.vm["lost_records"], vm.vm["unplaced_aborts"], len(vm.places())))
    check.ended(f"{tag}: VM {report['vm']}", vm.vm)


def loops(tag, n_vms, times):
    count = 0
    for report, vm in runs(tag):
        count += 1
        if not check.true(f"{tag}: nisvd knows VM {report['vm']}, round {report['round']}", vm,
                          lab.vm_id(report)):
            continue
        seen = report["nisv"] + report["enosys"]
        check.equal(f"{tag}: VM {report['vm']}: the VMM saw all", times * report["vcpus"], seen)
        check.equal(f"{tag}: VM {report['vm']}: total", {"nisv": seen}, vm.aborts())
        own_sites(tag, report, vm, "nisv", times)
    check.equal(f"{tag}: VMs", n_vms, count)


def churn(tag):
    (report, vm), = runs(tag)
    seen = report["nisv"] + report["enosys"]
    check.true(f"{tag}: the VMM saw faults", seen > 0, report)
    check.equal(f"{tag}: total", {"nisv": seen}, vm.aborts())
    sites = vm.abort_sites()
    check.equal(f"{tag}: its sites add up to it", seen, sum(site["count"] for site in sites))
    check.true(f"{tag}: all at its own addresses", {(site["kind"], site["ipa"]) for site in sites}
               <= {("nisv", hex(CHURN + i * 4096)) for i in range(64)}, sites)
    check.equal(f"{tag}: nothing lost", (0, 0),
                (vm.vm["lost_records"], vm.vm["unplaced_aborts"]))
    event = output.one(f"{tag}.invalid")["event"]
    check.equal(f"{tag}: a record shows the slot being changed",
                (vm.vm["key"], "0x60000000", 0x10000),
                (event["vm_key"], event["fault"]["slot"]["gpa"],
                 lab.number(event["fault"]["slot"]["flags"]) & 0x10000))
    check.note(f"{tag}: {seen} faults; causes: "
               f"{[(each['cause'], each['confidence']) for each in vm.findings]}")


for cap in ("off", "on"):
    loops(f"one-thread.{cap}", 2, 300)
    loops(f"move-threads.{cap}", 1, 50)
    loops(f"pin.{cap}", 2, 300)
    loops(f"migrate.{cap}", 2, 500)
    loops(f"many.{cap}", 5, 60)
    loops(f"repeat.{cap}", 8, 10)
    churn(f"churn.{cap}")

for report, vm in runs("jumps"):
    check.equal(f"jumps: VM {report['vm']}: total", {"exec": 100 * report["vcpus"]}, vm.aborts())
    own_sites("jumps", report, vm, "exec", 100)
for tag, reads, times in (("mmio", True, 300), ("mmio-move", False, 50)):
    for report, vm in runs(tag):
        base = HOLE + report["vm"] * VM_STEP
        kind = "mmio-read" if reads else "mmio-write"
        check.equal(f"{tag}: VM {report['vm']}: its places",
                    [(kind, hex((base + cpu * VCPU_STEP) & ~0x1FF), times, times)
                     for cpu in range(report["vcpus"])],
                    [(place["kind"], place["ipa"], place["count"], place["user"])
                     for place in vm.places()])
        check.equal(f"{tag}: VM {report['vm']}: total, and as the VMM saw it",
                    (times * report["vcpus"],) * 2,
                    (vm.vm["mmio"]["reads" if reads else "writes"],
                     report["mmio_reads" if reads else "mmio_writes"]))
        check.equal(f"{tag}: VM {report['vm']}: no aborts, no finding", ({}, []),
                    (vm.aborts(), vm.findings))

check.nothing_lost(output.one("status"))
check.finish()
