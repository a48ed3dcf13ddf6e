/* SPDX-License-Identifier: GPL-2.0-or-later */

/* From many faults to few findings: groups, order, severity, bounds. */

#include "tests/unit/scenario.h"

/* ---- nothing to say ------------------------------------------------------------------------- */

static void a_healthy_vm_has_no_finding(void **state)
{
	struct nisv_place_key key = {.place = 0x09000000 >> NISV_PLACE_SHIFT};
	struct nisv_place value = {.count = 1000000, .user = 1000000};

	(void)state;
	assert_null(scenario_diagnose());
	faultmap_count_place(sc.faults, &key, &value, 1);
	assert_null(scenario_diagnose());
	assert_null(sc.findings.list);
}

static void clearing_takes_a_zeroed_struct(void **state)
{
	struct findings none = {0};

	(void)state;
	findings_clear(&none);
	assert_string_equal(severity_name(SEVERITY_HANG), "hang");
	assert_string_equal(severity_name(_SEVERITY_MAX), "unknown");
	assert_string_equal(confidence_word(0.9), "certain");
	assert_string_equal(confidence_word(0.7), "likely");
	assert_string_equal(confidence_word(0.69), "possible");
}

/* ---- groups --------------------------------------------------------------------------------- */

static void pages_past_ram_are_one_finding(void **state)
{
	const struct finding *f;

	(void)state;
	for (uint64_t i = 0; i < 500; i++) {
		struct nisv_rec_fault rec = scenario_nisv(RAM_END + i * 4096, LDP);

		scenario_add(&rec);
	}
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(f->n_sites, 500);
	assert_int_equal(f->sites[0]->ipa, RAM_END); /* the first one speaks */
	assert_contains(f->summary, "0x41000000, 0 bytes past");
}

/* Only 64 sites have a record; the others share its instruction by their PC. */
static void sites_with_counts_only_join_their_group(void **state)
{
	struct nisv_site_key key = {.page = 0x41001, .pc = RAM_BASE + 4, .kind = NISV_KIND_NISV};
	struct nisv_site value = {.count = 3,
				  .first_ns = 5000,
				  .ipa = RAM_END + 0x1008,
				  .far = RAM_END + 0x1008,
				  .esr = ESR_READ,
				  .outcome = NISV_OUTCOME_VM_KILLED,
				  .errno_ = -ENOSYS};
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);
	const struct finding *f;

	(void)state;
	scenario_add(&rec);
	faultmap_count_site(sc.faults, &key, &value);
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(f->n_sites, 2);
	assert_confidence(f, 0.9); /* that of the site with the record */
}

static void counts_alone_give_a_weaker_finding(void **state)
{
	struct nisv_site_key key = {.page = 0x41000, .pc = RAM_BASE + 4, .kind = NISV_KIND_NISV};
	struct nisv_site value = {.count = 3,
				  .ipa = RAM_END,
				  .far = RAM_END,
				  .esr = ESR_READ,
				  .outcome = NISV_OUTCOME_VM_KILLED,
				  .errno_ = -ENOSYS};
	const struct finding *f;

	(void)state;
	faultmap_count_site(sc.faults, &key, &value);
	f = scenario_diagnose();
	assert_string_equal(f->cause, "access-past-ram-end");
	assert_confidence(f, 0.8); /* one band less: the map is not that of the fault */
	assert_contains(f->confidence_reason, "read after the fault");
	assert_contains(f->how, "no detailed record");
	assert_evidence(f, "not of the fault");
}

static void other_instructions_and_places_are_other_findings(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

	(void)state;
	scenario_qemu_virt();
	scenario_add(&rec);
	rec = scenario_nisv(RAM_END, LDR_POST);
	rec.pc += 8;
	scenario_add(&rec);
	rec = scenario_injected_nisv(0x09000000, LDR_POST);
	rec.pc += 8;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 3);
}

static void the_worst_comes_first(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt();
	rec = scenario_injected_nisv(0x09000000, LDR_POST); /* error, 0.9 */
	rec.pc = RAM_BASE + 0x100;
	scenario_add(&rec);
	rec = scenario_injected_nisv(0x10000000, LDP); /* error, 0.75 */
	rec.pc = RAM_BASE + 0x104;
	scenario_add(&rec);
	rec = scenario_nisv(0x30000000, 0x3dc00000); /* fatal, 0.75 */
	rec.pc = RAM_BASE + 0x108;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 3);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_FATAL);
	assert_int_equal(sc.findings.list[1].severity, SEVERITY_ERROR);
	assert_true(sc.findings.list[1].confidence > sc.findings.list[2].confidence);
}

/* ---- severity of what repeats --------------------------------------------------------------- */

static void a_fast_livelock_hangs_a_slow_repeat_does_not(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(RAM_END, LDP);
	struct site *site;

	(void)state;
	rec.count = 5000;
	site = scenario_add(&rec);
	assert_int_equal(scenario_diagnose()->severity, SEVERITY_HANG);
	site->last_ns = site->first_ns + 60 * 1000000000ULL;
	assert_int_equal(scenario_diagnose()->severity, SEVERITY_ERROR);
}

/* Calls that are survived add up, too, in hours. */
static void injected_aborts_hang_by_their_rate(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);
	struct site *site;

	(void)state;
	rec.count = 600;
	site = scenario_add(&rec);
	site->last_ns = site->first_ns + 2 * 1000000000ULL;
	assert_int_equal(scenario_diagnose()->severity, SEVERITY_HANG);
	site->last_ns = site->first_ns + 600 * 60 * 1000000000ULL; /* one a minute */
	assert_int_equal(scenario_diagnose()->severity, SEVERITY_ERROR);
}

