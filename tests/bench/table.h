/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_TABLE_H
#define NISV_BENCH_TABLE_H

#include <stdbool.h>

/*
 * Prints what was measured of the workloads. Sorts their samples. @is_icount: their nanoseconds are
 * instructions.
 */
void tables_print(bool is_icount);

#endif
