/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What becomes of one site: how bad it is, which cause wins, what makes it one finding with others.
 */

#include "tests/unit/scenario_machines.h"

#include "daemon/core/rules.h"
#include "daemon/core/verdict.h"

/* ---- severity ------------------------------------------------------------------------------- */

static void how_bad_an_abort_is(void **state)
{
	static const struct {
		enum nisv_kind kind;
		enum nisv_outcome outcome;
		uint64_t count;
		bool ended, injection_seen;
		enum severity severity;
	} cases[] = {
		{NISV_KIND_NISV, NISV_OUTCOME_VM_KILLED, 1, false, false, SEVERITY_FATAL},
		{NISV_KIND_NISV, NISV_OUTCOME_VM_KILLED, 5000, false, false, SEVERITY_FATAL},
		{NISV_KIND_NISV, NISV_OUTCOME_VMM_DECIDES, 1, false, false, SEVERITY_ERROR},
		{NISV_KIND_NISV, NISV_OUTCOME_VMM_DECIDES, 5000, false, false, SEVERITY_HANG},
		{NISV_KIND_NISV, NISV_OUTCOME_VMM_DECIDES, 1, true, false, SEVERITY_ERROR},
		{NISV_KIND_NISV, NISV_OUTCOME_ABORT_INJECTED, 1, false, false, SEVERITY_ERROR},
		{NISV_KIND_NISV, NISV_OUTCOME_UNKNOWN, 1, false, false, SEVERITY_WARNING},
		{NISV_KIND_NISV, NISV_OUTCOME_UNKNOWN, 5000, false, false, SEVERITY_HANG},
		/* KVM answers these with an abort always, whether a hook saw it or not. */
		{NISV_KIND_EXEC, NISV_OUTCOME_UNKNOWN, 1, false, false, SEVERITY_ERROR},
		{NISV_KIND_WALK, NISV_OUTCOME_UNKNOWN, 1, false, false, SEVERITY_ERROR},
		{NISV_KIND_EXEC, NISV_OUTCOME_UNKNOWN, 1, false, true, SEVERITY_WARNING},
		{NISV_KIND_WALK, NISV_OUTCOME_UNKNOWN, 1, false, true, SEVERITY_WARNING},
		{NISV_KIND_BEYOND_IPA, NISV_OUTCOME_UNKNOWN, 1, false, false, SEVERITY_WARNING},
		{NISV_KIND_EXEC, NISV_OUTCOME_UNKNOWN, 512, false, true, SEVERITY_HANG},
		/* A VMM stops a vCPU whose instruction KVM could not emulate. */
		{NISV_KIND_EMULATION, NISV_OUTCOME_VMM_DECIDES, 1, true, false, SEVERITY_FATAL},
		{NISV_KIND_EMULATION, NISV_OUTCOME_VMM_DECIDES, 1, false, false, SEVERITY_ERROR},
		{NISV_KIND_EMULATION, NISV_OUTCOME_ABORT_INJECTED, 1, true, false, SEVERITY_ERROR},
		{NISV_KIND_BACKING, NISV_OUTCOME_VM_KILLED, 1, false, false, SEVERITY_FATAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct site site = {.kind = cases[i].kind,
				    .outcome = cases[i].outcome,
				    .first_ns = 1,
				    .count = cases[i].count};

		sc.evidence.ended = cases[i].ended;
		sc.host.injection_seen = cases[i].injection_seen;
		if (verdict_severity(&sc.evidence, &site) != cases[i].severity)
			fail_msg("case %zu is %d", i, verdict_severity(&sc.evidence, &site));
		/* Without times, of a trace, nothing tells how fast it repeats. */
		site.first_ns = 0;
		assert_int_not_equal(verdict_severity(&sc.evidence, &site), SEVERITY_HANG);
	}
}

/* ---- judging -------------------------------------------------------------------------------- */

static struct verdict judge(const struct nisv_rec_fault *rec)
{
	static struct facts facts;
	struct verdict verdict = {.site = scenario_add(rec)};
	struct scene scene;

	facts_set(&facts, &sc.evidence);
	scene_set(&scene, &facts, verdict.site, NULL, NULL);
	verdict_judge(&scene, &verdict);
	return verdict;
}

static void the_surest_cause_wins(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);
	struct verdict verdict;

	(void)state;
	verdict = judge(&rec);
	assert_ptr_equal(rules[verdict.rule], &rule_past_ram_end);
	assert_true(verdict.confidence == 0.9);
	assert_int_equal(verdict.severity, SEVERITY_FATAL);
	assert_int_equal(verdict.scope, RAM_END); /* the gap that begins there */
}

