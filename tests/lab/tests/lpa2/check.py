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

report, vm = vm_of("beyond")
check.equal("beyond: one fault, and one exception in the guest", ({"beyond_ipa": 1}, 1),
            (vm.aborts(), report["exceptions"]))
check.equal("beyond: its site", [("beyond-ipa", hex(BEYOND), "abort-injected")],
            [(site["kind"], site["ipa"], site["outcome"]) for site in vm.abort_sites()])
check.equal("beyond: cause", "beyond-ipa-limit", vm.findings[0]["cause"])
status = output.one("status")
runs = lab.program_runs(output)
# Later kernels use 52 bits themselves: then the address is beyond the VM's limit alone.
if status["kernel"].startswith("6.1."):
    check.equal("beyond the host's limit: kvm_inject_size_fault fired", 1,
                runs["kvm_inject_size_fault"])
check.true("beyond: kvm_inject_dabt fired", runs["kvm_inject_dabt"], runs)
check.equal("nothing was lost", {}, {name: n for name, n in status["lost"].items() if n})
check.finish()
