# SPDX-License-Identifier: GPL-2.0-or-later
"""Restarts of takeover/guest: every fault counted once, everything known again, nothing left behind."""

import collections
import datetime
import re

import lab

STORM = "5cd81e7fa3b6402e9b17c08d54ea2f96"  # NISV_MSGID_STORM

output, check = lab.run()

asked, faults_asked = output.one("amount")
kills = [line.split() for line in output.all("kill")]
check.equal("killed, and back each time with more faults than before", asked,
            sum(int(now) > int(seen) for seen, now, _ in kills))
check.equal("each time another process", asked, len({pid for _, _, pid in kills}))

made = {f"storm{i}": output.one(f"storm{i}")["vms"][0]["nisv"] for i in range(4)}
listed = {vm["name"]: vm for vm in output.one("list")["vms"] if vm["origin"] == "live"}
for name, faults in made.items():
    check.equal(f"{name}: faults, as the VMM saw them", faults, listed[name]["aborts"]["nisv"])
    check.equal(f"{name}: no record was lost", 0, listed[name]["lost_records"])
total = sum(made.values()) + 2
check.true("a storm", total > faults_asked, total)
status = output.one("status")
check.equal("the sum of all", total, sum(status["aborts"].values()))
check.equal("the sum of all, after a restart in good order", total,
            sum(output.one("restarted")["aborts"].values()))
check.equal("kprobes go on after a restart in good order", [9],
            [vm["aborts"]["exec"] for vm in output.one("late.list")["vms"] if vm["name"] == "late"])
check.equal("nothing was lost", {}, {
    name: n for name, n in status["lost"].items() if n and name not in ("journal", "clients")})
check.equal("one site holds the faults of a VM", [made["storm0"]],
            [site["count"] for site in output.one("map")["sites"] if site["kind"] == "nisv"])

check.equal("each VM once", sorted(made) + ["between", "first"],
            sorted(name for name in made) + sorted(set(listed) - set(made)))


def findings(tag):
    """Without times: where the clock was stepped, each nisvd measures anew by how many microseconds."""
    found = output.one(tag)["findings"]
    for site in found[0]["sites"]:
        site["first"] = site["last"] = None
    return found


check.equal("a VM that had ended: the same findings", findings("first.before"), findings("first.explain"))
between = output.one("between.explain")
check.equal("a VM that died while no nisvd ran", ("fatal", "0x51000040", 1, True),
            (between["findings"][0]["severity"], between["findings"][0]["address"],
             between["findings"][0]["sites"][0]["count"],
             bool(between["findings"][0]["sites"][0]["instruction"])))

check.true("one of the kills was that of a limit of memory", output.one("starved") > 0, output.one("starved"))

# ---- the clock is set ----
CLOCKS = ("clock.before", "clock.forward", "clock.forward.restarted", "clock.back", "clock.back.restarted")


def seconds(iso):
    return datetime.datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp()


def times_of(told):
    """What is told of each VM of this nisvd, in seconds since 1970."""
    return {f"{vm['name']}: {member}": seconds(vm[member]) for vm in told["vms"] if vm["origin"] == "live"
            for member in ("since", "last_abort", "ended") if vm[member]}


for tag in CLOCKS:
    now, uptime = output.one(f"{tag}.now")
    site = output.one(f"{tag}.explain")["findings"][0]["sites"][0]
    times = times_of(output.one(tag)) | {f"late: {member}": seconds(site[member]) for member in ("first", "last")}
    ages = {of: round(now - time, 3) for of, time in times.items()}
    check.equal(f"{tag}: no age is less than none, or more than that of the host", {},
                {of: age for of, age in ages.items() if not -0.1 < age < uptime + 0.1})
    check.equal(f"{tag}: nor in text", [], re.findall(r"\d+ [hd]\b.* ago", "\n".join(map(str, output.all(f"{tag}.text")))))
    check.equal(f"{tag}: the counts are those of before", {name: made[name] for name in made} | {"late": 9},
                {vm["name"]: sum(vm["aborts"].values()) for vm in output.one(tag)["vms"]
                 if vm["name"] in made or vm["name"] == "late"})
for tag in ("clock.forward", "clock.back"):
    before, after = (times_of(output.one(name)) for name in (tag, f"{tag}.restarted"))
    check.equal(f"{tag}: a nisvd that is started again tells the same times", {},
                {of: (time, after.get(of)) for of, time in before.items() if abs(after.get(of, 0) - time) > 0.01})
last = times_of(output.one("clock.back.restarted"))
order = [last[f"{name}: last_abort"] for name in ("first", "late", "hour", "back")]
check.equal("and what came first is told to be first", sorted(order), order)
forward, back = output.one("clock.forward.now")[0], output.one("clock.back.now")[0]
history = {e["vm_name"]: seconds(e["time"]) for e in output.one("clock.history")["entries"] if e["vm_name"] in ("hour", "back")}
check.equal("the journal has each when the clock said so", [True, True],
            [abs(history["hour"] - forward) < 60, abs(history["back"] - back) < 60])
kept = output.all("dossiers")
check.true("no dossier is too old because the clock was set", kept[0] > 3 and len(set(kept)) == 1, kept)

entries = output.all("entries")
told = collections.Counter((e["NISV_VM_NAME"], e["MESSAGE_ID"], e.get("NISV_CAUSE")) for e in entries
                           if e["NISV_VM_NAME"] != "storm0")
check.equal("the journal is told once of each VM that died", [1, 1], sorted(told.values()))
storms = collections.Counter(len(str(e["NISV_COUNT"])) for e in entries
                             if e["NISV_VM_NAME"] == "storm0" and e["MESSAGE_ID"] == STORM)
check.equal("and once of each step of a storm", [1], sorted(set(storms.values())))
check.equal("no complaint", [], output.all("complaints"))
check.equal("stopped: no BPF object stays", output.one("before"), output.one("after"))
check.equal("stopped: no kprobe stays", output.one("before.kprobes"), output.one("after.kprobes"))
check.finish()
