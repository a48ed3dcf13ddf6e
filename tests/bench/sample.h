/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_SAMPLE_H
#define NISV_BENCH_SAMPLE_H

/* Measured values and their quartiles. A sample keeps the first SAMPLE_MAX values. */

#include <stddef.h>

#define SAMPLE_MAX 4096

struct sample {
	size_t n;
	double values[SAMPLE_MAX];
};

struct quartiles {
	double low, median, high; /* NaN of an empty sample */
	double error;		  /* the true median is as near as that: 19 times out of 20 */
};

/* CLOCK_MONOTONIC. */
double sample_now_ms(void);

void sample_add(struct sample *sample, double value);

/* Without its first @n values, before it is sorted. */
void sample_drop(struct sample *sample, size_t n);

/* Sorts the sample. Between two values it interpolates. */
struct quartiles sample_quartiles(struct sample *sample);

#endif
