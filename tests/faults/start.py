#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts the real daemon, which attaches to KVM, asks it for its status and ends it, once for each chain of
callers that allocates: there the allocation fails (failalloc.c). It must end by itself, with status 1 and the
reason on standard error, or come up and answer, or say that it had no memory to answer; never by a signal, and
never with the status that says that nothing will help (69). Afterwards nothing of it is in the kernel.

libbpf 1.1 takes what it could not probe for want of memory as what the kernel has not, for as long as the
process lives (libbpf__load_raw_btf(), kernel_supports()): where it then loads functions as if they were not
global, which no kernel takes, that is a kernel that refuses the programs.

    start.py BUILD [EVERY]     EVERY: only each EVERYth of them
"""

import concurrent.futures
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import failalloc  # noqa: E402

build = sys.argv[1]
every = int(sys.argv[2]) if len(sys.argv) > 2 else 1
environment = failalloc.environment(build) | {"FAILALLOC_OF": "nisvd"}
question = b'{"method":"io.nisvd.Monitor.GetStatus"}\0'
# Long verdicts of a verifier that writes down each of its steps.
patience = 300


UNAVAILABLE = 69


class Complaint(Exception):
    """What is wrong."""


def await_ready(notify, end):
    """False if the daemon ends first. What it wants to be kept is not."""
    while True:
        ready, _, _ = select.select([notify, end], [], [], patience)
        if not ready:
            raise Complaint("it hangs at the start")
        if notify not in ready:
            return False
        message, fds, _, _ = socket.recv_fds(notify, 65536, 16)
        for fd in fds:
            os.close(fd)
        if b"READY=1" in message:
            return True


def ask(path):
    """False if it hangs up without an answer, or has ended since it was ready."""
    answer = b""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(patience)
        try:
            client.connect(path)
            client.sendall(question)
            while not answer.endswith(b"\0"):
                more = client.recv(65536)
                if not more:
                    return False
                answer += more
        except (FileNotFoundError, ConnectionError):
            return False
    if not isinstance(json.loads(answer[:-1])["parameters"], dict):
        raise Complaint(f"a broken reply: {answer[:80]}")
    return True


def run(folder, **variables):
    """Its status, whether it answered, and what it said."""
    answered = False
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(f"{folder}/notify")
    path = f"{folder}/socket"
    with notify, open(f"{folder}/said", "w+", encoding="utf-8", errors="replace") as said:
        daemon = subprocess.Popen(
            [f"{build}/nisvd", "--config", "/dev/null", "--socket", path, "--state-dir", folder, "--no-journal"],
            env=environment | variables | {"NOTIFY_SOCKET": f"{folder}/notify"},
            stderr=said,
        )
        end = os.pidfd_open(daemon.pid)
        try:
            if await_ready(notify, end):
                answered = ask(path)
                daemon.send_signal(signal.SIGTERM)
            status = daemon.wait(patience)
        except subprocess.TimeoutExpired:
            raise Complaint("it hangs at its end") from None
        except (OSError, ValueError, KeyError) as error:
            raise Complaint(f"it does not answer: {error!r}") from None
        finally:
            daemon.kill()
            daemon.wait()
            os.close(end)
        said.seek(0)
        return status, answered, said.read()


def is_probe_of_libbpf(said, callers):
    """Is it what libbpf makes of a probe that failed?"""
    return "this kernel refuses the program" in said and "libbpf" in callers[2]


def complaint(at, may_be_killed):
    """What is wrong with the start where the allocation AT fails, and who asked for it; or None."""
    with tempfile.TemporaryDirectory() as folder:
        trace = f"{folder}/trace"
        try:
            status, answered, said = run(folder, FAILALLOC=at, FAILALLOC_TRACE=trace)
            if may_be_killed or (status == 0 and answered) or (status in (0, 1) and "memory" in said):
                return None
            wrong = f"status {status}: {said or 'not a word'}"
        except Complaint as error:
            status, wrong = None, str(error)
        with open(trace, encoding="utf-8") as file:
            callers = file.readlines()
    if status == UNAVAILABLE and is_probe_of_libbpf(said, callers):
        return None
    return "\n".join([wrong, *callers])


def in_kernel():
    """BPF programs by their ids."""
    shown = subprocess.run(["bpftool", "--json", "prog", "show"], capture_output=True, check=True)
    return {(one["id"], one.get("name")) for one in json.loads(shown.stdout)}


def main():
    before = in_kernel()
    with tempfile.TemporaryDirectory() as folder:
        places = f"{folder}/places"
        status, answered, said = run(folder, FAILALLOC_LIST=places)
        with open(places, encoding="ascii") as file:
            points = failalloc.places(file)
    if status or not answered or len(points) < 300:
        sys.exit(f"without failures: status {status}, {len(points)} places: {said}")
    tried = points[::every]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (at, _), wrong in zip(tried, pool.map(lambda point: complaint(*point), tried)):
            if wrong:
                bad += 1
                print(f"FAIL nisvd, allocation {at}: {wrong}")
    # The kernel frees what nobody holds a little later.
    until = time.monotonic() + patience
    while (left := in_kernel() - before) and time.monotonic() < until:
        pass
    if left:
        bad += 1
        print(f"FAIL left in the kernel: {sorted(left)}")
    print(f"start of nisvd: {len(tried)} starts of {len(points)} places in {points[-1][0]} allocations, {bad} bad")
    sys.exit(bad > 0)


main()
