/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_BENCH_MEASURE_H
#define NISVD_BENCH_MEASURE_H

/* Samples of one quantity, and the numbers that describe them. */

#include <stddef.h>

#define SAMPLES_MAX 512

struct samples {
	double value[SAMPLES_MAX];
	size_t n;
};

struct quartiles {
	double low, median, high;
};

void samples_add(struct samples *samples, double value); /* drops what does not fit */

/* @samples must hold at least one; it is sorted by this. */
struct quartiles samples_quartiles(struct samples *samples);

#endif
