/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/corpus/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ablation.h"

static struct tally_cause *find_cause(struct tally *tally, const char *cause)
{
	struct tally_cause *row;

	for (size_t i = 0; i < tally->n_causes; i++)
		if (!strcmp(tally->causes[i].cause, cause))
			return &tally->causes[i];
	if (tally->n_causes == TALLY_CAUSES_MAX) {
		fputs("more causes than the taxonomy has\n", stderr);
		abort();
	}
	row = &tally->causes[tally->n_causes++];
	*row = (struct tally_cause){.cause = cause, .least = 1};
	return row;
}

static void add_right(struct tally_cause *row, double confidence)
{
	row->right++;
	if (confidence < row->least)
		row->least = confidence;
	if (confidence > row->most)
		row->most = confidence;
}

bool tally_add(struct tally *tally, const char *what, const char *truth, const char *found,
	       double confidence)
{
	struct tally_cause *row = truth ? find_cause(tally, truth) : NULL;
	bool is_right = truth && found ? !strcmp(truth, found) : truth == found;

	if (row) {
		row->cases++;
		tally->cases++;
		tally->right += is_right;
	} else {
		tally->healthy++;
		tally->false_alarms += !is_right;
	}
	if (is_right) {
		if (row)
			add_right(row, confidence);
		return true;
	}
	tally->wrong_and_certain += found && confidence >= TALLY_CERTAIN;
	printf("MISS %s: is %s, found %s (%.2f)\n", what, truth ? truth : "healthy",
	       found ? found : "nothing", confidence);
	return false;
}

void tally_print(const struct tally *tally)
{
	printf("%-40s %6s %6s  %s\n", "cause", "cases", "right", "confidence");
	for (size_t i = 0; i < tally->n_causes; i++) {
		const struct tally_cause *row = &tally->causes[i];

		printf("%-40s %6zu %6zu", row->cause, row->cases, row->right);
		if (row->right)
			printf("  %.2f-%.2f", row->least, row->most);
		putchar('\n');
	}
	printf("%-40s %6zu %6zu  top-1 %.1f %%\n", "all", tally->cases, tally->right,
	       tally->cases ? 100.0 * (double)tally->right / (double)tally->cases : 0.0);
	printf("%-40s %6zu %6zu  false alarms: %zu\n", "healthy", tally->healthy,
	       tally->healthy - tally->false_alarms, tally->false_alarms);
}

/* ---- calibration ---------------------------------------------------------------------------- */

#define BANDS \
	(sizeof(((struct calibration *)0)->bands) / sizeof(((struct calibration *)0)->bands[0]))

void calibration_add(struct calibration *calibration, const char *truth, const char *found,
		     double confidence)
{
	size_t band = (size_t)(confidence * BANDS + 1e-9);

	if (!found)
		return;
	if (band >= BANDS)
		band = BANDS - 1;
	calibration->bands[band].n++;
	if (truth && !strcmp(truth, found))
		calibration->bands[band].right++;
	else if (truth && cause_is_general(truth, found))
		calibration->bands[band].general++;
}

void calibration_print(const struct calibration *calibration)
{
	printf("%-12s %8s %14s %24s\n", "confidence", "findings", "right", "or less specific");
	for (size_t i = 0; i < BANDS; i++) {
		double n = (double)calibration->bands[i].n;

		if (!calibration->bands[i].n)
			continue;
		printf("%.1f-%.1f      %8zu %12.1f %% %22.1f %%\n", (double)i / BANDS,
		       (double)(i + 1) / BANDS, calibration->bands[i].n,
		       100.0 * (double)calibration->bands[i].right / n,
		       100.0 *
			       (double)(calibration->bands[i].right +
					calibration->bands[i].general) /
			       n);
	}
}
