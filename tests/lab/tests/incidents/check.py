# SPDX-License-Identifier: GPL-2.0-or-later
"""Each incident's screens have the answer, in 80 columns, and every command does what it should."""

import lab

# Incident: what the operator must have read by its end; then statuses other than 0, by command.
INCIDENTS = {
    1: (("Failed with result 'exit-code'", "web07", "0x60000040", "64 bytes past the end of RAM",
         "ldp x1, x2, [x0]", "access-past-ram-end", "What to do", "A VM touched guest-physical memory"),
        {"systemctl status vm-web07 -l --lines=3": 3}),
    2: (("active", "0 /root/db02.console", "db02", "0x9000fe0", "UART0 PL011",
         "device-access-nisv-instruction", "QEMU logs nothing"), {}),
    3: (("waiting for the modem", "app03", "SERVED-BY", "mmio-storm", "0x9000000", "UART0 PL011", "a second",
         "Find the driver that polls"), {}),
    4: (("30 VMs, one cause", "0x9000018", "batch01", "ldr w1, [x0], #4"), {}),
    5: (("web07 runs again as", "this is about its run", "access-past-ram-end",
         "present"), {}),
    6: (("Data abort outside memslots with no valid syndrome info", "ISV"), {}),
}

output, check = lab.run()
for number, (words, statuses) in INCIDENTS.items():
    title = output.one(f"incident.{number}")
    lines = [str(line) for line in output.all(f"screen.{number}")]
    text = " ".join(" ".join(lines).split())
    for part in words:
        check.contains(f"{title}: {part}", part, text)
    for command, status in output.all(f"screens.{number}"):
        check.equal(f"{title}: status of {command[:60]}", statuses.get(command, 0), status)
    ours, wide = False, []
    for line in lines:
        if line.startswith("$ "):
            # A pasted line and a pipe are as wide as they are.
            ours = line.startswith("$ nisvctl") and "decode" not in line and "|" not in line
        elif ours and len(line) > 80:
            wide.append(line)
    check.equal(f"{title}: nisvctl keeps to 80 columns", [], wide)
check.nothing_lost(output.one("status"))
check.finish()
