# SPDX-License-Identifier: GPL-2.0-or-later
"""Why sources are not there, by the kernel's version, privilege, limits, BTF and lockdown."""

import lab

output, check = lab.run()
version = tuple(int(part) for part in output.one("kernel").split("-")[0].split(".")[:2])


def report(tag, status):
    """The JSON of a run, which is all that it printed, with its exit status in it."""
    came = output.one(tag)
    check.equal(f"{tag}: exit status", status, output.one(f"{tag}.status"))
    if not check.true(f"{tag}: JSON", came, output.all(tag)):
        return {"sources": [], "reason": None}
    check.equal(f"{tag}: the status is in it", status, came["result"])
    check.equal(f"{tag}: nothing else is printed", [], output.all(f"{tag}.error"))
    for source in came["sources"]:
        name = f"{tag}: {source['name']}"
        check.equal(f"{name}: has a reason if it is not attached", source["state"] != "attached",
                    source["reason"] is not None)
        check.equal(f"{name}: says what is lost", source["lost"], source["loses"] is not None)
    return came


def cannot(tag, reason, how=None):
    came = report(tag, 2)
    check.equal(f"{tag}: why", reason, came["reason"])
    check.equal(f"{tag}: why, of each source", [reason],
                sorted({source["reason"] for source in came["sources"]}))
    check.equal(f"{tag}: no source is attached", ["failed"],
                sorted({source["state"] for source in came["sources"]}))
    if how:
        check.contains(f"{tag}: how to get it", how, came["how_to_get"])


def state_of(came, name):
    return next(((each["state"], each["reason"], each["lost"]) for each in came["sources"]
                 if each["name"] == name), None)


def absent_function(name):
    return "absent", f"this kernel has no such function: {name}", False


# ---- the kernel's version

root = report("root", 0)
until_616 = absent_function("Linux 6.17 and later have kvm_inject_sea in its place")
check.equal("root: kvm_mmio_nisv",
            ("attached", None, False) if version >= (6, 7) else
            ("absent", "this kernel has no such tracepoint: it came with Linux 6.7", False),
            state_of(root, "kvm_mmio_nisv"))
for name in ("kvm_inject_dabt", "kvm_inject_pabt"):
    check.equal(f"root: {name}", ("attached", None, False) if version < (6, 17) else until_616,
                state_of(root, name))
check.equal("root: kvm_inject_sea",
            absent_function("it came with Linux 6.17") if version < (6, 17) else
            ("attached", None, False), state_of(root, "kvm_inject_sea"))
check.equal("root: the VMs before", ("attached", None, False), state_of(root, "task_file iterator"))

# ---- privilege

cannot("nobody", "no permission: CAP_BPF and CAP_PERFMON are missing", "as root")
cannot("bpf", "no permission: CAP_PERFMON is missing", "as root")
cannot("perfmon", "no permission: CAP_BPF is missing", "as root")
# Modules have BTF of their own since Linux 5.11, which libbpf 1.1 opens: measured on 5.10 and 6.1.
if (5, 11) <= version < (6, 10):
    cannot("both", "no permission: CAP_SYS_ADMIN is missing, which kernels before Linux 6.10 want "
           "of libbpf", "CAP_SYS_ADMIN")
else:
    # What the faults need that only kprobes tell: for them Debian's kernels want CAP_SYS_ADMIN.
    both = report("both", 1 if output.one("paranoid") > 2 else 0)
    attached = [each["name"] for each in both["sources"] if each["state"] == "attached"]
    for name in ("kvm_guest_fault", "kvm_mmio", "kvm_userspace_exit", "task_file iterator"):
        check.contains(f"both: {name}", name, attached)
    if output.one("paranoid") > 2:
        check.equal("both: a kprobe", ("failed", "no permission: CAP_SYS_ADMIN is missing", True),
                    state_of(both, "kvm_destroy_vm"))
if version < (5, 11):
    cannot("locked", "no permission: RLIMIT_MEMLOCK is 64 KiB, too little for the BPF maps",
           "LimitMEMLOCK=infinity")
else:
    check.equal("locked: a limit on locked memory is none for BPF", output.one("root"),
                report("locked", output.one("root.status")))

# ---- BTF, lockdown

cannot("nobtf", "no BTF: there is no /sys/kernel/btf/vmlinux", "CONFIG_DEBUG_INFO_BTF=y")
check.equal("integrity: the same as without", output.one("root"),
            report("integrity", output.one("root.status")))
cannot("confidentiality",
       "kernel lockdown (confidentiality) forbids BPF to read kernel memory",
       "lockdown=integrity does not stand in the way")
found = (output.one("after.explain") or {"findings": []})["findings"]
check.equal("a nisvd that was attached before goes on", 1, len(found))
check.true("with all that it reads", found and found[0]["sites"][0]["instruction"], found)
check.finish()
