# SPDX-License-Identifier: GPL-2.0-or-later
"""After the host was booted again: the same history, the same VMs, the same explanations."""

import os

import lab

output, check = lab.run()
with open(os.environ["JOURNAL_BEFORE"], encoding="utf-8") as stream:
    before = lab.Output(stream)
listed = {vm["key"]: vm for vm in before.one("restarted.list")["vms"]}
now = {vm["key"]: vm for vm in output.one("list")["vms"]}

check.equal("list -a: the same VMs", sorted(listed), sorted(now))
for key in set(listed) & set(now):
    old, new = listed[key], now[key]
    # One ran on, as far as its host did: nobody saw it end.
    changed = {"origin": "dossier"}
    if old["state"] == "running":
        changed.update(state="ended", end_reason="not-watched", ended=new["ended"])
    for member in old:
        check.equal(f"{new['name']}: {member}", changed.get(member, old[member]), new[member])
check.equal("list: of the last 24 hours", sorted(listed),
            sorted(vm["key"] for vm in output.one("recent")["vms"]))
for name in ("web01", "db02", "storm03"):
    answer, old = output.one(f"explain.{name}"), before.one(f"restarted.explain.{name}")
    if check.true(f"{name}: explain answers", answer, output.all(f"explain.{name}.error")):
        check.equal(f"{name}: explained the same", old["findings"], answer["findings"])
    check.true(f"{name}: its map", output.one(f"map.{name}"), output.all(f"map.{name}.error"))
check.contains("db02: what became of it is not known", "did not see what became of db02",
               output.one("explain.db02")["note"] or "")

check.equal("history: the same", before.one("restarted.history"), output.one("history"))
boots = {entry["boot_id"] for entry in output.one("history")["entries"]}
check.equal("history: of the boot before", 1, len(boots))
check.contains("history --merge: the boot", boots.pop()[:8], "\n".join(map(str, output.all("merged"))))
mine = output.all("entries")
check.true("nisvd has written into this boot's journal", mine, mine)
check.equal("but no entry of a finding again", [], [e["MESSAGE"] for e in mine if "NISV_VM" in e])
check.equal("nothing is counted as of now", 0, sum(output.one("status")["aborts"].values()))
check.nothing_lost(output.one("status"))
check.finish()
