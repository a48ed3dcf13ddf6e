#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of nisvd's socket that mean no good, all at once, until SIGTERM: hostile.py SOCKET.

Says "ready" on standard output when each of them has had its first go."""

import os
import socket
import sys
import threading

CONNECTIONS = 1000
NOBODY = 65534


def call(method, more=False, **parameters):
    more = ',"more":true' if more else ""
    inside = ",".join(f'"{key}":"{value}"' for key, value in parameters.items())
    return f'{{"method":"io.nisvd.Monitor.{method}","parameters":{{{inside}}}{more}}}'.encode() + b"\0"


class Hostile:
    def __init__(self, path):
        self.path = path

    def connect(self):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(30)
        peer.connect(self.path)
        return peer

    def until_gone(self, peer):
        """Waits until the other side ends the connection."""
        while peer.recv(65536):
            pass

    def crowd(self):
        """A thousand connections, each made anew when it is ended."""
        if not hasattr(self, "peers"):
            self.peers = []
        while len(self.peers) < CONNECTIONS:
            self.peers.append(self.connect())
        for peer in self.peers:
            peer.setblocking(False)
        left = []
        for peer in self.peers:
            try:
                while peer.recv(4096):
                    pass
                peer.close()
            except BlockingIOError:
                left.append(peer)
            except OSError:
                peer.close()
        self.peers = left

    def byte_by_byte(self):
        with self.connect() as peer:
            for byte in call("GetStatus"):
                peer.send(bytes([byte]))
            peer.recv(1)

    def half(self):
        with self.connect() as peer:
            peer.send(call("GetStatus")[:20])
            self.until_gone(peer)

    def large(self):
        """100 MB, or as much as is taken."""
        with self.connect() as peer:
            for _ in range(100):
                peer.sendall(b" " * 1000000)

    def deep(self):
        with self.connect() as peer:
            peer.sendall(b'{"method":"io.nisvd.Monitor.GetStatus","parameters":' + b'{"a":[' * 50000 + b"\0")
            self.until_gone(peer)

    def malformed(self):
        with self.connect() as peer:
            peer.sendall(b'{"method":"\xff\xfe\xed\xa0\x80\xf5"}\0')
            self.until_gone(peer)

    def deaf(self):
        """Subscribes, and asks, and never reads."""
        with self.connect() as peer, self.connect() as other:
            peer.sendall(call("Subscribe", more=True))
            other.sendall(call("ListVMs") * 2000)
            other.recv(1, socket.MSG_PEEK)
            threading.Event().wait(1)

    def leaver(self):
        with self.connect() as peer:
            peer.sendall(call("ListVMs") + call("GetStatus"))
            peer.recv(1)

    def hasty(self):
        """Many calls at once."""
        with self.connect() as peer:
            peer.sendall(call("GetStatus") * 200)
            peer.shutdown(socket.SHUT_WR)
            self.until_gone(peer)

    def loop(self, once, begun):
        while True:
            try:
                once()
            except OSError:
                pass  # cut off, or turned away
            begun.set()


def main():
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    hostile = Hostile(sys.argv[1])
    begun = []
    for once in (hostile.crowd, hostile.byte_by_byte, hostile.large, hostile.deep, hostile.malformed,
                 hostile.deaf, hostile.leaver, hostile.hasty):
        begun.append(threading.Event())
        threading.Thread(target=hostile.loop, args=(once, begun[-1]), daemon=True).start()
    threading.Thread(target=hostile.loop, args=(hostile.half, threading.Event()), daemon=True).start()
    for event in begun:
        event.wait()
    print("ready", flush=True)
    threading.Event().wait()


main()
