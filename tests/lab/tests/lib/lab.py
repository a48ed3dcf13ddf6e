# SPDX-License-Identifier: GPL-2.0-or-later
"""What lab tests' checks share: reading the guest's tagged lines, and one line per check."""

import json
import sys


class Output:
    """What the guest printed: tag -> the values of its lines, JSON decoded."""

    def __init__(self, stream):
        self.values = {}
        for number, line in enumerate(stream, 1):
            tag, tab, value = line.rstrip("\n").partition("\t")
            if not tab:
                raise SystemExit(f"not ok - line {number} of the guest has no tag: {line!r}")
            try:
                value = json.loads(value)
            except ValueError:
                pass
            self.values.setdefault(tag, []).append(value)

    def all(self, tag):
        return self.values.get(tag, [])

    def one(self, tag):
        """The only value of a tag, or None."""
        values = self.all(tag)
        return values[0] if len(values) == 1 else None


class Checks:
    """Prints "ok" or "not ok" with what was expected and what came; each check runs on its own."""

    def __init__(self):
        self.label = sys.argv[1] if len(sys.argv) > 1 else "?"
        self.passed = self.failed = 0

    def report(self, good, name, reason):
        if good:
            self.passed += 1
            print(f"ok - {self.label}: {name}")
        else:
            self.failed += 1
            print(f"not ok - {self.label}: {name}: {reason}")
        return good

    def equal(self, name, expected, came):
        return self.report(type(expected) is type(came) and expected == came, name,
                           f"expected {show(expected)}, got {show(came)}")

    def true(self, name, condition, came):
        """came: what the condition was about."""
        return self.report(bool(condition), name, f"got {show(came)}")

    def contains(self, name, expected, came):
        """A piece of text, or a member of a list."""
        return self.report(came is not None and expected in came, name,
                           f"expected {show(expected)} in {show(came)}")

    def nothing_lost(self, status):
        """By `nisvctl status`. What the journal's limit withholds is not lost: it is counted."""
        self.equal("nothing was lost", {}, {name: n for name, n in status["lost"].items()
                                            if n and name != "journal"})

    def ended(self, name, vm):
        """By either sign; which one comes first is a matter of chance."""
        self.equal(f"{name}: ended", "ended", vm["state"])
        self.contains(f"{name}: why it ended", vm["end_reason"], ("vm-destroyed", "process-gone"))
        self.true(f"{name}: when it ended", vm["ended"], vm["ended"])

    def note(self, text):
        print(f"# {self.label}: {text}")

    def finish(self):
        print(f"# {self.label}: {self.passed} ok, {self.failed} not ok")
        sys.exit(0 if self.passed and not self.failed else 1)


def show(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:300] + "..."


def number(text):
    """The value of an address or register, "0x..."; None stays None."""
    return None if text is None else int(text, 16)


def run():
    """The guest's output and the checks, for a check.py. What makes it stumble is a failed check."""
    checks = Checks()

    def stumble(kind, value, trace):
        sys.__excepthook__(kind, value, trace)
        checks.report(False, "the checks run to their end", f"{kind.__name__}: {value}")
        sys.stdout.flush()

    sys.excepthook = stumble
    return Output(sys.stdin), checks


class Vm:
    """What nisvd knows of one VM, from its dossier (`nisvctl export`)."""

    def __init__(self, lines):
        self.faults = []
        self.findings = []
        self.sites = []
        self.layout = None
        self.vm = None
        self.ended = False
        for line in lines[1:]:
            kind = line["event"]
            if kind == "fault":
                self.faults.append(line["fault"])
            elif kind == "finding":
                self.findings.append(line["finding"])
            elif kind == "sites":
                self.sites = line["sites"]
            elif kind == "layout":
                self.layout = line["layout"]
            elif kind == "vm":
                self.vm = line["vm"]
            elif kind == "end":
                self.vm = line["vm"]
                self.ended = True

    def abort_sites(self):
        return [site for site in self.sites if not site["kind"].startswith("mmio-")]

    def places(self):
        return [site for site in self.sites if site["kind"].startswith("mmio-")]

    def aborts(self):
        """Kinds that were seen, with their number."""
        return {kind: n for kind, n in self.vm["aborts"].items() if n}


def vm_id(report):
    """How nisvd calls the VM of a testvmm report."""
    return f"{report['pid']}-{report['fd']}"


def dossiers(output):
    """id -> Vm, of the lines "dossiers"."""
    vms = {}
    lines = []
    for reply in output.all("dossiers"):
        lines.append(reply["parameters"]["line"])
        if not reply.get("continues"):
            vm = Vm(lines)
            vms[vm.vm["id"]] = vm
            lines = []
    return vms


def program_runs(output):
    """source -> runs of its gate, of the lines "programs": the kernel counts those of what is attached.
    Links name their tracepoint. Those of kprobes name nothing on older kernels: they are told apart
    by the order of their programs in bpf/gate.bpf.c, which is the order of loading, after those
    behind them."""
    kprobes = ("kvm_inject_dabt", "kvm_inject_pabt", "kvm_inject_sea", "kvm_inject_size_fault",
               "kvm_destroy_vm", "kvm_arch_commit_memory_region")
    lines = output.all("programs")
    runs = {line["prog_id"]: int(line["run_cnt"]) for line in lines if "run_cnt" in line}
    named = {line["tp_name"]: runs[line["prog_id"]] for line in lines if "tp_name" in line}
    loaded = sorted(int(line["prog_id"]) for line in lines if line.get("prog_type") == "2")
    if len(loaded) != 2 * len(kprobes):
        raise SystemExit(f"not ok - nisvd has {len(loaded)} kprobe programs, not twice {len(kprobes)}")
    gates = loaded[len(kprobes):]
    named.update({name: runs[str(number)] for name, number in zip(kprobes, gates)})
    return named
