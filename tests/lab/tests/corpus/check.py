# SPDX-License-Identifier: GPL-2.0-or-later
"""What nisvd says of each case of the corpus, live: its label first, and nothing of what is healthy."""

import lab

output, check = lab.run()

cases = output.all("case")
check.true("there are cases", cases, cases)
for case in cases:
    name, label = case["name"], case["cause"]
    lines = output.all(f"dossier.{name}")
    if not check.true(f"{name}: has a dossier", lines, output.all(f"{name}.error")):
        continue
    found = lab.Vm(lines).findings
    kind, _, cause = label.rpartition(":")
    if kind == "verify" or label == "healthy":
        check.equal(f"{name}: nothing to explain", [], found)
        answer = output.one(f"verify.{name}")
        if not check.true(f"{name}: nisvctl verify answers", answer, answer):
            continue
        found = answer["vms"][0]["findings"]
    check.equal(name, [] if cause == "healthy" else [cause],
                [finding["cause"] for finding in found][:1])
check.nothing_lost(output.one("status"))
check.finish()
