# SPDX-License-Identifier: GPL-2.0-or-later
"""What nisvctl verify says of each VM of verify/guest."""

import lab

CHECKS = 13
# What is wrong with each, worst first, and where.
WRONG = {
    "well": [],
    "notree": [],
    "larger": [("dtb-memory-node-larger-than-ram", "0x48000000")],
    "cpus": [("redist-beyond-vcpus", "0x80e0000")],
    "gicv2": [("gic-version-mismatch", "0x8000000")],
    "its": [("its-missing", "0x8080000")],
    "lowecam": [("ecam-highmem-mismatch", "0x3f000000")],
    "smmu": [("dt-device-absent", "0x9050000")],
    "ipa": [("beyond-ipa-limit", "0x8000000000")],
    "closed": [("backing-not-faultable", "0x48000000")],
    "window": [],
    "hidden": [("memslot-over-vgic", "0x8000000")],
}

output, check = lab.run()


def answer(tag):
    """The only VM of a reply."""
    reply = output.one(tag)
    if not check.true(f"{tag}: nisvctl verify answers", reply, output.all(f"{tag}.error")):
        return None
    check.equal(f"{tag}: one VM", 1, len(reply["vms"]))
    return reply["vms"][0]


def found(vm):
    return [(f["cause"], f["address"]) for f in vm["findings"]]


def not_done(vm):
    return {c["name"]: c["reason"] for c in vm["checks"] if not c["done"]}


def each():
    for name, wrong in WRONG.items():
        vm = answer(f"one.{name}")
        if not vm:
            continue
        check.equal(f"{name}: exactly what is wrong", wrong, found(vm))
        check.equal(f"{name}: checks", CHECKS, len(vm["checks"]))
        # What the tree is not made for is not compared any further.
        if name not in ("notree",):
            check.equal(f"{name}: all was checked", {}, not_done(vm))
        for finding in vm["findings"]:
            check.equal(f"{name}: no site", ([], 0), (finding["sites"], finding["total_sites"]))
            check.true(f"{name}: evidence and advice", finding["evidence"] and finding["advice"],
                       finding)
    vm = answer("one.notree")
    if vm:
        reasons = not_done(vm)
        check.true("notree: what needs a tree was not checked", len(reasons) >= 8, reasons)
        check.true("notree: and that is why", all("device tree" in r for r in reasons.values()),
                   reasons)
        check.true("notree: the backing was checked",
                   "host memory is behind every memslot" not in reasons, reasons)


def of_all():
    reply = output.one("all")
    if not check.true("verify answers for all VMs", reply, output.all("all.error")):
        return
    check.equal("all: each VM alone and all of them are told the same",
                {name: wrong for name, wrong in WRONG.items()},
                {vm["vm"]["name"]: found(vm) for vm in reply["vms"]})
    check.equal("all: none is left out", 0, reply["omitted_vms"])
    wells = [not vm["findings"] for vm in reply["vms"]]
    check.equal("all: those with findings come first", sorted(wells), wells)


def texts():
    check.contains("text: a VM that is well", "well (", "\n".join(output.all("text.well")))
    check.true("text: it is in one line", len(output.all("text.well")) == 1 and
               output.one("text.well").endswith("): ok"), output.all("text.well"))
    check.true("text: what was not checked is named with the reason",
               [line for line in output.all("text.notree") if line.startswith("not checked: ")],
               output.all("text.notree"))
    larger = "\n".join(str(line) for line in output.all("text.larger"))
    for part in ("134217728 bytes", "dtb-memory-node-larger-than-ram, certain", "What to do",
                 "-m 256M"):
        check.contains("text: the finding", part, larger)
    everything = [str(line) for line in output.all("text.all")]
    check.true("text: of all VMs a line for each that is well",
               [line for line in everything if line.startswith("well (") and
                line.endswith("): ok")], everything)


def statuses():
    check.equal("exit status: nothing found", [], output.all("exit.well.status"))
    check.equal("exit status: found", [5], output.all("exit.larger.status"))
    check.equal("exit status: found in any", [5], output.all("exit.all.status"))
    check.equal("exit status: no such VM", [3], output.all("exit.nobody.status"))
    explained = output.one("explain")
    check.equal("nothing has faulted", [], explained and explained["findings"])


def switched_off():
    vm = answer("off.larger")
    if vm:
        check.equal("off: what the guest believes is not known", [], found(vm))
        check.true("off: and that is why", all(
            "InspectGuestMemory" in r for r in not_done(vm).values()), not_done(vm))
    vm = answer("off.closed")
    if vm:
        # Without the guest's word it may as well be a window behind the RAM.
        check.equal("off: a closed slot above the RAM", [], found(vm))
        check.true("off: the backing is known",
                   "host memory is behind every memslot" not in not_done(vm), not_done(vm))


each()
of_all()
texts()
statuses()
switched_off()
check.finish()
