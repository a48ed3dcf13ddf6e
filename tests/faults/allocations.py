#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs nisvd --offline over a dossier, with every method asked, and nisvctl with each verb, once for each
chain of callers that allocates: there the allocation fails (failalloc.c), and once more it and all that
follow. They must end by themselves, with status 0 or 1, and what nisvd answered must be whole, nisvctl's
JSON, too; a failure is told on standard error.

    allocations.py BUILD DOSSIER VM [EVERY]     EVERY: only each EVERYth of them
"""

import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import failalloc  # noqa: E402

build, dossier, vm = sys.argv[1:4]
every = int(sys.argv[4]) if len(sys.argv) > 4 else 1
environment = failalloc.environment(build)

text = "kvm [1]: Unsupported FSC: EC=0x24 xFSC=0x0 ESR_EL2=0x92000000\npc : ffff800010000000"
calls = [
    ("GetStatus", {}, False),
    ("ListVMs", {"all": True}, False),
    ("ListVMs", {"all": True}, True),
    ("GetVM", {"vm": vm}, False),
    ("GetVM", {"vm": "nobody"}, False),
    ("GetFaultMap", {"vm": vm}, False),
    ("Explain", {"vm": vm}, False),
    ("Explain", {"address": "0x10"}, False),
    ("Verify", {"vm": vm}, False),
    ("ListCauses", {}, False),
    ("Decode", {"esr": "0x92000007", "ipa": "0x9000000"}, False),
    ("Decode", {"text": text}, False),
    ("GetDossier", {"vm": vm}, True),
    ("GetDossier", {"vm": vm, "redact": True}, True),
]
asked = b"".join(
    json.dumps({"method": f"io.nisvd.Monitor.{method}", "parameters": parameters, "more": more}).encode() + b"\0"
    for method, parameters, more in calls
)


verbs = [
    ["list"],
    ["list", "--json=short"],
    ["show", vm],
    ["map", vm],
    ["explain", vm],
    ["explain", "--json=short"],
    ["verify"],
    ["events", vm],
    ["decode", "0x92000007"],
    ["status"],
    ["metrics"],
    ["export", vm],
]


def run(verb, **variables):
    command = [f"{build}/nisvd", "--offline", "--replay", dossier]
    if verb:
        command = [f"{build}/nisvctl", "--file", dossier, *verb]
    return subprocess.run(
        command,
        input=b"" if verb else asked,
        capture_output=True,
        env=environment | variables | {"FAILALLOC_OF": os.path.basename(command[0])},
        timeout=60,
        check=False,
    )


def complaint_of_replies(stdout):
    *replies, rest = stdout.split(b"\0")
    if rest:
        return f"half a reply: {rest[-80:]}"
    for reply in replies:
        try:
            parameters = json.loads(reply)["parameters"]
        except (ValueError, KeyError) as error:
            return f"a broken reply ({error}): {reply[:80]}"
        if not isinstance(parameters, dict):
            return f"a reply without parameters: {reply[:80]}"
    return None


def complaint(verb, at, may_be_killed):
    """What is wrong with the run where the allocation AT fails, or None."""
    try:
        done = run(verb, FAILALLOC=at)
    except subprocess.TimeoutExpired:
        return "it hangs"
    if may_be_killed and done.returncode != 0:
        return None
    if done.returncode not in (0, 1):
        return f"status {done.returncode}: {done.stderr.decode(errors='replace')}"
    if done.returncode and not done.stderr:
        return "status 1 without a word"
    if not verb:
        return complaint_of_replies(done.stdout)
    if "--json=short" in verb and done.returncode == 0:
        try:
            json.loads(done.stdout)
        except ValueError as error:
            return f"broken JSON ({error}): {done.stdout[:80]}"
    return None


def try_all(verb):
    """Prints what is wrong; the number of it."""
    with tempfile.NamedTemporaryFile("r") as file:
        whole = run(verb, FAILALLOC_LIST=file.name)
        points = failalloc.places(file)
    if whole.returncode or len(points) < (20 if verb else 1000):
        sys.exit(f"without failures: status {whole.returncode}, {len(points)} places: {whole.stderr.decode()}")
    runs = [(verb, at, may_be_killed) for at, may_be_killed in points[::every]]
    runs += [(verb, f"{at}+", False) for at, may_be_killed in points[every // 2 :: every] if not may_be_killed]
    bad = 0
    for (_, at, _), wrong in zip(runs, pool.map(lambda r: complaint(*r), runs)):
        if wrong:
            bad += 1
            print(f"FAIL {verb or 'nisvd'}, allocation {at}: {wrong}")
    name = f"nisvctl {verb[0]}" if verb else "nisvd --offline"
    print(f"{name}: {len(runs)} runs of {len(points)} places in {points[-1][0]} allocations, {bad} bad")
    return bad


with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    sys.exit(sum(try_all(verb) for verb in [None, *verbs]) > 0)
