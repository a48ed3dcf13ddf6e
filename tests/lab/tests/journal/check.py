# SPDX-License-Identifier: GPL-2.0-or-later
"""The journal of a real host: found by MESSAGE_ID and fields, explained by -x, told by history; and the
same after nisvd was started again."""

import lab

output, check = lab.run()
before, restarted = output.one("before.list"), output.one("restarted.list")
entries = output.all("entries")


def explained(when, name):
    return output.one(f"{when}.explain.{name}")


def history(when):
    return output.one(f"{when}.history")["entries"]


def of(name, listed):
    return [vm for vm in listed["vms"] if vm["name"] == name]


# ---- the journal ----
for name, cause, severity, priority in (
        ("web01", "device-access-nisv-instruction", "fatal", "3"),
        ("db02", "access-past-ram-end", "error", "4"),
        ("storm03", "access-past-ram-end", "error", None)):
    mine = [e for e in entries if e["NISV_VM_NAME"] == name]
    if not check.true(f"{name}: entries by MESSAGE_ID", mine, len(entries)):
        continue
    vm = of(name, before)[0]
    check.true(f"{name}: few", len(mine) <= 6, len(mine))
    for field, value in (("NISV_VM", vm["id"]), ("NISV_VM_KEY", vm["key"]), ("NISV_VMM", "qemu"),
                         ("OBJECT_PID", str(vm["pid"])), ("NISV_CAUSE", cause),
                         ("SYSLOG_IDENTIFIER", "nisvd"), ("_SYSTEMD_UNIT", "nisvd.service"),
                         ("_UID", str(output.one("uid"))), ("_COMM", "nisvd"),
                         ("NISV_DOSSIER", f"/var/lib/nisvd/dossiers/{vm['key']}.jsonl")):
        check.equal(f"{name}: {field}", value, mine[-1].get(field))
    if name == "web01":
        check.contains("web01: killed in the end", "fatal", [e["NISV_SEVERITY"] for e in mine])
        check.contains("web01: as an error", "3", [e["PRIORITY"] for e in mine])
storms = [e for e in entries if e["NISV_VM_NAME"] == "storm03" and "repeats" in e["MESSAGE"]]
check.equal("storm03: one entry for the storm", 1, len(storms))
of_storm = [e for e in entries if e["NISV_VM_NAME"] == "storm03" and "NISV_COUNT_SINCE" in e]
check.true("storm03: with counts", storms and int(storms[0]["NISV_COUNT"]) >= 1000, storms)
check.equal("storm03: each fault is in the number of one entry",
            max((int(e["NISV_COUNT"]) for e in of_storm), default=0),
            sum(int(e["NISV_COUNT_SINCE"]) for e in of_storm))

# ---- journalctl -x ----
catalog = "\n".join(map(str, output.all("catalog")))
storm = of("storm03", before)[0]
for words in ("A VM touched guest-physical memory that nothing backs", "A VM repeats the same fault",
              f"The VM storm03 ({storm['id']}) ran into \"access-past-ram-end\"",
              "of them since the last entry about it", f"\"nisvctl explain {storm['key']}\""):
    check.contains(f"journalctl -x: {words}", words, catalog)
check.true("journalctl -x: no field is left open", "@" not in catalog, catalog)

# ---- nisvctl history ----
told = history("before")
check.equal("history: each entry of the journal", sorted(e["NISV_VM_NAME"] for e in entries),
            sorted(e["vm_name"] for e in told))
check.equal("history: the messages", sorted(e["MESSAGE"] for e in entries),
            sorted(e["message"] for e in told))
check.true("history: the dossiers are there", all(e["dossier_present"] for e in told),
           [e["dossier_present"] for e in told])
check.contains("history: a table", "web01", "\n".join(map(str, output.all("table"))))

# ---- nisvd is started again ----
check.equal("restarted: history", told, history("restarted"))
for name in ("web01", "storm03"):
    old, new = of(name, before)[0], of(name, restarted)
    check.equal(f"restarted: {name}: listed once", 1, len(new))
    for member in ("id", "key", "uuid", "pid", "state", "ended", "end_reason", "aborts", "since",
                   "last_abort", "worst", "vcpus", "ram_bytes", "cmdline", "cgroup"):
        check.equal(f"restarted: {name}: {member}", old[member], new[0][member])
    check.equal(f"restarted: {name}: explained the same",
                explained("before", name)["findings"], explained("restarted", name)["findings"])
new = of("db02", restarted)
check.equal("restarted: db02 runs on, watched without a gap", [(of("db02", before)[0]["key"], "running")],
            [(vm["key"], vm["state"]) for vm in new])
check.equal("restarted: db02: explained as before", explained("before", "db02")["findings"],
            explained("restarted", "db02")["findings"])

# ---- dossiers ----
check.equal("dossiers", sorted(vm["key"] for vm in before["vms"]), sorted(output.all("dossier")))
for vm in before["vms"]:
    saved = output.one(f"file.explain.{vm['key']}")
    if check.true(f"{vm['name']}: its dossier is explained", saved,
                  output.all(f"file.explain.{vm['key']}.error")):
        check.equal(f"{vm['name']}: as nisvd did", explained("before", vm["name"])["findings"],
                    saved["findings"])
check.nothing_lost(output.one("status"))
check.finish()
