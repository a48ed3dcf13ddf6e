/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_TALLY_H
#define NISVD_TESTS_TALLY_H

/* Counts answers against the truth, and prints what came out. A cause is its id of the taxonomy;
 * NULL stands for none: a healthy VM, or no finding. */

#include <stdbool.h>
#include <stddef.h>

/* From this confidence on a finding says that it is certain: not one may be wrong. */
#define TALLY_CERTAIN 0.9

#define TALLY_CAUSES_MAX 96

struct tally {
	struct tally_cause {
		const char *cause; /* borrowed */
		size_t cases, right;
		double least, most; /* confidence of those that are right */
	} causes[TALLY_CAUSES_MAX];
	size_t n_causes;
	size_t cases, right;
	size_t healthy, false_alarms;
	size_t wrong_and_certain;
};

/* One answer; true if it is right. A wrong one is printed with @what, whose it is. */
bool tally_add(struct tally *tally, const char *what, const char *truth, const char *found,
	       double confidence);

/* A table of the causes: cases, right ones, their confidence. */
void tally_print(const struct tally *tally);

/* Of findings with a confidence, the share that is right. */
struct calibration {
	struct {
		size_t n, right, general; /* general: less specific than the truth, but right */
	} bands[10];			  /* [0, 0.1), ..., [0.9, 1] */
};

void calibration_add(struct calibration *calibration, const char *truth, const char *found,
		     double confidence);
void calibration_print(const struct calibration *calibration);

#endif
