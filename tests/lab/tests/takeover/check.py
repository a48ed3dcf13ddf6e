# SPDX-License-Identifier: GPL-2.0-or-later
"""Restarts of takeover/guest: every fault counted once, everything known again, nothing left behind."""

import collections

import lab

output, check = lab.run()

kills = [line.split() for line in output.all("kill")]
check.equal("killed, and back each time with more faults than before", 24,
            sum(int(now) > int(seen) for seen, now, _ in kills))
check.equal("each time another process", 24, len({pid for _, _, pid in kills}))

made = {f"storm{i}": output.one(f"storm{i}")["vms"][0]["nisv"] for i in range(4)}
listed = {vm["name"]: vm for vm in output.one("list")["vms"] if vm["origin"] == "live"}
for name, faults in made.items():
    check.equal(f"{name}: faults, as the VMM saw them", faults, listed[name]["aborts"]["nisv"])
    check.equal(f"{name}: no record was lost", 0, listed[name]["lost_records"])
total = sum(made.values()) + 2
check.true("a storm of a million", total > 1000000, total)
status = output.one("status")
check.equal("the sum of all", total, sum(status["aborts"].values()))
check.equal("the sum of all, after a restart in good order", total,
            sum(output.one("restarted")["aborts"].values()))
check.equal("nothing was lost", {}, {
    name: n for name, n in status["lost"].items() if n and name not in ("journal", "clients")})
check.equal("one site holds the faults of a VM", [made["storm0"]],
            [site["count"] for site in output.one("map")["sites"] if site["kind"] == "nisv"])

check.equal("each VM once", sorted(made) + ["between", "first"],
            sorted(name for name in made) + sorted(set(listed) - set(made)))
before = output.one("first.before")["findings"]
check.equal("a VM that had ended: the same findings", before, output.one("first.explain")["findings"])
between = output.one("between.explain")
check.equal("a VM that died while no nisvd ran", ("fatal", "0x51000040", 1, True),
            (between["findings"][0]["severity"], between["findings"][0]["address"],
             between["findings"][0]["sites"][0]["count"],
             bool(between["findings"][0]["sites"][0]["instruction"])))

entries = output.all("entries")
told = collections.Counter((e["NISV_VM_NAME"], e["MESSAGE_ID"], e.get("NISV_CAUSE")) for e in entries
                           if e["NISV_VM_NAME"] != "storm0")
check.equal("the journal is told once of each VM that died", [1, 1], sorted(told.values()))
storms = collections.Counter(len(str(e["NISV_COUNT"])) for e in entries
                             if e["NISV_VM_NAME"] == "storm0" and int(e["NISV_COUNT"]) >= 1000)
check.equal("and once of each step of a storm", [1, 1, 1], [storms[n] for n in (4, 5, 6)])
check.equal("no complaint", [], output.all("complaints"))
check.equal("stopped: no BPF object stays", output.one("before"), output.one("after"))
check.equal("stopped: no kprobe stays", output.one("before.kprobes"), output.one("after.kprobes"))
check.finish()
