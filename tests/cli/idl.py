# SPDX-License-Identifier: GPL-2.0-or-later
"""Objects held against types in varlink's language.

  idl.py [--whole] TEXT... TYPE=FILE...   FILE's lines are objects of TYPE; with --whole none lacks a member

The types are those of the TEXTs; what else is in a TEXT is not looked at.
"""

import json
import re
import sys

TOKEN = re.compile(r"#[^\n]*|->|\[\]|[A-Za-z_][A-Za-z_0-9]*|[?(),:]|\S")
SIMPLE = {"bool": bool, "int": int, "float": (int, float), "string": str, "object": dict}


def types_of(text):
    """{name: type} of TEXT. A type is a name, ("?", type), ("[]", type), or {member: type}."""
    found = {}
    for match in re.finditer(r"^type ([A-Z]\w*)", text, re.M):
        tokens = [t for t in TOKEN.findall(text[match.end():]) if not t.startswith("#")]
        tokens.reverse()
        found[match.group(1)] = parse(tokens)
    return found


def parse(tokens):
    token = tokens.pop()
    if token in ("?", "[]"):
        return (token, parse(tokens))
    if token != "(":
        return token
    members = {}
    while token != ")":
        name, colon = tokens.pop(), tokens.pop()
        assert colon == ":", f"a member {name} without a type"
        members[name] = parse(tokens)
        token = tokens.pop()
    return members


def complaints(value, kind, types, where, whole):
    """What is wrong with VALUE, at WHERE."""
    if isinstance(kind, tuple):
        if kind[0] == "?":
            return [] if value is None else complaints(value, kind[1], types, where, whole)
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [c for item in value for c in complaints(item, kind[1], types, where + "[]", whole)]
    kind = types.get(kind, kind) if isinstance(kind, str) else kind
    if isinstance(kind, str):
        is_right = isinstance(value, SIMPLE[kind]) and (kind == "bool" or not isinstance(value, bool))
        return [] if is_right else [f"{where} is no {kind}: {value!r}"]
    if not isinstance(value, dict):
        return [f"{where} is no object"]
    wrong = [f"{where}.{name} is not documented" for name in value if name not in kind]
    for name, member in kind.items():
        if name in value:
            wrong += complaints(value[name], member, types, f"{where}.{name}", whole)
        elif whole:
            wrong.append(f"{where}.{name} is missing")
    return wrong


def main(*args):
    whole = args[:1] == ("--whole",)
    types, wrong, seen = {}, {}, 0
    for arg in args[whole:]:
        name, is_file, path = arg.partition("=")
        if not is_file:
            types.update(types_of(open(arg, encoding="utf-8").read()))
            continue
        for line in open(path, encoding="utf-8"):
            value, seen = json.loads(line), seen + 1
            for complaint in complaints(value, name, types, name, whole):
                wrong.setdefault(complaint, path)
    for complaint, path in wrong.items():
        print(f"{complaint} (first in {path})")
    print(f"{seen} objects")
    return bool(wrong) or not seen


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
