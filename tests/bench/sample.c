/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double sample_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void sample_add(struct sample *sample, double value)
{
	if (sample->n < SAMPLE_MAX)
		sample->values[sample->n++] = value;
}

void sample_drop(struct sample *sample, size_t n)
{
	sample->n -= n;
	memmove(sample->values, sample->values + n, sample->n * sizeof(sample->values[0]));
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double at(const struct sample *sample, double share)
{
	double position = share * (sample->n - 1);
	size_t below = position;
	double rest = position - below;

	if (below + 1 >= sample->n)
		return sample->values[sample->n - 1];
	return sample->values[below] * (1 - rest) + sample->values[below + 1] * rest;
}

/*
 * Half the 95 % interval of the median, whatever the distribution: between the values sqrt(n) ranks
 * below and above it. (How many values are below the true median is binomial, with a standard
 * deviation of sqrt(n) / 2.)
 */
static double median_error(const struct sample *sample)
{
	size_t root = 1, middle = sample->n / 2, low, high;

	while (root * root < sample->n)
		root++;
	low = middle > root ? middle - root : 0;
	high = middle + root < sample->n ? middle + root : sample->n - 1;
	return (sample->values[high] - sample->values[low]) / 2;
}

struct quartiles sample_quartiles(struct sample *sample)
{
	if (!sample->n)
		return (struct quartiles){NAN, NAN, NAN, NAN};
	qsort(sample->values, sample->n, sizeof(sample->values[0]), compare);
	return (struct quartiles){
		.low = at(sample, 0.25),
		.median = at(sample, 0.5),
		.high = at(sample, 0.75),
		.error = median_error(sample),
	};
}
