/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Explains every dossier of the corpus anew and scores the answers against the labels; then with
 * one source of evidence at a time taken away. Fails on a wrong answer, a false alarm, a wrong
 * finding that is certain, or one at 0.7 or more where evidence is missing.
 *   score    from the top folder of the sources
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/rules.h"
#include "daemon/core/verify.h"
#include "daemon/edge/manager.h"
#include "daemon/edge/replay.h"
#include "daemon/edge/wallclock.h"
#include "tests/ablation.h"
#include "tests/corpus/cases.h"
#include "tests/corpus/coverage.h"
#include "tests/corpus/tally.h"

/* They outlive the tally, which borrows their causes. */
static struct corpus {
	const char *arch;
	struct corpus_case cases[CASES_MAX];
} corpora[] = {{.arch = "arm64"}, {.arch = "x86_64"}};

static struct tally tally;
static struct calibration calibration;
static struct coverage coverage;

/* What becomes of the answers without one source. */
struct fate {
	size_t same, unsurer, general, unsure, silent, wrong;
};

static struct fate *fates;

/* ---- one dossier ---------------------------------------------------------------------------- */

static struct manager *replay(const char *path)
{
	const struct manager_options options = {.offline = true, .machine_path = "daemon/machines"};
	struct manager *manager = NULL;
	struct config config;

	config_defaults(&config);
	if (manager_new(&options, &config, &manager) < 0 || replay_file(manager, path) < 0)
		manager = manager_free(manager);
	if (manager && manager->vms.n != 1) {
		printf("%s: %zu VMs\n", path, manager->vms.n);
		manager = manager_free(manager);
	}
	return manager;
}

static const struct finding *first(const struct findings *findings)
{
	return findings->n ? &findings->list[0] : NULL;
}

static void find(const struct corpus_case *c, const struct evidence *evidence, struct findings *ret)
{
	struct verify_check checks[VERIFY_CHECKS_MAX];
	size_t n;
	int r = c->kind == CASE_VERIFY ? verify(evidence, ret, checks, &n)
				       : diagnose(evidence, ret);

	if (r < 0)
		abort();
}

/* Beside the first one, none may be certain of what is not so. */
static void check_others(const struct corpus_case *c, const struct findings *findings)
{
	for (size_t i = 1; i < findings->n; i++) {
		const struct finding *f = &findings->list[i];

		if (f->confidence < TALLY_CERTAIN || !strcmp(f->cause, c->cause))
			continue;
		printf("WRONG %s: beside %s, %s (%.2f)\n", c->name, c->cause, f->cause,
		       f->confidence);
		tally.wrong_and_certain++;
	}
}

/* ---- with less ------------------------------------------------------------------------------ */

static size_t *fate_of(struct fate *fate, const struct corpus_case *c, const struct finding *before,
		       const struct finding *after)
{
	if (!after)
		return &fate->silent;
	if (!strcmp(after->cause, c->cause))
		return after->confidence < before->confidence - 0.001 ? &fate->unsurer
								      : &fate->same;
	if (cause_is_general(c->cause, after->cause))
		return &fate->general;
	return after->confidence < ABLATION_SURE ? &fate->unsure : &fate->wrong;
}

static void reduce(const struct corpus_case *c, const struct evidence *evidence,
		   const struct finding *before)
{
	for (size_t i = 0; i < n_ablations; i++) {
		struct findings findings;
		struct reduced reduced;
		const struct finding *after;
		size_t *count;

		if (reduced_make(evidence, &ablations[i], &reduced) < 0)
			abort();
		find(c, &reduced.evidence, &findings);
		after = first(&findings);
		count = fate_of(&fates[i], c, before, after);
		++*count;
		if (count == &fates[i].wrong)
			printf("WRONG %s %s: is %s, found %s (%.2f)\n", c->name, ablations[i].of,
			       c->cause[0] ? c->cause : "healthy", after->cause, after->confidence);
		if (after)
			calibration_add(&calibration, c->cause, after->cause, after->confidence);
		findings_clear(&findings);
		reduced_clear(&reduced);
	}
}

static void print_fates(void)
{
	printf("%-42s %6s %6s %8s %7s %7s %6s\n", "", "same", "less", "less", "below", "no", "");
	printf("%-42s %6s %6s %8s %7s %7s %6s\n", "what is left", "", "sure", "specific", "0.7",
	       "finding", "WRONG");
	for (size_t i = 0; i < n_ablations; i++)
		printf("%-42s %6zu %6zu %8zu %7zu %7zu %6zu\n", ablations[i].of, fates[i].same,
		       fates[i].unsurer, fates[i].general, fates[i].unsure, fates[i].silent,
		       fates[i].wrong);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void score_case(const char *arch, const struct corpus_case *c)
{
	struct findings findings;
	struct evidence evidence;
	const struct finding *top;
	struct manager *manager;
	char path[160];

	snprintf(path, sizeof(path), "tests/corpus/dossiers/%s/%s.jsonl", arch, c->name);
	manager = replay(path);
	if (!manager) {
		tally_add(&tally, path, c->cause, NULL, 0);
		return;
	}
	evidence = vm_evidence(manager->vms.list[0], &manager->host, 0);
	find(c, &evidence, &findings);
	top = first(&findings);
	tally_add(&tally, path, c->kind == CASE_HEALTHY ? NULL : c->cause, top ? top->cause : NULL,
		  top ? top->confidence : 0);
	check_others(c, &findings);
	coverage_add(&coverage, &findings);
	reduce(c, &evidence, top);
	findings_clear(&findings);
	manager_free(manager);
}

static bool score_arch(struct corpus *corpus)
{
	char path[64];
	int n;

	snprintf(path, sizeof(path), "tests/corpus/%s.cases", corpus->arch);
	n = cases_read(path, corpus->cases);
	for (int i = 0; i < n; i++)
		score_case(corpus->arch, &corpus->cases[i]);
	printf("%s: %d dossiers\n", corpus->arch, n);
	return n > 0;
}

int main(void)
{
	size_t wrong = 0, untested;
	bool is_read;

	wallclock_go_offline();
	fates = calloc(n_ablations, sizeof(fates[0]));
	if (!fates)
		return EXIT_FAILURE;
	is_read = score_arch(&corpora[0]) && score_arch(&corpora[1]);
	puts("\n== Every dossier, explained");
	tally_print(&tally);
	puts("\n== With one source of evidence taken away");
	print_fates();
	puts("\n== Calibration, where evidence was taken away");
	calibration_print(&calibration);
	puts("\n== Rules that no dossier shows, tested on constructed evidence");
	untested = coverage_print(&coverage);
	for (size_t i = 0; i < n_ablations; i++)
		wrong += fates[i].wrong;
	free(fates);
	printf("\n%zu of %zu right, %zu false alarms, %zu wrong and certain, %zu wrong at %.1f "
	       "or more where evidence is missing, %zu rules without a test\n",
	       tally.right, tally.cases, tally.false_alarms, tally.wrong_and_certain, wrong,
	       ABLATION_SURE, untested);
	return is_read && tally.right == tally.cases && !tally.false_alarms &&
			       !tally.wrong_and_certain && !wrong && !untested
		       ? EXIT_SUCCESS
		       : EXIT_FAILURE;
}
