# SPDX-License-Identifier: GPL-2.0-or-later
"""52-bit guests: their instructions are found, and addresses that the host cannot have are told."""

import lab

BEYOND = 0x2000000000540  # 49 bits

output, check = lab.run()
vms = lab.dossiers(output)


def vm_of(tag):
    report = output.one(tag)["vms"][0]
    return report, vms[lab.vm_id(report)]


for cap in ("off", "on"):
    tag = f"lpa2.{cap}"
    report, vm = vm_of(tag)
    check.equal(f"{tag}: one fault, as the VMM saw it", ({"nisv": 1}, 1),
                (vm.aborts(), report["nisv"] + report["enosys"]))
    fault = vm.faults[0]
    check.equal(f"{tag}: FEAT_LPA2 tables", 1, lab.number(fault["system_registers"]["tcr"]) >> 59)
    check.equal(f"{tag}: instruction", "ldp x1, x2, [x0]", fault["instruction"])
    check.equal(f"{tag}: address and PC", ("0xb0000540", report["first"]["pc"]),
                (fault["ipa"], fault["pc"]))

# Steps of the walk: level; the last one is a block, or the table after it is nowhere.
for tag, levels, state in (("block-lpa2", [-1, 0], "done"), ("out-lpa2-0", [-1], "no-slot"),
                           ("out-lpa2-3", [-1, 0, 1, 2], "no-slot")):
    report, vm = vm_of(tag)
    fault = vm.faults[0]
    walk = fault["walk"]
    check.equal(f"{tag}: walk", (levels, state, True),
                ([step["level"] for step in walk["steps"]], walk["state"], walk["agrees"]))
    check.equal(f"{tag}: it leads to the page that faulted", lab.number(fault["ipa"]) >> 12,
                lab.number(walk["output"]) >> 12)

report, vm = vm_of("calls-signed")
fault = vm.faults[0]
first = 0xFFFF800008000000 + lab.number(fault["registers"][4]) + 8
frames = [lab.number(frame) for frame in fault["backtrace"]["frames"]]
bits = (1 << 48) - 1
check.equal("signed: callers, but for the upper bits", [(first + n) & bits for n in
            (52, 52, 36, 20, 0)], [frame & bits for frame in frames])
check.true("signed: the upper bits are the guest's", any(frame >> 48 != 0xFFFF for frame in frames),
           fault["backtrace"])
check.equal("signed: the chain is followed to its end", "complete", fault["backtrace"]["end"])

report, vm = vm_of("beyond")
check.equal("beyond: one fault, and one exception in the guest", ({"beyond_ipa": 1}, 1),
            (vm.aborts(), report["exceptions"]))
check.equal("beyond: its site", [("beyond-ipa", hex(BEYOND), "abort-injected")],
            [(site["kind"], site["ipa"], site["outcome"]) for site in vm.abort_sites()])
status = output.one("status")
runs = lab.program_runs(output)
# Later kernels use 52 bits themselves: then the address is beyond the VM's limit alone.
is_beyond_host = status["kernel"].startswith("6.1.")
check.equal("beyond: cause", "beyond-parange" if is_beyond_host else "beyond-ipa-limit",
            vm.findings[0]["cause"])
if is_beyond_host:
    check.equal("beyond the host's limit: kvm_inject_size_fault fired", 1,
                runs["kvm_inject_size_fault"])
check.true("beyond: the injection was seen", runs["kvm_inject_dabt"] or runs["kvm_inject_sea"], runs)
check.equal("nothing was lost", {}, {name: n for name, n in status["lost"].items() if n})
check.finish()
