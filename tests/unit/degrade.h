/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_DEGRADE_H
#define NISVD_TESTS_DEGRADE_H

/* What may become of the findings of a scenario where evidence is missing. */

#include "tests/ablation.h"
#include "tests/unit/scenario.h"

static inline bool is_same_site(const struct site *a, const struct site *b)
{
	return a->kind == b->kind && a->page == b->page && a->pc == b->pc && a->ipa == b->ipa;
}

static inline const struct finding *finding_of(const struct findings *findings,
					       const struct site *site)
{
	for (size_t i = 0; i < findings->n; i++)
		for (size_t k = 0; k < findings->list[i].n_sites && k < FINDING_SITES_MAX; k++)
			if (is_same_site(findings->list[i].sites[k], site))
				return &findings->list[i];
	return NULL;
}

static inline void assert_degraded(const struct finding *before, const struct finding *after,
				   const char *of)
{
	if (!after)
		return; /* MMIO that no rule takes up any more, or no fault that is seen */
	if (strcmp(before->cause, after->cause) != 0) {
		if (after->confidence >= ABLATION_SURE &&
		    !cause_is_general(before->cause, after->cause))
			fail_msg("%s %s becomes %s (%.2f): %s", of, before->cause, after->cause,
				 after->confidence, after->summary);
	} else if (after->confidence > before->confidence + 0.001) {
		fail_msg("%s %s rises from %.2f to %.2f: %s", of, before->cause, before->confidence,
			 after->confidence, after->confidence_reason);
	}
}

/* The findings of the scenario with @ablation; the caller clears both. */
static inline void diagnose_without(const struct ablation *ablation, struct reduced *reduced,
				    struct findings *ret)
{
	assert_int_equal(reduced_make(&sc.evidence, ablation, reduced), 0);
	assert_int_equal(diagnose(&reduced->evidence, ret), 0);
	for (size_t i = 0; i < ret->n; i++)
		assert_complete(&ret->list[i]);
}

/* Of each finding that there is now. */
static inline void assert_degrades(void)
{
	static struct reduced reduced;

	scenario_diagnose();
	for (size_t i = 0; i < n_ablations; i++) {
		struct findings after;

		diagnose_without(&ablations[i], &reduced, &after);
		for (size_t k = 0; k < sc.findings.n; k++)
			assert_degraded(&sc.findings.list[k],
					finding_of(&after, sc.findings.list[k].sites[0]),
					ablations[i].of);
		findings_clear(&after);
		reduced_clear(&reduced);
	}
}

#endif
