# SPDX-License-Identifier: GPL-2.0-or-later
"""What the programs have in common that run something with failalloc.c."""

import ctypes
import os

# What does not look whether it got memory, so that a program may be killed there: json-c before 0.17 (bookworm
# has 0.16) where it parses, and glibc 2.36 where it reads nsswitch.conf (nss_database_reload(), and the loader
# where a module of it has variables of each thread).
CARELESS = ["getgrnam"]
if ctypes.CDLL("libjson-c.so.5").json_c_version_num() < 0x1100:
    CARELESS += ["json_tokener_parse_ex", "json_tokener_new_ex"]


def environment(build):
    """Of a program to be run; the variables of failalloc.c come on top."""
    library = os.path.abspath(f"{build}/tests/faults/failalloc.so")
    return dict(os.environ, LC_ALL="C.UTF-8", NISVD_MACHINE_PATH="daemon/machines", LD_PRELOAD=library)


def places(lines):
    """Of FAILALLOC_LIST: the number of each, and whether it may be killed there."""
    return [(at, where in CARELESS) for at, where in map(str.split, lines)]