/* Proximity alone is no cause: nothing at or below 0.4 is. */
static void what_is_barely_likely_is_no_cause(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END + 80 * MIB, LDP);
	struct verdict verdict = judge(&rec);

	(void)state;
	assert_ptr_equal(rules[verdict.rule], &rule_unknown);
	assert_true(verdict.confidence == UNKNOWN_CONFIDENCE);
}

/* Of two that are equally sure the one that comes first in the order of evaluation. */
static void equals_go_by_the_order_of_evaluation(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);
	struct verdict verdict;

	(void)state;
	sc.evidence.machine = NULL; /* past the end of RAM: 0.6 */
	scenario_told(GUEST_MEMORY, RAM_BASE, 64 * MIB, "memory");
	sc.guest.address = RAM_BASE + 0x123000; /* may be a file: 0.6 */
	sc.guest.cpus = 1;
	verdict = judge(&rec);
	assert_ptr_equal(rules[verdict.rule], &rule_tree_memory);
	assert_true(verdict.confidence == 0.6);
}

/* But one that says more than another, which is right as well, goes before it. */
static void the_more_specific_of_equals_wins(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(RAM_END + 0x1000);
	struct verdict verdict;

	(void)state;
	rec.layout_state = NISV_LAYOUT_AFTER; /* 0.96 and 0.95 become 0.8 */
	scenario_told(GUEST_MEMORY, RAM_BASE, 64 * MIB, "memory");
	verdict = judge(&rec);
	assert_ptr_equal(rules[verdict.rule], &rule_tree_memory);
	assert_true(verdict.confidence == 0.8);
}

static void traffic_is_as_bad_as_its_cause(void **state)
{
	static struct facts facts;
	struct place *place;
	struct site site = {.kind = KIND_MMIO_READ, .ipa = 0x30000000, .count = 5000};
	struct verdict verdict;
	struct scene scene;

	(void)state;
	scenario_reads(0x30000000, 5000);
	place = faultmap_place(sc.faults, 0x30000000, false);
	facts_set(&facts, &sc.evidence);
	scene_set(&scene, &facts, &site, place, NULL);
	verdict = (struct verdict){.site = &site, .place = place};
	verdict_judge(&scene, &verdict);
	assert_ptr_equal(rules[verdict.rule], &rule_stray_read);
	assert_int_equal(verdict.severity, SEVERITY_INFO);
	/* What no rule takes up stays at nothing. */
	place->count = site.count = 10;
	verdict = (struct verdict){.site = &site, .place = place};
	verdict_judge(&scene, &verdict);
	assert_true(verdict.confidence == 0);
}

/* ---- what shares a finding ------------------------------------------------------------------ */

static uint64_t scope(uint64_t ipa, uint32_t raw)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(ipa, raw);

	rec.pc += 4 * ipa;
	return judge(&rec).scope;
}

static void the_place_makes_the_scope(void **state)
{
	(void)state;
	scenario_qemu_virt_v3();
	scenario_slot(2, 0, 64 * MIB, NISV_SLOT_READONLY);
	assert_int_equal(scope(0x09000000, LDP), 0x09000000); /* a device */
	assert_int_equal(scope(0x09000ff8, LDR_POST), 0x09000000);
	assert_int_equal(scope(0x09010000, LDP), 0x09010000);
	assert_int_equal(scope(0x1000, STP), 0);		 /* a slot */
	assert_int_equal(scope(RAM_END + 0x5000, LDP), RAM_END); /* a gap */
	assert_int_equal(scope(RAM_END + 80 * MIB, LDP), RAM_END);
	scenario_slot(3, 0x60000000, MIB, NISV_SLOT_INVALID); /* a slot that is being changed */
	assert_int_equal(scope(0x60000040, LDP), 0x60000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(how_bad_an_abort_is),
		SCENARIO_TEST(the_surest_cause_wins),
		SCENARIO_TEST(what_is_barely_likely_is_no_cause),
		SCENARIO_TEST(equals_go_by_the_order_of_evaluation),
		SCENARIO_TEST(the_more_specific_of_equals_wins),
		SCENARIO_TEST(traffic_is_as_bad_as_its_cause),
		SCENARIO_TEST(the_place_makes_the_scope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
