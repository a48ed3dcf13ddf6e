/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sample.h"

#include <math.h>
#include <stdlib.h>

void sample_add(struct sample *sample, double value)
{
	if (sample->n < SAMPLE_MAX)
		sample->values[sample->n++] = value;
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

struct quartiles sample_quartiles(struct sample *sample)
{
	if (!sample->n)
		return (struct quartiles){NAN, NAN, NAN};
	qsort(sample->values, sample->n, sizeof(sample->values[0]), compare);
	return (struct quartiles){at(sample, 0.25), at(sample, 0.5), at(sample, 0.75)};
}
