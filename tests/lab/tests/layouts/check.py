# SPDX-License-Identifier: GPL-2.0-or-later
"""The memory maps that nisvd shows, against those that the VMM made."""

import datetime

import lab

output, check = lab.run()

# nisvctl's times come from another clock, moved by up to a millisecond, and the difference of the
# two is read on a machine that may be busy: it tells seconds from milliseconds.
CLOCKS_NS = 50_000_000

KINDS = ["many", "pair", "plain"] + (["narrow"] if check.label.endswith("cortex-a72") else [])


def shown(phase):
    """VM id -> what nisvctl show said of it."""
    return {answer["vm"]["id"]: answer for answer in output.all(phase)}


def slots_made(vm):
    return sorted((lab.number(slot["address"]), slot["size"], slot["hva"], slot["id"], 0,
                   ["readonly"] * slot["ro"] + ["log-dirty"] * slot["log"])
                  for slot in vm["slots"])


def slots_shown(layout):
    return [(lab.number(slot["gpa"]), slot["size_bytes"], slot["hva"], slot["slot_id"],
             slot["address_space"], slot["flags"]) for slot in layout["slots"]]


def machine_made(vm):
    vgic = vm["vgic"]
    return {
        "vcpus": vm["vcpus"],
        "ipa_bits": vm["ipa_bits"] or 40,
        "vgic": vgic["model"],
        "vgic_distributor": vgic.get("distributor"),
        "vgic_cpu_interface": vgic.get("cpu_interface"),
        "vgic_redistributors": [{"base": region["address"], "count": region["count"]}
                                for region in vgic["redistributors"]],
        "nisv_to_user": vm["nisv_cap"],
        "is_protected": False,
        "is_32bit": vm["aarch32"],
    }


def frames_made(vm):
    """Where KVM itself serves MMIO, as (address, size): see daemon/core/layout.h for the sizes."""
    vgic = vm["vgic"]
    frames = [(lab.number(region["address"]), 0x20000 * (region["count"] or vm["vcpus"]))
              for region in vgic["redistributors"]]
    if vgic["model"] == "v3":
        frames.append((lab.number(vgic["distributor"]), 0x10000))
    if "its" in vgic:
        frames.append((lab.number(vgic["its"]), 0x20000))
    return frames


def map_is(name, vm, answer):
    """What a VM of testvmm's report has, nisvctl shows: all of it and no more."""
    if not check.true(f"{name}: is shown", answer and answer["layout"], answer):
        return
    layout = answer["layout"]
    check.equal(f"{name}: memory slots", slots_made(vm), slots_shown(layout))
    check.equal(f"{name}: number of slots", len(vm["slots"]), layout["total_slots"])
    made = machine_made(vm)
    check.equal(f"{name}: machine", made, {key: layout[key] for key in made})
    doorbells = sorted((lab.number(each["address"]), each["length"]) for each in vm["ioeventfds"])
    check.equal(f"{name}: ioeventfds", doorbells, [
        (lab.number(each["ipa"]), each["size_bytes"]) for each in layout["bus"]
        if each["kind"] == "ioeventfd"])
    frames = frames_made(vm)
    outside = [each for each in layout["bus"] if each["kind"] != "ioeventfd" and not any(
        start <= lab.number(each["ipa"]) < start + size for start, size in frames)]
    check.equal(f"{name}: devices in the kernel", [], outside)
    check.equal(f"{name}: number of both", layout["total_bus"], len(layout["bus"]))
    # What is behind new slots is read some time later: null until then, which is not "nothing".
    known = [slot for slot in layout["slots"] if slot["backing"]]
    check.true(f"{name}: what is behind them is known", name.startswith("third: changing") or
               len(known) == len(layout["slots"]), (len(known), layout["backing_reason"]))
    unbacked = [slot for slot in known if slot["backing"]["covered_bytes"] != slot["size_bytes"]]
    check.equal(f"{name}: slots without memory behind them", [], unbacked)


