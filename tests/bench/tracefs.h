/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_TRACEFS_H
#define NISV_BENCH_TRACEFS_H

#define TRACEFS "/sys/kernel/tracing"

/* Where the host has it not mounted: for this process and its children alone. */
void tracefs_mount(void);

#endif
