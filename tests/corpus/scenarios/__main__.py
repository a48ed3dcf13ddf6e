# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints COUNT cases drawn at random, as ../arm64.cases has them, and writes their files to FOLDER.

    PYTHONPATH=tests/lab/tests/lib python3 tests/corpus/scenarios SEED COUNT FOLDER

The same seed gives the same cases. What the truth is comes from how a case is made, by domain.md 2
and 3; nothing here asks nisvd."""

import pathlib
import random
import sys

import devices
import healthy
import memory
import slots

KINDS = (memory.past_end, memory.image_size, memory.hole, memory.null, memory.larger_tree,
         memory.subpage, memory.beyond_ipa, memory.unknown, memory.board, devices.device,
         devices.atomics, devices.vectors, devices.zeroing, devices.copying, devices.framebuffer,
         devices.ecam, devices.vgic, devices.bar, devices.gic_version, devices.its, devices.v2m,
         devices.redist, devices.ecam_elsewhere, devices.window, devices.transport,
         devices.stolen_time, devices.absent, devices.storm, devices.stray, slots.written_rom,
         slots.flash_command, slots.unplugged, slots.race, slots.backing, slots.device_code,
         slots.jump, slots.jump_kernel, slots.table)
HEALTHY_SHARE = 6  # one in so many


def draw(rng, count):
    """Each kind about as often as any other."""
    n_healthy = count // HEALTHY_SHARE
    kinds = []
    while len(kinds) < count - n_healthy:
        kinds += rng.sample(KINDS, len(KINDS))
    kinds = kinds[:count - n_healthy] + [rng.choice(healthy.ALL) for _ in range(n_healthy)]
    rng.shuffle(kinds)
    return [kind(rng, f"random-{i:03}") for i, kind in enumerate(kinds)]


def main():
    seed, count, folder = int(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
    for case in draw(random.Random(seed), count):
        case.write(folder)
        print(case.text())


main()