def change_of(ack):
    """What a command changes: (change, address, size or None, address before, flags)."""
    verb, arguments = ack["command"].split(" ")
    words = arguments.split(",")
    address = lab.number(words[0]) if words[0].startswith("0x") else int(words[0])
    if verb == "add":
        unit = {"K": 10, "M": 20}[words[1][-1]]
        return ("created", address, int(words[1][:-1]) << unit, None,
                ["readonly"] if words[2:] else [])
    if verb == "del":
        return ("deleted", address, None, None, [])
    if verb == "move":
        return ("moved", lab.number(words[1]), None, address, [])
    return ("flags", address, None, None, ["log-dirty"] if verb == "log" else [])


def change_shown(change, like):
    """In the same form; no size where the other has none."""
    slot = change["slot"]
    return (change["change"], lab.number(slot["gpa"]), slot["size_bytes"] if like[2] else None,
            lab.number(change["gpa_before"]), slot["flags"])


def time_ns(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (since.days * 86400 + since.seconds) * 10**9 + since.microseconds * 1000


def history_is(name, acks, changes, exact):
    """The changes end with those that the VMM was told to make, each at its time."""
    done = [ack for ack in acks if not ack["errno"]]
    last = changes[-len(done):]
    check.equal(f"{name}: changes", [change_of(ack) for ack in done],
                [change_shown(change, change_of(ack)) for change, ack in zip(last, done)])
    for ack, change in zip(done, last):
        since, until = time_ns(change["since"]), time_ns(change["until"])
        check.true(f"{name}: {ack['command']}: when", since <= ack["after_ns"] + CLOCKS_NS and
                   until >= ack["before_ns"] - CLOCKS_NS, (ack, change))
        if exact:
            check.equal(f"{name}: {ack['command']}: one moment", since, until)


reports = {}
for when in ("before", "after"):
    for kind in KINDS + ["changing"]:
        report = output.one(f"{kind}-{when}")
        if check.true(f"{kind}-{when}: reports", report, output.one(f"{kind}-{when}.error")):
            reports[f"{kind}-{when}"] = report["vms"]

made = {lab.vm_id(vm): name for name, vms in reports.items() for vm in vms}
early = {vm_id for vm_id, name in made.items() if name.endswith("-before")}
phases = {"first": early, "second": set(made), "changed": set(made), "third": set(made)}
for phase, vm_ids in phases.items():
    answers = shown(phase)
    check.equal(f"{phase}: VMs", sorted(vm_ids), sorted(answers))
    for name, vms in reports.items():
        for vm in vms:
            if lab.vm_id(vm) in vm_ids and (phase == "third" or not name.startswith("changing")):
                map_is(f"{phase}: {name} {vm['vm']}", vm, answers.get(lab.vm_id(vm)))

# The same commands to one that nisvd found and to one that it saw from its beginning.
status = output.one("status")
hooked = any(source["name"] == "kvm_arch_commit_memory_region" and source["state"] == "attached"
             for source in status["sources"])
check.true("slot changes are hooked", hooked, status["sources"])
for when in ("before", "after"):
    name = f"changing-{when}"
    layout = shown("changed")[lab.vm_id(reports[name][0])]["layout"]
    acks = output.all(f"{name}.ack")
    answered = acks[:9]
    check.equal(f"{name}: commands that KVM refuses", ["add 0x40000000,16M"],
                [ack["command"] for ack in answered if ack["errno"]])
    history_is(name, answered, layout["changes"], hooked)
    if when == "before":
        check.equal(f"{name}: no other change", 8, layout["total_changes"])

layout = shown("third")[lab.vm_id(reports["changing-before"][0])]["layout"]
acks = output.all("changing-before.ack")[9:]
check.equal("burst: slots added", 300, sum(not ack["errno"] for ack in acks))
check.equal("burst: all changes are counted", 308, layout["total_changes"])
check.equal("burst: the newest are kept", 128, len(layout["changes"]))
check.nothing_lost(status)
check.finish()
