# SPDX-License-Identifier: GPL-2.0-or-later
"""Do the examples print what the documents say? They say what Debian 12 prints; on another kernel the examples have
to succeed. With UPDATE=1 in the environment the documents say what was printed."""

import difflib
import os
import re
import sys

import documents
import lab


def runs(text):
    """{document: [(lines, status)]}, without colours: not every program knows NO_COLOR."""
    found = {}
    _, *rest = re.sub(r"\x1b\[[0-9;]*m", "", text).split("\x1e")
    for head, tail in zip(rest[::2], rest[1::2]):
        document, _, printed = head.partition("\n")
        found.setdefault(documents.TOP / document, []).append((printed.splitlines(), int(tail)))
    return found


checks = lab.Checks()
ran = runs(sys.stdin.read())
for path in documents.paths():
    examples, came = documents.examples(path), ran.get(path, [])
    checks.equal(f"{path.name}: all of its examples were run", len(examples), len(came))
    for example, (lines, status) in zip(examples, came):
        checks.report(status == 0, f"{path.name}: {example.command}", f"status {status}: " + "\n".join(lines))
    if os.environ.get("UPDATE"):
        documents.update(path, [lines for lines, _ in came])
        continue
    for example, (lines, _) in zip(examples, came) if sys.argv[3] == "bookworm" else ():
        diff = difflib.unified_diff(example.expected, example.cut(lines), "documented", "printed", lineterm="")
        checks.report(example.is_as_documented(lines), f"{path.name}: what it prints: {example.command}",
                      "\n" + "\n".join(diff))
checks.finish()
