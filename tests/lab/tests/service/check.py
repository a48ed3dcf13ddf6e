# SPDX-License-Identifier: GPL-2.0-or-later
"""nisvd is the user nisvd, without capabilities once it is attached, and does what it is for."""

import lab

output, check = lab.run()
kernel = tuple(int(part) for part in output.one("kernel").split("-")[0].split(".")[:2])
BPF = 1 << 39 # include/uapi/linux/capability.h
GRANTED = BPF | 1 << 38 | 1 << 21 # but for CAP_SETPCAP
NONE = BPF if kernel < (5, 11) else 0 # there bpf(2) asks for it at each look-up
KPROBES = {"kvm_inject_dabt", "kvm_inject_pabt", "kvm_inject_sea", "kvm_inject_size_fault",
           "kvm_destroy_vm", "kvm_arch_commit_memory_region"}
SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


def capabilities(tag):
    return [int(output.one(f"{tag}.{name}:"), 16) for name in SETS]


def refused(tag):
    """The sources that it was not allowed to have."""
    return sorted(source["name"] for source in output.one(f"{tag}.status")["sources"]
                  if source["state"] == "failed")


check.equal("active", "active", output.one("boot.active"))
check.equal("its user and group", "nisvd:nisv", output.one("boot.user"))
check.equal("no capability is left", [0, NONE, NONE, NONE, 0], capabilities("boot"))
check.equal("and none can be had", "1", str(output.one("boot.NoNewPrivs:")))
check.equal("system calls are filtered", "2", str(output.one("boot.Seccomp:")))
check.equal("all that the kernel has is attached", [], refused("boot"))

check.equal("a member asks", 0, output.one("explained.status"))
answer = output.one("explained.answer")
check.true("and hears of the crash", answer and answer["findings"], answer)
check.equal("a member may read the dossier", 1, output.one("dossier"))
entry = output.one("finding") or {}
check.equal("the journal has it, from nisvd", str(output.one("nisvd")), entry.get("_UID"))
check.equal("history believes it", ["finding"],
            [entry["type"] for entry in output.one("history")["entries"]])

check.equal("others: the kernel refuses", 4, output.one("kernel.status"))
check.contains("it is said what to do", "usermod -aG nisv bob", str(output.all("kernel.error")))
check.equal("others who can connect: nisvd refuses", 4, output.one("nisvd.status"))
check.contains("and it is said what to do", "join the group nisv", str(output.all("nisvd.error")))
bob, nisvd = str(output.one("bob")), str(output.one("nisvd"))
told = output.all("refused")
check.equal("both are in the journal, and who it was, by the kernel's word",
            [("nisvctl", bob, None, None), ("nisvd", nisvd, bob, "nisvctl")],
            [(entry.get("_COMM"), entry.get("_UID"), entry.get("NISV_PEER_UID"), entry.get("NISV_PEER_COMM"))
             for entry in told])

check.equal("reload", 0, output.one("reload"))
check.equal("reload with errors", 0, output.one("reload.bad"))
check.contains("says so", "nisvd.conf has errors", output.one("reload.says"))
check.equal("the process is the same", "same", output.one("reload.pid"))
check.equal("and its counts", 1, output.one("reload.status")["aborts"]["nisv"])

# What each capability is for.
for name in ("CAP_BPF", "CAP_PERFMON"):
    check.equal(f"without {name}", "failed", output.one(f"without.{name}.active"))
    check.contains("says so", f"{name} is missing", output.one(f"without.{name}.said"))
if (5, 11) <= kernel < (6, 10):
    check.equal("without CAP_SYS_ADMIN", "failed", output.one("without.CAP_SYS_ADMIN.active"))
    check.contains("says so", "CAP_SYS_ADMIN is missing", output.one("without.CAP_SYS_ADMIN.said"))
else:
    check.equal("without CAP_SYS_ADMIN", "active", output.one("without.CAP_SYS_ADMIN.active"))
    # Also those that this kernel has not: it says no before it looks.
    check.equal("the kprobes are lost, and nothing else", sorted(KPROBES), refused("without.CAP_SYS_ADMIN"))
check.equal("without CAP_SETPCAP", "active", output.one("without.CAP_SETPCAP.active"))
check.equal("the bounding set stays, and nothing else", [0, NONE, NONE, GRANTED, 0],
            capabilities("without.CAP_SETPCAP"))
check.equal("an older nisvd's files are its own now", "nisvd:nisv", output.one("taken"))
check.equal("what a link among them leads to is not", "root", output.one("link"))
check.finish()
