# SPDX-License-Identifier: GPL-2.0-or-later
"""What nisvd says of each case of the corpus, live: its label first, and nothing of what is healthy; but
for what the host's kernel does not show."""

import sys

import lab
import scenarios

output, check = lab.run()

exceptions = scenarios.Exceptions(sys.argv[3])
answers = scenarios.answers(output)
check.true("there are cases", answers, answers)
for name, label, answer in answers:
    check.equal(name, exceptions.answers.get(name, label), answer)

status = output.one("status")
check.nothing_lost(status)
probed = output.one("check")
check.equal("nisvd --check and nisvctl status tell the same of the sources", status["sources"], probed["sources"])
check.finish()
