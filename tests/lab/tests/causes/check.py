# SPDX-License-Identifier: GPL-2.0-or-later
"""The cause that nisvd must find for each VM of causes/guest, and what its answer must tell."""

import lab

CERTAIN, LIKELY, NONE = (0.9, 1.0), (0.7, 0.89), (0.0, 0.39)

# VM: cause, confidence, severity, address, instruction, words of the region.
CAUSES = {
    "past-end": ("access-past-ram-end", CERTAIN, "fatal", 0x48000040, "ldp x1, x2, [x0]",
                 ("0x40000000-0x48000000", "64 bytes below")),
    "past-end-in-gap": ("access-past-ram-end", LIKELY, "fatal", 0x49000040, "str w1, [x0], #4",
                        ("0x40000000-0x48000000", "below")),
    "hole": ("hole-between-slots", LIKELY, "fatal", 0xFC100040, "ldp x1, x2, [x0]",
             ("0x40000000-0xfc000000", "below", "0x100000000-0x104000000", "above")),
    "null": ("null-pointer-low-ipa", CERTAIN, "fatal", 0x0, "ldp x1, x2, [x0]",
             ("no memory below", "0x80000000-0x81000000", "2 GiB above")),
    "device": ("device-access-nisv-instruction", CERTAIN, "error", 0x09000FE0,
               "ldr w1, [x0], #4", ("UART", "0x9000000-0x9001000")),
    "vgic-dist": ("vgic-access-nisv-instruction", CERTAIN, "fatal", 0x08006100,
                  "ldr w1, [x0], #4", ("vGIC distributor",)),
    "vgic-redist": ("vgic-access-nisv-instruction", CERTAIN, "fatal", 0x080A0080,
                    "stp x1, x2, [x0]", ("vGIC redistributor",)),
    "readonly": ("readonly-slot-write-nisv", CERTAIN, "fatal", 0x1040, "stp x1, x2, [x0]",
                 ("0x0-0x4000000", "read-only")),
    "jumped": ("jumped-to-unmapped", CERTAIN, "error", 0x60000000, None,
               ("0x40000000-0x48000000", "384 MiB below")),
    "table": ("uninitialised-page-table", (0.8, 1.0), "error", 0xB0000000, None,
              ("0x40000000-0x48000000", "below")),
    "backing": ("backing-not-faultable", CERTAIN, "fatal", 0x60000040, "ldr w1, [x0]",
                ("0x60000000-0x60100000",)),
    "nowhere": ("unknown", NONE, "fatal", 0xB0000040, "ldp x1, x2, [x0]",
                ("0x40000000-0x41000000", "below")),
    "spin": ("jumped-to-unmapped", CERTAIN, "hang", 0x62000000, None,
             ("0x40000000-0x48000000", "416 MiB below")),
    "spin-after-ldp": ("unknown", NONE, "hang", 0x61000040, "ldp x1, x2, [x0]",
                       ("0x40000000-0x48000000", "400.0 MiB")),
}
HEALTHY = ("healthy-uart", "healthy-vgic", "healthy-mmio", "healthy-ram", "healthy-idle",
           "healthy-exits")
# Fetches from VBAR_EL1 + 0x200 for ever.
SPINNING = ("spin", "spin-after-ldp")



def timeless(finding):
    """Without what changes from one look to the next."""
    sites = [{**site, "first": None, "last": None} for site in finding["sites"]]
    consequences = [each["ipa"] for each in finding["consequences"]]
    overlays = [each["cause"] for each in finding["overlays"]]
    return {**finding, "sites": sites, "consequences": consequences, "overlays": overlays}


output, check = lab.run()
vms = {vm.vm["name"]: vm for vm in lab.dossiers(output).values()}
listed = {vm["name"]: vm for reply in output.all("vms") for vm in reply["vms"]}

