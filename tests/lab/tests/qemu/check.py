# SPDX-License-Identifier: GPL-2.0-or-later
"""Healthy guests of a real QEMU have no finding, nowhere; misconfigured ones have theirs."""

import lab

HEALTHY = ("hello", "reset", "snapshot", "source", "target", "linux", "efi", "uboot")
VERIFIED = ("snapshot", "target", "linux", "efi", "uboot")

# QEMU gives these guests an abort.
ANSWERED = ("ram-above", "uart-pairs", "flash-pairs", "devcopy")

# Cause, lowest confidence, and what the answer in one sentence must tell.
FAULTY = {
    "ram-above": ("access-past-ram-end", 0.9, "0x48000040, 64 bytes past the end of RAM"),
    "uart-pairs": ("device-access-nisv-instruction", 0.9, "0x9000fe0, UART0 PL011 + 0xfe0"),
    "flash-pairs": ("readonly-slot-write-nisv", 0.9, "FLASH"),
    "devcopy": ("simd-memcpy-on-device", 0.9, "0xa000000, virtio-mmio + 0x0"),
    "gic-version": ("gic-version-mismatch", 0.9, "this VM has a GICv3"),
    "low-ecam": ("ecam-highmem-mismatch", 0.8, "0x3f000000"),
    "other-board": ("wrong-machine-layout", 0.5, "raspberry-pi-4 has its UART0 PL011"),
    "uboot-hole": ("stray-mmio-read", 0.4, "0xb0000000"),
}

output, check = lab.run()
vms = {vm["name"]: vm for vm in (output.one("vms") or {"vms": []})["vms"]}
journal = [entry for entry in output.all("journal") if "NISV_VM_NAME" in entry]

for name in output.values:
    if name.startswith("missing."):
        check.report(False, f"{name[8:]}: what was awaited came", output.all(name))

for name in HEALTHY:
    vm = vms.get(name)
    if not check.true(f"{name}: nisvd saw it", vm, sorted(vms)):
        continue
    check.equal(f"{name}: its VMM", ("qemu", "qemu-virt-arm64"), (vm["vmm"], vm["machine"]))
    check.equal(f"{name}: no finding", None, vm["worst"])
    check.equal(f"{name}: no abort", 0, sum(vm["aborts"].values()))
    check.equal(f"{name}: nothing in the journal", [],
                [entry["MESSAGE"] for entry in journal if entry["NISV_VM_NAME"] == name])
    if name != "source":  # its monitor ended it, after its guest had gone
        check.equal(f"{name}: QEMU ended well", 0, output.one(f"status.{name}"))

for name in VERIFIED:
    answer = output.one(f"verify.{name}")
    if check.true(f"{name}: verify answers", answer, output.all(f"verify.{name}.error")):
        check.equal(f"{name}: verify finds nothing", [], answer["vms"][0]["findings"])

for name, (cause, confidence, words) in FAULTY.items():
    answer = output.one(f"explain.{name}")
    if not check.true(f"{name}: explain answers", answer and answer["findings"],
                      output.all(f"explain.{name}.error")):
        continue
    finding = answer["findings"][0]
    check.equal(f"{name}: cause", cause, finding["cause"])
    check.true(f"{name}: confidence", finding["confidence"] >= confidence, finding["confidence"])
    check.contains(f"{name}: summary", words, finding["summary"])
    if name in ANSWERED:
        check.equal(f"{name}: QEMU's abort was seen", "abort-injected",
                    finding["sites"][0]["vmm_answer"])
    check.contains(f"{name}: in the journal", (name, finding["cause"]),
                   [(entry["NISV_VM_NAME"], entry["NISV_CAUSE"]) for entry in journal])
    check.contains(f"{name}: what QEMU says", "QEMU logs nothing",
                   "\n".join(map(str, output.all(f"text.{name}"))))
    check.equal(f"{name}: QEMU's own words", [],
                [line for line in output.all(f"stderr.{name}") if line])

check.nothing_lost(output.one("status"))
check.finish()
