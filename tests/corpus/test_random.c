/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * 500 random cases on constructed evidence, spread over all causes, against their labels; then each
 * with one source of evidence at a time taken away, for the calibration.
 *   test_random          fails below 97 %, on a wrong finding that is certain and on a false alarm
 *   test_random CASE     tells one case and its finding
 * The seed is NISVD_SEED's.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/diagnose.h"
#include "tests/ablation.h"
#include "tests/corpus/constructed/random.h"
#include "tests/corpus/tally.h"
#include "tests/draw.h"

#define CASES	  500
#define SEED	  20261130ULL
#define TOP_1_MIN 0.97
#define MAPS	  "daemon/machines"

static struct tally tally;
static struct calibration calibration;
static size_t n_reduced, n_wrong;

static void fail(const char *why)
{
	fprintf(stderr, "test_random: %s\n", why);
	exit(EXIT_FAILURE);
}

/* A case by its number: seeds of its own, and each kind in turn. */
static void make(uint64_t seed, unsigned int number, struct random_case *ret)
{
	uint64_t state = seed + number;
	uint64_t high = unit_random(&state);

	if (random_case_make(high << 32 | unit_random(&state), number % random_causes(), ret) < 0)
		fail("out of memory");
}

static const struct finding *find(const struct evidence *evidence, struct findings *ret)
{
	*ret = (struct findings){0};
	if (diagnose(evidence, ret) < 0)
		fail("out of memory");
	return ret->n ? &ret->list[0] : NULL;
}

static void tell(const char *what, const struct random_case *c, const struct finding *found)
{
	if (found)
		printf("  %s (%.2f: %s): %s\n", found->cause, found->confidence,
		       found->confidence_reason, found->summary);
	printf("  %s\n  %s\n", c->note, what);
}

static bool is_wrong(const struct random_case *c, const struct finding *found)
{
	return found->confidence >= ABLATION_SURE &&
	       (!c->cause ||
		(strcmp(found->cause, c->cause) != 0 && !cause_is_general(c->cause, found->cause)));
}

static void reduce(const char *what, const struct random_case *c, const struct ablation *ablation)
{
	struct reduced reduced;
	struct findings findings;
	const struct finding *found;

	if (reduced_make(&c->evidence, ablation, &reduced) < 0)
		fail("out of memory");
	found = find(&reduced.evidence, &findings);
	n_reduced++;
	if (found) {
		calibration_add(&calibration, c->cause, found->cause, found->confidence);
		if (is_wrong(c, found)) {
			n_wrong++;
			printf("WRONG %s: is %s\n", ablation->of, c->cause ? c->cause : "healthy");
			tell(what, c, found);
		}
	}
	findings_clear(&findings);
	reduced_clear(&reduced);
}

static void score(uint64_t seed, unsigned int number, bool is_told)
{
	static struct random_case c; /* too large for a stack */
	struct findings findings;
	const struct finding *found;
	char what[80];

	snprintf(what, sizeof(what), "NISVD_SEED=%llu test_random %u", (unsigned long long)seed,
		 number);
	make(seed, number, &c);
	found = find(&c.evidence, &findings);
	if (found)
		calibration_add(&calibration, c.cause, found->cause, found->confidence);
	if (!tally_add(&tally, random_cause_name(number % random_causes()), c.cause,
		       found ? found->cause : NULL, found ? found->confidence : 0) ||
	    is_told)
		tell(what, &c, found);
	for (size_t i = 0; i < n_ablations; i++)
		reduce(what, &c, &ablations[i]);
	findings_clear(&findings);
	random_case_clear(&c);
}

int main(int argc, char *argv[])
{
	const char *text = getenv("NISVD_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : SEED;

	if (random_begin(MAPS) < 0)
		fail("no reference maps in " MAPS);
	printf("seed %llu\n", (unsigned long long)seed);
	if (argc > 1)
		score(seed, (unsigned int)strtoul(argv[1], NULL, 0), true);
	for (unsigned int i = 0; argc == 1 && i < CASES; i++)
		score(seed, i, false);
	random_end();
	puts("\n== Random cases, explained");
	tally_print(&tally);
	puts("\n== Calibration, of these and with one source of evidence taken away");
	calibration_print(&calibration);
	printf("\nseed %llu: %zu of %zu right, %zu false alarms, %zu wrong and certain; with less, "
	       "%zu of %zu wrong at %.1f or more\n",
	       (unsigned long long)seed, tally.right, tally.cases, tally.false_alarms,
	       tally.wrong_and_certain, n_wrong, n_reduced, ABLATION_SURE);
	return (double)tally.right >= TOP_1_MIN * (double)tally.cases && !tally.false_alarms &&
			       !tally.wrong_and_certain
		       ? EXIT_SUCCESS
		       : EXIT_FAILURE;
}
