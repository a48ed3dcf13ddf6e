# SPDX-License-Identifier: GPL-2.0-or-later
"""Device trees as QEMU makes them for its guests."""

import functools
import pathlib
import subprocess
import tempfile


@functools.cache
def qemu_tree(machine, *options):
    with tempfile.TemporaryDirectory() as folder:
        blob = pathlib.Path(folder) / "dtb"
        subprocess.run(["qemu-system-aarch64", "-display", "none", "-nodefaults", "-cpu",
                        "cortex-a53", "-M", f"{machine},dumpdtb={blob}", *options],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return blob.read_bytes()
