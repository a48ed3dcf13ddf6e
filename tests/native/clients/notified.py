#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints what a service tells its service manager: notified.py SOCKET, which it makes.

File descriptors that come with it are not taken: what is kept so would outlive the service."""

import socket
import sys

with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
    listener.bind(sys.argv[1])
    print("listening", flush=True)
    while True:
        sys.stdout.buffer.write(listener.recv(65536))
        sys.stdout.buffer.flush()
