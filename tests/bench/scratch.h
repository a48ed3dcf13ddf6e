/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_SCRATCH_H
#define NISV_BENCH_SCRATCH_H

/* A folder of the bench's own in /tmp. */

#define SCRATCH_PATH_MAX 64

/* 0 or -errno, logged; then @path is empty. */
int scratch_make(char path[static SCRATCH_PATH_MAX]);

/* With all that is in it; takes the empty path, too. */
void scratch_remove(const char *path);

#endif
