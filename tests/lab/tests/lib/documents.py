# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples of README.md and the man pages.

In a literal block a line that begins with "$ " is a command, a backslash at its end goes on on the next line, and
what follows is what it prints:
  nothing       it is run, but what it prints is of no interest
  lines         it prints these
  lines, ...    it begins with these; three dots alone: UPDATE=1 puts there what it prints

  documents.py commands        what to run: DOCUMENT, a tab, the width of its text, a tab, COMMAND
  documents.py marked          is every command of ours in a literal block an example?
"""

import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[4]
MORE = "..."
OURS = re.compile(r"(nisvctl|nisvd|journalctl|jq) ")
# A literal block of a page stands 11 columns from the left.
WIDTH_README, WIDTH_PAGE = 80, 68

# What no two runs have in common. All of it is masked on both sides; so is where lines end, and how wide
# columns are.
MASKS = [
    (r"(?m)\b\d+(?= +((\d+ \w+ )+ago|-) +(fatal|hang|error|warning|info|-)( |$))", "RATE"),
    (r"\b\d+ (?=(reads?|writes?|accesses|per second|a second|in all|of them busy)\b)", "N "),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?UTC|Z)?", "TIME"),
    (r"\b[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d\b", "TIME"),
    (r"\b\d\d:\d\d:\d\d(\.\d+)?\b", "TIME"),
    (r"\b\d+\.\d+\.\d+[-+\w.]*", "VERSION"),
    (r"\b[0-9a-f]{32}\b", "KEY"),
    (r"\b\d+-\d+\b(?!-)", "ID"),
    (r"(?i)\b(pid|tid|thread)(\W{1,3})\d+", r"\1\2N"),
    (r"\[\d+\]", "[N]"),
    (r"\b0x[5-7f][0-9a-f]{11,15}\b", "HOST-ADDRESS"),
    (r"\b\d+(\.\d+)? ?(s|min|h|d)( \d+ (s|min|h))?( ago)?\b", "AGE"),
]


class Example:
    def __init__(self, document, command, begin):
        self.document, self.command, self.begin = document, command, begin
        self.expected = []

    @property
    def end(self):
        return self.begin + len(self.expected)

    @property
    def is_cut(self):
        return self.expected[-1:] == [MORE]

    def cut(self, lines):
        """Of what it printed, what the document has room for."""
        if self.is_cut and len(self.expected) > 1:
            return lines[:len(self.expected) - 1] + [MORE]
        return lines

    def is_as_documented(self, lines):
        return not self.expected or mask(self.cut(lines)) == mask(self.expected)


def mask(lines):
    text = "\n".join(lines)
    for pattern, what in MASKS:
        text = re.sub(pattern, what, text)
    return text.split()


def paths():
    return [TOP / "README.md", *sorted((TOP / "man").glob("*.scd"))]


def is_page(path):
    return path.suffix == ".scd"


def source(path, line):
    """How a line is written in a document: scdoc(5) wants a backslash twice."""
    return line.replace("\\", "\\\\") if is_page(path) else line


def literal_lines(path):
    """Number and text of each line in a literal block; its end has None."""
    is_literal = False
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n")):
        if line.startswith("```"):
            is_literal = not is_literal
            yield number, None
        elif is_literal:
            yield number, line.replace("\\\\", "\\") if is_page(path) else line


def examples(path):
    found, current, is_open = [], None, False
    for number, line in literal_lines(path):
        if line is None:
            current = None
        elif is_open or line.startswith("$ "):
            if not is_open:
                current = Example(path, "", number)
                found.append(current)
            current.command += line.removeprefix("$ ").removesuffix("\\").lstrip("\t")
            current.begin, is_open = number + 1, line.endswith("\\")
        elif current:
            current.expected.append(line)
    return found


def update(path, printed):
    """printed: of each example of the document, in order. What came out as documented stays as it is."""
    lines = path.read_text(encoding="utf-8").split("\n")
    for example, came in reversed(list(zip(examples(path), printed, strict=True))):
        if not example.is_as_documented(came):
            lines[example.begin:example.end] = [source(path, line) for line in example.cut(came)]
    path.write_text("\n".join(lines), encoding="utf-8")


def commands():
    for path in paths():
        for example in examples(path):
            print(path.relative_to(TOP), WIDTH_PAGE if is_page(path) else WIDTH_README, example.command, sep="\t")


def marked():
    bad = []
    for path in paths():
        printed = {number for example in examples(path) for number in range(example.begin, example.end)}
        bad += [f"{path.relative_to(TOP)}:{number + 1}: not marked as an example: {line}"
                for number, line in literal_lines(path) if line and OURS.match(line) and number not in printed]
    for complaint in bad:
        print(complaint, file=sys.stderr)
    return bool(bad)


if __name__ == "__main__":
    sys.exit({"commands": commands, "marked": marked}[sys.argv[1]]())