/* ---- bounds --------------------------------------------------------------------------------- */

static void findings_are_bounded_and_counted(void **state)
{
	(void)state;
	/* Each slot-sized island gives a gap of its own. */
	for (int i = 1; i < NISV_SLOTS_MAX; i++)
		scenario_slot(i, 0x100000000 + (uint64_t)i * 0x20000000, 16 * MIB, 0);
	for (int i = 1; i < NISV_SLOTS_MAX; i++) {
		struct nisv_rec_fault rec =
			scenario_nisv(0x100000000 + (uint64_t)i * 0x20000000 + 0x1000000, LDP);

		rec.pc = RAM_BASE + 0x100 * (uint64_t)i;
		scenario_add(&rec);
	}
	scenario_diagnose();
	assert_int_equal(sc.findings.n, FINDINGS_MAX);
	assert_int_equal(sc.findings.n_omitted, NISV_SLOTS_MAX - 1 - FINDINGS_MAX);
}

/* A full map of anything: no crash, no lost site, every text terminated. */
static void random_faults(void **state)
{
	uint64_t seed = 2024;

	for (int round = 0; round < 20; round++) {
		size_t sites = 0, consequences = 0;

		scenario_qemu_virt();
		scenario_vgic_v3();
		if (round & 1)
			sc.host.arch = "x86_64";
		for (int i = 0; i < 1000; i++) {
			uint64_t ipa = (uint64_t)unit_random(&seed) << (unit_random(&seed) % 16);
			struct nisv_rec_fault rec =
				scenario_fault(unit_random(&seed) % _NISV_KIND_MAX, ipa);

			rec.pc = unit_random(&seed) & (i & 1 ? 0xe00 : 0xfffffffc);
			rec.esr = unit_random(&seed);
			rec.pstate = i & 2 ? EL1H_MASKED : unit_random(&seed);
			rec.outcome = unit_random(&seed) % _NISV_OUTCOME_MAX;
			rec.errno_ = (int)(unit_random(&seed) % 200) - 100;
			rec.exit_reason = unit_random(&seed) % 64;
			rec.vcpu_id = unit_random(&seed) % 4;
			rec.layout_state = unit_random(&seed) % 5;
			rec.sysregs_state = unit_random(&seed) % 4;
			rec.insn_state = unit_random(&seed) % 12;
			rec.insn_len = unit_random(&seed) % 64;
			rec.is_nested = unit_random(&seed) % 16 == 0;
			rec.slot.size |= i % 7 ? 0 : UINT64_MAX;
			for (size_t j = 0; j < NISV_INSN_MAX; j++)
				rec.insn[j] = (uint8_t)unit_random(&seed);
			scenario_add(&rec);
		}
		scenario_diagnose();
		for (size_t i = 0; i < sc.findings.n; i++) {
			const struct finding *f = &sc.findings.list[i];

			sites += f->n_sites;
			consequences += f->n_consequences + f->n_consequences_omitted;
			assert_true(f->confidence > 0 && f->confidence <= 1);
			assert_true(f->summary[0] && f->where[0] && f->how[0] && f->region[0]);
			assert_true(f->confidence_reason[0]);
			/* None is cut. */
			assert_int_equal(f->summary[strlen(f->summary) - 1], '.');
			assert_int_equal(f->where[strlen(f->where) - 1], '.');
			assert_int_equal(f->how[strlen(f->how) - 1], '.');
			assert_true(strlen(f->region) < sizeof(f->region) - 1);
			assert_true(strlen(f->confidence_reason) <
				    sizeof(f->confidence_reason) - 1);
			assert_in_range(f->n_evidence, 1, FINDING_LINES_MAX);
			assert_in_range(f->n_advice, 1, FINDING_LINES_MAX);
			assert_int_equal(strlen(f->signature), 32);
		}
		assert_true(sites + consequences <= sc.faults->n_sites);
		assert_true(sc.findings.n_omitted || sites + consequences == sc.faults->n_sites);
		scenario_teardown(state);
		scenario_setup(state);
	}
}

static void a_full_map_is_diagnosed(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < FAULTMAP_SITES_MAX; i++) {
		struct nisv_rec_fault rec = scenario_nisv(RAM_END + i * 4096, LDP);

		scenario_add(&rec);
	}
	scenario_diagnose();
	assert_int_equal(sc.findings.list[0].n_sites, FAULTMAP_SITES_MAX);
	assert_int_equal(sc.findings.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(a_healthy_vm_has_no_finding),
		SCENARIO_TEST(clearing_takes_a_zeroed_struct),
		SCENARIO_TEST(pages_past_ram_are_one_finding),
		SCENARIO_TEST(sites_with_counts_only_join_their_group),
		SCENARIO_TEST(counts_alone_give_a_weaker_finding),
		SCENARIO_TEST(other_instructions_and_places_are_other_findings),
		SCENARIO_TEST(the_worst_comes_first),
		SCENARIO_TEST(a_fast_livelock_hangs_a_slow_repeat_does_not),
		SCENARIO_TEST(injected_aborts_hang_by_their_rate),
		SCENARIO_TEST(findings_are_bounded_and_counted),
		SCENARIO_TEST(random_faults),
		SCENARIO_TEST(a_full_map_is_diagnosed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
