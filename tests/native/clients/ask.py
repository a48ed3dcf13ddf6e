#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A client that asks nisvd again and again, each time on a connection of its own: ask.py SOCKET TIMES.

Prints the milliseconds from connect to answer as one JSON object: n, p50, p99, max."""

import json
import socket
import sys
import time

CALL = b'{"method":"io.nisvd.Monitor.GetStatus"}\0'


def ask(path):
    began = time.monotonic()
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(60)
        peer.connect(path)
        peer.sendall(CALL)
        answer = b""
        while not answer.endswith(b"\0"):
            more = peer.recv(1 << 20)
            if not more:
                sys.exit(f"the connection ended after {answer!r}")
            answer += more
    took = (time.monotonic() - began) * 1000
    reply = json.loads(answer[:-1])
    if "error" in reply:
        sys.exit(f"refused: {reply}")
    return took


def main():
    took = sorted(ask(sys.argv[1]) for _ in range(int(sys.argv[2])))
    print(json.dumps({"n": len(took), "p50": round(took[len(took) // 2], 2),
                      "p99": round(took[len(took) * 99 // 100], 2), "max": round(took[-1], 2)}))


main()
