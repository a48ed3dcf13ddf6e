/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * 500 random cases, spread over all causes, against their labels. Usage: test_random [CASE]; the
 * seed is NISVD_SEED's. A CASE alone is told with its finding.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/diagnose.h"
#include "tests/corpus/random.h"
#include "tests/draw.h"

#define CASES	  500
#define SEED	  20261130ULL
#define TOP_1_MIN 0.97
#define SURE	  0.9
#define MAPS	  "daemon/machines"

struct tally {
	unsigned int cases, right, sure_and_wrong, false_alarms;
};

/* Of a case by its number: seeds of its own, and each kind in turn. */
static int make(uint64_t seed, unsigned int number, struct random_case *ret)
{
	uint64_t state = seed + number;
	uint64_t high = unit_random(&state);

	return random_case_make(high << 32 | unit_random(&state), number % random_causes(), ret);
}

static const char *cause_of(const struct findings *findings)
{
	return findings->n ? findings->list[0].cause : NULL;
}

static bool is_right(const char *found, const char *truth)
{
	return found && truth ? !strcmp(found, truth) : found == truth;
}

static void tell(uint64_t seed, unsigned int number, const struct random_case *c,
		 const struct findings *findings)
{
	const char *found = cause_of(findings);

	printf("test_random: case %u (%s): found %s", number,
	       random_cause_name(number % random_causes()), found ? found : "nothing");
	if (found)
		printf(" (%.2f: %s): %s", findings->list[0].confidence,
		       findings->list[0].confidence_reason, findings->list[0].summary);
	printf("\n  %s\n  NISVD_SEED=%llu test_random %u\n", c->note, (unsigned long long)seed,
	       number);
}

static void score(uint64_t seed, unsigned int number, bool is_told, struct tally *tally)
{
	static struct random_case c;
	struct findings findings = {0};
	const char *found;

	if (make(seed, number, &c) < 0 || diagnose(&c.evidence, &findings) < 0) {
		fprintf(stderr, "test_random: case %u: out of memory\n", number);
		exit(EXIT_FAILURE);
	}
	found = cause_of(&findings);
	tally->cases++;
	if (is_right(found, c.cause)) {
		tally->right++;
	} else {
		is_told = true;
		tally->false_alarms += !c.cause;
		tally->sure_and_wrong += found && findings.list[0].confidence >= SURE;
	}
	if (is_told)
		tell(seed, number, &c, &findings);
	findings_clear(&findings);
	random_case_clear(&c);
}

int main(int argc, char *argv[])
{
	const char *text = getenv("NISVD_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : SEED;
	struct tally tally = {0};
	double rate;

	if (random_begin(MAPS) < 0) {
		fprintf(stderr, "test_random: no reference maps in %s\n", MAPS);
		return EXIT_FAILURE;
	}
	if (argc > 1)
		score(seed, (unsigned int)strtoul(argv[1], NULL, 0), true, &tally);
	for (unsigned int i = 0; argc == 1 && i < CASES; i++)
		score(seed, i, false, &tally);
	random_end();
	rate = (double)tally.right / tally.cases;
	printf("test_random: seed %llu: %u of %u right (%.1f %%)\n", (unsigned long long)seed,
	       tally.right, tally.cases, 100 * rate);
	if (tally.sure_and_wrong)
		printf("test_random: %u wrong with a confidence of %.1f or more\n",
		       tally.sure_and_wrong, SURE);
	if (tally.false_alarms)
		printf("test_random: %u findings of healthy VMs\n", tally.false_alarms);
	return rate >= TOP_1_MIN && !tally.sure_and_wrong && !tally.false_alarms ? EXIT_SUCCESS
										 : EXIT_FAILURE;
}
