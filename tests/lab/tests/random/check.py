# SPDX-License-Identifier: GPL-2.0-or-later
"""The first finding of each case's dossier against what the case was made to be."""

import lab

MISSES = 1  # of 60, at most

output, check = lab.run()
cases = output.all("case")
check.equal("all cases ran", 60, len(cases))
misses = 0
for case in cases:
    name, truth = case["name"], case["cause"]
    lines = output.all(f"dossier.{name}")
    findings = lab.Vm(lines).findings if lines else []
    first = findings[0] if findings else {"cause": "healthy", "confidence": 0}
    if truth != first["cause"]:
        misses += 1
        check.note(f"{name}: is {truth}, found {first['cause']} ({first['confidence']:.2f})")
    check.true(f"{name}: a dossier", lines, lines)
    check.true(f"{name}: nothing wrong is sure", truth == first["cause"] or
               first["confidence"] < 0.9, f"{first['cause']} ({first['confidence']:.2f})")
check.true(f"{len(cases) - misses} of {len(cases)} causes found", misses <= MISSES, misses)
check.nothing_lost(output.one("status"))
check.finish()
