# SPDX-License-Identifier: GPL-2.0-or-later
"""The scenarios, which are the cases of the corpus: what nisvd says of one on a host, and what it shall say."""

import fnmatch
import pathlib

import lab

EXCEPTIONS = pathlib.Path(__file__).resolve().parents[2] / "exceptions"


class Exceptions:
    """What a host's kernel itself does not show: see the file."""

    def __init__(self, host):
        self.answers = {}
        self.reasons = []
        for hosts, names, answer, reason in read():
            if not any(fnmatch.fnmatchcase(host, pattern) for pattern in hosts.split()):
                continue
            if reason not in self.reasons:
                self.reasons.append(reason)
            self.answers.update((name, answer) for name in names.split())


def read():
    """Its lines in parts."""
    with EXCEPTIONS.open() as file:
        return [line.rstrip("\n").split("|") for line in file if not line.startswith("#")]


def answer(output, case):
    """What nisvd says first, in the words of a label; None where it says nothing at all."""
    name, label = case["name"], case["cause"]
    lines = output.all(f"dossier.{name}")
    if not lines:
        return None
    found = lab.Vm(lines).findings
    if found:
        return found[0]["cause"]
    if label != "healthy" and not label.startswith("verify:"):
        return "healthy"
    verified = output.one(f"verify.{name}")
    if not verified:
        return None
    found = verified["vms"][0]["findings"]
    return "verify:" + found[0]["cause"] if found else "healthy"


def answers(output):
    """(name, label, answer) of each case that ran."""
    return [(case["name"], case["cause"], answer(output, case)) for case in output.all("case")]
