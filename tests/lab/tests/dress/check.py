# SPDX-License-Identifier: GPL-2.0-or-later
"""Each VMM's machine map, with its command line and without."""

import pathlib

import lab

output, check = lab.run()

for line in pathlib.Path(__file__).with_name("vmms").read_text(encoding="utf-8").splitlines():
    if line.startswith("#"):
        continue
    name, machine, plain, _, _ = line.split("|")
    show = output.one(f"{name}.show")
    if check.true(f"{name}: is there", show, output.all(f"{name}.show.error")):
        check.equal(f"{name}: machine", machine, show["vm"]["machine"])
        check.true(f"{name}: by command line or name",
                   show["machine"] and show["machine"]["confidence"] >= 0.7, show["machine"])
    show = output.one(f"plain-{name}.show")
    if check.true(f"{name}: is there without its command line", show,
                  output.all(f"plain-{name}.show.error")):
        check.equal(f"{name}: VMM without its command line", "unknown", show["vm"]["vmm"])
        check.equal(f"{name}: machine without its command line", plain,
                    show["vm"]["machine"] or "none")
check.nothing_lost(output.one("status"))
check.finish()
