/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/measure.h"

#include <stdlib.h>

void samples_add(struct samples *samples, double value)
{
	if (samples->n < SAMPLES_MAX)
		samples->value[samples->n++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Linear interpolation between the two nearest samples. */
static double quantile(const struct samples *samples, double at)
{
	double position = at * (samples->n - 1);
	size_t below = position;
	double part = position - below;

	if (below + 1 >= samples->n)
		return samples->value[samples->n - 1];
	return samples->value[below] * (1 - part) + samples->value[below + 1] * part;
}

struct quartiles samples_quartiles(struct samples *samples)
{
	qsort(samples->value, samples->n, sizeof(samples->value[0]), compare);
	return (struct quartiles){
		.low = quantile(samples, 0.25),
		.median = quantile(samples, 0.5),
		.high = quantile(samples, 0.75),
	};
}
