# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest layer of each VM of guesttree/guest, as trees.py wrote it."""

import lab

MIB = 1 << 20

output, check = lab.run()


def guest(name):
    answer = output.one(f"show.{name}")
    if not check.true(f"{name}: nisvctl show answers", answer, output.all(f"show.{name}.error")):
        return None
    return answer["guest"]


def ranges(view, kind):
    return [(r["ipa"], r["size_bytes"]) for r in view["ranges"] if r["kind"] == kind]


def found(name, address, overhang, memory, cpus):
    view = guest(name)
    if not view:
        return None
    check.equal(f"{name}: found", ("found", "device-tree", address),
                (view["state"], view["source"], view["address"]))
    check.equal(f"{name}: overhang", overhang, view["overhang_bytes"])
    check.equal(f"{name}: memory", memory, ranges(view, "memory"))
    check.equal(f"{name}: CPUs", cpus, view["cpus"])
    return view


def virt(name, address, ram):
    view = found(name, address, ram - 128 * MIB, [("0x40000000", ram)], 1)
    if view:
        check.equal(f"{name}: GIC", ("v3", [("0x8000000", 0x10000)], [("0x80a0000", 0xF60000)]),
                    (view["gic"], ranges(view, "gic-dist"), ranges(view, "gic-redist")))
        check.equal(f"{name}: UART", [("pl011@9000000", "arm,pl011", "0x9000000", 0x1000)],
                    [(r["name"], r["compatible"], r["ipa"], r["size_bytes"])
                     for r in view["ranges"] if r["kind"] == "device"])


def main():
    told = output.one("told")
    check.true("it is told to subscribers, though nobody asked", told, output.all("told"))
    if told:
        view = told["parameters"]["event"]["guest"]
        check.equal("what they are told", ("found", "0x44000000", 128 * MIB),
                    (view["state"], view["address"], view["overhang_bytes"]))
    virt("before", "0x44000000", 256 * MIB)
    virt("after", "0x44000000", 256 * MIB)
    virt("right", "0x44000000", 128 * MIB)
    virt("searched", "0x40123000", 256 * MIB)
    virt("second", "0x44000000", 128 * MIB)
    found("firecracker", "0x81e00000", 0x3000,
          [("0x80000000", MIB), ("0x80100000", 31 * MIB + 0x3000)], 2)
    for name, state, reason in (("broken", "bad", "broken"), ("none", "not-found", "device tree"),
                                ("off", "off", "InspectGuestMemory")):
        view = guest(name)
        if view:
            check.equal(f"{name}: state", state, view["state"])
            check.contains(f"{name}: reason", reason, view["reason"])
            check.equal(f"{name}: nothing is made up", ([], 0),
                        (view["ranges"], view["overhang_bytes"]))
    check.finish()


main()