for name, (cause, band, severity, address, text, words) in CAUSES.items():
    answer = output.one(f"explain.{name}")
    if not check.true(f"{name}: is explained", answer and answer["findings"],
                      output.all(f"explain.{name}.error") or answer):
        continue
    check.equal(f"{name}: one finding", 1, len(answer["findings"]))
    finding = answer["findings"][0]
    check.equal(f"{name}: cause", cause, finding["cause"])
    check.equal(f"{name}: severity", severity, finding["severity"])
    check.true(f"{name}: confidence within {band}", band[0] <= finding["confidence"] <= band[1],
               finding["confidence"])
    check.true(f"{name}: a reason for the confidence", finding["confidence_reason"], finding)
    check.contains(f"{name}: the summary has the address", hex(address), finding["summary"])
    if text:
        check.contains(f"{name}: the summary has the instruction", f"`{text}`", finding["summary"])
        check.equal(f"{name}: the site has it", text, finding["sites"][0]["instruction"])
    for word in words:
        check.contains(f"{name}: region", word, finding["region"])
    check.true(f"{name}: both axes", finding["where"] and finding["how"], finding)
    check.true(f"{name}: evidence", len(finding["evidence"]) >= 4, finding["evidence"])
    check.true(f"{name}: advice", finding["advice"], finding["advice"])
    check.true(f"{name}: documentation", (finding["documentation"] or "").startswith("https://"),
               finding["documentation"])
    check.equal(f"{name}: address of the site", hex(address), finding["sites"][0]["ipa"])
    check.equal(f"{name}: worst in list", finding["cause"],
                (listed.get(name, {}).get("worst") or {}).get("cause"))
    check.equal(f"{name}: the dossier has the same finding", [timeless(finding)],
                [timeless(each) for each in vms[name].findings])

for name in SPINNING:
    answer = output.one(f"explain.{name}")
    consequences = answer["findings"][0]["consequences"] if answer else []
    check.equal(f"{name}: the fetches from the vector are its consequence",
                [("exec", "0x200", "0x200")],
                [(each["kind"], each["ipa"], each["pc"]) for each in consequences])
    check.true(f"{name}: counted", consequences and consequences[0]["count"] >= 100, consequences)
    check.equal(f"{name}: still runs", "running", listed[name]["state"])

for name in HEALTHY:
    answer = output.one(f"explain.{name}")
    check.equal(f"{name}: no finding", [], answer and answer["findings"])
    check.equal(f"{name}: no worst in list", (True, None),
                (name in listed, listed.get(name, {}).get("worst")))
    check.equal(f"{name}: no aborts", {}, vms[name].aborts())
check.true("healthy-ram: the guest did fault", output.one("healthy-ram")["vms"][0]["syncs"] == 20,
           output.one("healthy-ram"))
uart = output.one("healthy-uart")["vms"][0]
mmio = vms["healthy-uart"].vm["mmio"]
check.equal("healthy-uart: MMIO as the VMM saw it", (uart["mmio_reads"], uart["mmio_writes"]),
            (mmio["reads"], mmio["writes"]))
mmio = vms["healthy-vgic"].vm["mmio"]
check.equal("healthy-vgic: served by the kernel", (1, 0, 0),
            (mmio["reads"], mmio["writes"], mmio["user"]))

# All findings of the host: each VM that has one, and no other.
groups = output.one("explain")["groups"]
check.equal("explain without VM: who is in it", sorted(CAUSES),
            sorted(vm["name"] for group in groups for vm in group["vms"]))
order = ["info", "warning", "error", "hang", "fatal"]
severities = [order.index(group["finding"]["severity"]) for group in groups]
check.equal("explain without VM: worst first", sorted(severities, reverse=True), severities)

text = "\n".join(str(line) for line in output.all("text"))
for word in ("access-past-ram-end", "0x48000040", "ldp x1, x2, [x0]", "certain"):
    check.contains("explain in words", word, text)
check.finish()
