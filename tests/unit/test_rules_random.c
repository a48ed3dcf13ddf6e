/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What holds whatever the evidence is: every finding is told to its end, equal evidence gives equal
 * findings, every score is one, and less evidence makes no cause surer. */

#include "tests/unit/random_case.h"

#include "daemon/core/facts.h"
#include "daemon/core/scene.h"

static const uint64_t seeds[] = {1, 20240704, 0x5eed, 0xfeedface, 77777777, 0x123456789abcdef};

#define ROUNDS 500 /* of each seed */

static uint64_t seed;
static unsigned int round_;

/* A test that failed left them where it was. */
static int tell_seed(void **state)
{
	if (seed)
		print_error("seed 0x%llx, round %u\n", (unsigned long long)seed, round_);
	seed = 0;
	return scenario_teardown(state);
}

#define RANDOM_TEST(name) cmocka_unit_test_setup_teardown(name, scenario_setup, tell_seed)

#define for_each_round(rounds)                                                               \
	for (size_t s_ = 0; s_ < ARRAY_SIZE(seeds) && (seed = draw_state = seeds[s_]); s_++) \
		for (round_ = 0; round_ < (rounds); round_++)

static void done(void)
{
	seed = 0;
}

/* ---- texts, sites --------------------------------------------------------------------------- */

static void draw_many(void)
{
	draw_vm();
	for (uint32_t i = 1 + draw(30); i > 0; i--) {
		struct nisv_rec_fault rec = draw_fault();

		rec.vcpu_id = draw(3);
		scenario_add(&rec);
	}
	for (uint32_t i = draw(4); i > 0; i--)
		draw_traffic();
}

/* No site is lost, none is told twice. */
static void assert_all_sites(void)
{
	size_t aborts = 0;

	for (size_t i = 0; i < sc.findings.n; i++) {
		const struct finding *f = &sc.findings.list[i];

		for (size_t k = 0; k < f->n_sites && k < FINDING_SITES_MAX; k++)
			aborts += f->sites[k]->kind < _NISV_KIND_MAX;
		aborts += f->n_consequences + f->n_consequences_omitted;
		if (i)
			assert_true(f->severity <= f[-1].severity);
		if (i && f->severity == f[-1].severity)
			assert_true(f->confidence <= f[-1].confidence);
	}
	assert_true(sc.findings.n_omitted || aborts == sc.faults->n_sites);
}

static void every_finding_is_told_to_its_end(void **state)
{
	(void)state;
	for_each_round(ROUNDS)
	{
		draw_many();
		scenario_diagnose(); /* asserts that each is complete */
		assert_all_sites();
	}
	done();
}

/* ---- scores --------------------------------------------------------------------------------- */

static void assert_scores(const struct site *site, const struct place *place,
			  const struct facts *facts)
{
	struct scene scene;

	scene_set(&scene, facts, site, place, NULL);
	for (size_t i = 0; i < n_rules; i++) {
		const char *reason = "";
		double score = rules[i]->score ? rules[i]->score(&scene, &reason) : 0;

		if (!(score >= 0 && score <= 1))
			fail_msg("%s scores %f", rules[i]->id, score);
		if (score > 0 && !reason[0])
			fail_msg("%s scores %f without a reason", rules[i]->id, score);
	}
}

static void every_score_is_one(void **state)
{
	static struct facts facts;

	(void)state;
	for_each_round(ROUNDS)
	{
		draw_many();
		facts_set(&facts, &sc.evidence);
		for (size_t i = 0; i < sc.faults->n_sites; i++)
			assert_scores(&sc.faults->sites[i], NULL, &facts);
		for (size_t i = 0; i < sc.faults->n_places; i++) {
			const struct place *place = &sc.faults->places[i];
			struct site site = {
				.kind = place->is_write ? KIND_MMIO_WRITE : KIND_MMIO_READ,
				.ipa = place->ipa,
				.count = place->count,
			};

			assert_scores(&site, place, &facts);
		}
	}
	done();
}

/* ---- equal evidence ------------------------------------------------------------------------- */

static void assert_equal_lines(char *const *a, size_t n_a, char *const *b, size_t n_b)
{
	assert_int_equal(n_a, n_b);
	for (size_t i = 0; i < n_a; i++)
		assert_string_equal(a[i], b[i]);
}

static void assert_equal_findings(const struct finding *a, const struct finding *b)
{
	assert_string_equal(a->cause, b->cause);
	assert_int_equal(a->severity, b->severity);
	assert_true(a->confidence == b->confidence);
	assert_string_equal(a->confidence_reason, b->confidence_reason);
	assert_string_equal(a->summary, b->summary);
	assert_string_equal(a->where, b->where);
	assert_string_equal(a->how, b->how);
	assert_string_equal(a->region, b->region);
	assert_string_equal(a->signature, b->signature);
	assert_int_equal(a->n_sites, b->n_sites);
	assert_int_equal(a->n_alternatives, b->n_alternatives);
	assert_int_equal(a->n_consequences, b->n_consequences);
	assert_int_equal(a->n_overlays, b->n_overlays);
	assert_equal_lines(a->evidence, a->n_evidence, b->evidence, b->n_evidence);
	assert_equal_lines(a->advice, a->n_advice, b->advice, b->n_advice);
}

