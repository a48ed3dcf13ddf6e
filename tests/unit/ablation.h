/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_ABLATION_H
#define NISVD_TESTS_ABLATION_H

/*
 * Evidence taken away, one source at a time: what is left may be less sure, or say less of the
 * same, but is never surer, and never sure of another cause.
 */

#include "tests/unit/scenario.h"

/* ---- the sources ---------------------------------------------------------------------------- */

static inline void each_detail(void (*change)(struct nisv_rec_fault *rec))
{
	for (size_t i = 0; i < sc.faults->n_sites; i++)
		if (sc.faults->sites[i].detail)
			change(sc.faults->sites[i].detail);
}

static inline void lose_instruction(struct nisv_rec_fault *rec)
{
	rec->insn_state = NISV_INSN_UNREADABLE;
}

static inline void look_later(struct nisv_rec_fault *rec)
{
	if (rec->layout_state == NISV_LAYOUT_STABLE)
		rec->layout_state = NISV_LAYOUT_AFTER;
}

static inline void lose_registers(struct nisv_rec_fault *rec)
{
	rec->sysregs_state = NISV_SYSREGS_NONE;
	memset(&rec->sys, 0, sizeof(rec->sys));
}

static inline void lose_walk(struct nisv_rec_fault *rec)
{
	rec->walk = (struct nisv_walk){.state = NISV_WALK_NONE};
}

static inline void lose_mapping(struct nisv_rec_fault *rec)
{
	rec->vma = (struct nisv_vma){.state = NISV_VMA_NOT_ASKED};
}

static inline void without_instructions(void)
{
	each_detail(lose_instruction);
}

static inline void without_sight(void)
{
	each_detail(look_later);
}

static inline void without_registers(void)
{
	each_detail(lose_registers);
}

static inline void without_walks(void)
{
	each_detail(lose_walk);
}

static inline void without_mappings(void)
{
	each_detail(lose_mapping);
}

static inline void without_details(void)
{
	for (size_t i = 0; i < sc.faults->n_sites; i++)
		sc.faults->sites[i].detail = NULL;
}

static inline void without_guest(void)
{
	sc.guest.state = GUEST_NOT_FOUND;
}

static inline void without_machine(void)
{
	sc.evidence.machine = NULL;
	sc.evidence.machine_confidence = 0;
}

static inline void with_likeness_only(void)
{
	sc.evidence.machine_confidence = 0.6;
}

static inline void without_registry(void)
{
	sc.host.n_maps = 0;
}

static inline void without_history(void)
{
	sc.slots.n = 0;
}

static inline void without_options(void)
{
	sc.options = (struct vmoptions){0};
}

static inline void without_backings(void)
{
	sc.backings.n = 0;
}

static inline void without_kernel_version(void)
{
	sc.host.kernel[0] = sc.host.kernel_build[0] = '\0';
}

static inline void without_layout(void)
{
	static const struct layout none;

	sc.evidence.layout = &none;
}

static const struct ablation {
	const char *of;
	void (*apply)(void);
} ablations[] = {
	{"the instructions", without_instructions},
	{"the memory map at the fault", without_sight},
	{"the system registers", without_registers},
	{"the guest's page tables", without_walks},
	{"the host's mappings at the fault", without_mappings},
	{"the records", without_details},
	{"the guest's view", without_guest},
	{"the reference map", without_machine},
	{"how the reference map is known", with_likeness_only},
	{"the registry of maps", without_registry},
	{"the history of the memslots", without_history},
	{"the command line", without_options},
	{"the host's mappings by a look", without_backings},
	{"the version of the host's kernel", without_kernel_version},
	{"the layout", without_layout},
};

/* ---- taking one away, and putting it back --------------------------------------------------- */

struct kept {
	struct evidence evidence;
	struct vmoptions options;
	struct host host;
	enum guest_state guest;
	size_t n_history, n_backings;
	struct nisv_rec_fault *detail[FAULTMAP_DETAILS_MAX];
	struct nisv_rec_fault copy[FAULTMAP_DETAILS_MAX];
	size_t site[FAULTMAP_DETAILS_MAX];
	size_t n;
};

static inline void keep(struct kept *kept)
{
	kept->evidence = sc.evidence;
	kept->options = sc.options;
	kept->host = sc.host;
	kept->guest = sc.guest.state;
	kept->n_history = sc.slots.n;
	kept->n_backings = sc.backings.n;
	kept->n = 0;
	for (size_t i = 0; i < sc.faults->n_sites; i++) {
		if (!sc.faults->sites[i].detail)
			continue;
		kept->site[kept->n] = i;
		kept->detail[kept->n] = sc.faults->sites[i].detail;
		kept->copy[kept->n++] = *sc.faults->sites[i].detail;
	}
}

static inline void put_back(const struct kept *kept)
{
	sc.evidence = kept->evidence;
	sc.options = kept->options;
	sc.host = kept->host;
	sc.guest.state = kept->guest;
	sc.slots.n = kept->n_history;
	sc.backings.n = kept->n_backings;
	for (size_t i = 0; i < kept->n; i++) {
		*kept->detail[i] = kept->copy[i];
		sc.faults->sites[kept->site[i]].detail = kept->detail[i];
	}
}

/* ---- what may become of a finding ----------------------------------------------------------- */

#define ABLATION_SURE 0.7

static inline bool is_less_specific(const char *cause, const char *other)
{
	const struct rule *rule = rule_find(cause);

	for (size_t i = 0; i < RULE_GENERAL_MAX && rule->general[i]; i++)
		if (!strcmp(rule->general[i], other))
			return true;
	return false;
}

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
		return; /* MMIO that no rule takes up any more */
	if (strcmp(before->cause, after->cause) != 0) {
		if (after->confidence >= ABLATION_SURE &&
		    !is_less_specific(before->cause, after->cause))
			fail_msg("without %s %s becomes %s (%.2f): %s", of, before->cause,
				 after->cause, after->confidence, after->summary);
	} else if (after->confidence > before->confidence + 0.001) {
		fail_msg("without %s %s rises from %.2f to %.2f: %s", of, before->cause,
			 before->confidence, after->confidence, after->confidence_reason);
	}
}

/* Of each finding that there is now; they are found anew. */
static inline void assert_degrades(void)
{
	static struct kept kept;
	struct findings before;

	scenario_diagnose();
	before = sc.findings;
	sc.findings = (struct findings){0};
	keep(&kept);
	for (size_t i = 0; i < ARRAY_SIZE(ablations); i++) {
		ablations[i].apply();
		scenario_diagnose();
		for (size_t k = 0; k < before.n; k++)
			assert_degraded(&before.list[k],
					finding_of(&sc.findings, before.list[k].sites[0]),
					ablations[i].of);
		put_back(&kept);
	}
	findings_clear(&before);
	scenario_diagnose();
}

#endif
