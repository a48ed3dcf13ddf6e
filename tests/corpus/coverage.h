/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_COVERAGE_H
#define NISVD_TESTS_COVERAGE_H

/* Which rules a real fault has shown. */

#include "daemon/core/rules.h"

struct coverage {
	bool shown[RULES_MAX]; /* by the index in rules[] */
};

/* The causes and overlays of @findings have been shown. */
void coverage_add(struct coverage *coverage, const struct findings *findings);

/* Prints the other rules, each with the unit tests that name it; returns how many have none. To be
 * run from the top folder of the sources. */
size_t coverage_print(const struct coverage *coverage);

#endif