static void equal_evidence_gives_equal_findings(void **state)
{
	struct findings first;

	(void)state;
	for_each_round(ROUNDS / 4)
	{
		draw_many();
		scenario_diagnose();
		first = sc.findings;
		sc.findings = (struct findings){0};
		scenario_diagnose();
		assert_int_equal(first.n, sc.findings.n);
		for (size_t i = 0; i < first.n; i++)
			assert_equal_findings(&first.list[i], &sc.findings.list[i]);
		findings_clear(&first);
	}
	done();
}

/* The order in which records come does not matter: two rings bring them. */
static void the_order_of_records_does_not_matter(void **state)
{
	struct nisv_rec_fault recs[30];
	struct findings first;

	(void)state;
	for_each_round(ROUNDS / 4)
	{
		size_t n = 1 + draw(ARRAY_SIZE(recs));

		draw_vm();
		for (size_t i = 0; i < n; i++) {
			recs[i] = draw_fault();
			recs[i].pc += 0x1000 * i; /* sites of their own */
			recs[i].hdr.time_ns += i;
			scenario_add(&recs[i]);
		}
		scenario_diagnose();
		first = sc.findings;
		sc.findings = (struct findings){0};
		scenario_forget();
		for (size_t i = n; i > 0; i--)
			scenario_add(&recs[i - 1]);
		scenario_diagnose();
		assert_int_equal(first.n, sc.findings.n);
		for (size_t i = 0; i < first.n; i++)
			assert_equal_findings(&first.list[i], &sc.findings.list[i]);
		findings_clear(&first);
	}
	done();
}

/* ---- less evidence -------------------------------------------------------------------------- */

/* What speaks against a cause makes it surer where it is missing: that nothing is there, against a
 * storm; the guest's own tree, against a map that may be wrong. */
static bool is_exempt(const char *cause, const char *of)
{
	return !strcmp(cause, "mmio-storm") ||
	       (!strcmp(of, "without the guest's view") && !strcmp(cause, "ecam-highmem-mismatch"));
}

/* Of one fault: its finding is its verdict. */
static void assert_no_surer(const char *of)
{
	static struct reduced reduced;
	const struct finding *before = scenario_diagnose(), *after;
	struct findings less;

	if (!before || is_exempt(before->cause, of))
		return;
	diagnose_without(ablation_of(of), &reduced, &less);
	after = less.n ? &less.list[0] : NULL;
	if (after && !strcmp(after->cause, before->cause) &&
	    after->confidence > before->confidence + 0.001)
		fail_msg("%s %s rises from %.2f to %.2f: %s; %s", of, before->cause,
			 before->confidence, after->confidence, after->confidence_reason,
			 after->summary);
	findings_clear(&less);
	reduced_clear(&reduced);
}

static const char *const less_of[] = {
	"without the memslots at the fault", "without the instruction bytes",
	"without the VM's own map",	     "without the guest's view",
	"with a map by likeness only",	     "without the records",
};

static void less_evidence_makes_no_cause_surer(void **state)
{
	(void)state;
	for_each_round(2 * ROUNDS)
	{
		draw_vm();
		if (draw_one_in(4)) {
			draw_traffic();
		} else {
			struct nisv_rec_fault rec = draw_fault();

			scenario_add(&rec);
		}
		for (size_t i = 0; i < ARRAY_SIZE(less_of); i++)
			assert_no_surer(less_of[i]);
	}
	done();
}

/* ---- hostile evidence ----------------------------------------------------------------------- */

/* Records and layouts of a file that somebody wrote: any bits in any member. */
static void hostile_evidence_does_no_harm(void **state)
{
	(void)state;
	for_each_round(ROUNDS / 2)
	{
		draw_vm();
		for (int i = 0; i < 20; i++) {
			struct nisv_rec_fault rec;
			uint8_t *bytes = (uint8_t *)&rec;

			for (size_t k = 0; k < sizeof(rec); k++)
				bytes[k] = (uint8_t)draw(draw_one_in(2) ? 256 : 4);
			rec.kind %= _NISV_KIND_MAX;
			rec.outcome %= _NISV_OUTCOME_MAX;
			faultmap_record(sc.faults, &rec, NULL);
		}
		sc.layout.vgic_dist = draw_wide();
		if (sc.layout.n_redist)
			sc.layout.redist[0].base = draw_wide();
		if (sc.layout.n_slots)
			sc.layout.slots[0].hva = draw_wide();
		scenario_diagnose();
	}
	done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RANDOM_TEST(every_finding_is_told_to_its_end),
		RANDOM_TEST(every_score_is_one),
		RANDOM_TEST(equal_evidence_gives_equal_findings),
		RANDOM_TEST(the_order_of_records_does_not_matter),
		RANDOM_TEST(less_evidence_makes_no_cause_surer),
		RANDOM_TEST(hostile_evidence_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
