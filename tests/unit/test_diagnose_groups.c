/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which sites are one finding, which of them speaks for it, and in what order findings are told. */

#include "tests/unit/scenario_machines.h"

/* ---- groups --------------------------------------------------------------------------------- */

static void pages_past_ram_are_one_finding(void **state)
{
	const struct finding *f;

	(void)state;
	for (uint64_t i = 0; i < 500; i++) {
		struct nisv_rec_fault rec = scenario_nisv(RAM_END + i * 4096, LDP);

		rec.sys.sctlr = 1;
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

/* Their instruction is that of a record with the same PC. */
static void a_pc_tells_the_instruction(void **state)
{
	static const uint32_t words[] = {0xb8210002, LDR_POST, 0x3dc00000}; /* ldadd, ldr, ldr q */
	static const char *const causes[] = {"atomic-or-exclusive-on-device",
					     "device-access-nisv-instruction",
					     "simd-memcpy-on-device"};

	(void)state;
	scenario_qemu_virt();
	for (uint64_t i = 0; i < ARRAY_SIZE(words); i++) {
		uint64_t pc = RAM_BASE + 0x1000 * (i + 1);
		struct nisv_rec_fault rec = scenario_injected_nisv(0x09000000, words[i]);
		struct nisv_site_key key = {.page = 0x9010, .pc = pc, .kind = NISV_KIND_NISV};
		struct nisv_site value = {.count = 1,
					  .ipa = 0x09010000,
					  .esr = ESR_READ,
					  .outcome = NISV_OUTCOME_VMM_DECIDES};

		rec.pc = pc;
		scenario_add(&rec);
		faultmap_count_site(sc.faults, &key, &value);
	}
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 6);
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		size_t n = 0;

		for (size_t k = 0; k < sc.findings.n; k++)
			n += !strcmp(sc.findings.list[k].cause, causes[i]);
		assert_int_equal(n, 2); /* the UART and the RTC */
	}
}

/* A fetch has no instruction, whatever else ran at that address before. */
static void a_fetch_has_no_instruction(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	rec = scenario_nisv(RAM_END, LDP);
	rec.pc = 0x50000000;
	scenario_add(&rec);
	rec = scenario_exec(0x50000000);
	scenario_add(&rec);
	sc.faults->sites[1].detail->insn_state = NISV_INSN_NONE;
	scenario_diagnose();
	assert_null(strstr(scenario_find("jumped-to-unmapped")->summary, "ldp"));
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

/* Where the address has no memory is one cause, whatever the instructions; and each device that is
 * used the wrong way is one of its own. */
static void one_cause_at_one_place_is_one_finding(void **state)
{
	static const struct {
		uint64_t ipa;
		uint32_t raw;
	} faults[] = {{RAM_END, LDP},	      {RAM_END + 0x40, LDR_POST}, {RAM_END + MIB, STP},
		      {0x09000000, LDR_POST}, {0x09000800, LDP},	  {0x09010000, LDR_POST}};

	(void)state;
	scenario_qemu_virt();
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct nisv_rec_fault rec = scenario_injected_nisv(faults[i].ipa, faults[i].raw);

		rec.pc += 0x1000 * i;
		rec.sys.sctlr = 1;
		scenario_add(&rec);
	}
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 3);
	assert_int_equal(scenario_find("access-past-ram-end")->n_sites, 3);
	for (size_t i = 0; i < sc.findings.n; i++)
		if (sc.findings.list[i].address >= 0x09010000 &&
		    sc.findings.list[i].address < RAM_BASE)
			assert_int_equal(sc.findings.list[i].n_sites, 1);
}

/* Gaps at both sides of a slot have causes of their own. */
static void gaps_are_findings_of_their_own(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(1, 0x48000000, 16 * MIB, 0);
	rec = scenario_nisv(0x44000000, LDP);
	scenario_add(&rec);
	rec = scenario_nisv(0x49000000, LDP);
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 2);
	assert_non_null(scenario_find("hole-between-slots"));
	assert_non_null(scenario_find("access-past-ram-end"));
}

/* Who speaks for a finding: the worst, with a record, the surest, the first. */
static void the_best_known_site_speaks(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	rec = scenario_injected_nisv(RAM_END + 0x3000, LDP);
	rec.layout_state = NISV_LAYOUT_AFTER;
	scenario_add(&rec);
	f = scenario_diagnose();
	assert_int_equal(f->address, RAM_END + 0x3000);
	rec = scenario_injected_nisv(RAM_END + 0x2000, LDP); /* surer */
	scenario_add(&rec);
	assert_int_equal(scenario_diagnose()->address, RAM_END + 0x2000);
	rec = scenario_nisv(RAM_END + 0x4000, LDP); /* worse, however late */
	scenario_add(&rec);
	f = scenario_diagnose();
	assert_int_equal(f->address, RAM_END + 0x4000);
	assert_int_equal(f->severity, SEVERITY_FATAL);
	assert_int_equal(f->sites[0]->ipa, RAM_END + 0x4000);
	assert_int_equal(f->sites[1]->ipa, RAM_END + 0x2000);
	assert_int_equal(f->sites[2]->ipa, RAM_END + 0x3000);
	/* An abort before MMIO. */
	scenario_forget();
	scenario_reads(RAM_END, 100);
	rec = scenario_injected_nisv(RAM_END + 0x1000, LDP);
	rec.sys.sctlr = 1;
	scenario_add(&rec);
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(f->n_sites, 2);
	assert_int_equal(f->sites[1]->kind, KIND_MMIO_READ);
	assert_confidence(f, 0.75);
}

/* Equally bad: the one with a record before one of which only counts are known, then the first. */
static void who_speaks_of_equals(void **state)
{
	struct nisv_site_key key = {.page = 0x9000, .pc = RAM_BASE + 4, .kind = NISV_KIND_NISV};
	struct nisv_site value = {.count = 3,
				  .first_ns = 1,
				  .ipa = 0x09000100,
				  .esr = ESR_READ,
				  .outcome = NISV_OUTCOME_VMM_DECIDES};
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt();
	faultmap_count_site(sc.faults, &key, &value);
	rec = scenario_nisv_at(0x09000200, LDR_POST, 5000);
	rec.pc = RAM_BASE + 0x1000;
	scenario_add(&rec);
	assert_int_equal(scenario_diagnose()->address, 0x09000200);
	rec = scenario_nisv_at(0x09000300, LDR_POST, 4000);
	rec.pc = RAM_BASE + 0x2000;
	scenario_add(&rec);
	assert_int_equal(scenario_diagnose()->address, 0x09000300);
	assert_int_equal(sc.findings.list[0].n_sites, 3);
	/* An abort before MMIO, though both are errors, and MMIO was first. */
	scenario_reset();
	scenario_told(GUEST_MEMORY, RAM_BASE, 64 * MIB, "memory");
	scenario_reads(RAM_END, 5);
	rec = scenario_nisv_at(RAM_END + MIB, LDP, 100 * SECOND);
	scenario_add(&rec);
	assert_int_equal(scenario_diagnose()->address, RAM_END + MIB);
	assert_int_equal(sc.findings.list[0].n_sites, 2);
}

static void equally_bad_findings_go_by_confidence(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt();
	rec = scenario_nisv_at(0x10000000, LDP, 1);
	scenario_add(&rec);
	rec = scenario_nisv_at(RAM_END, LDP, 2);
	scenario_add(&rec);
	assert_finding(scenario_diagnose(), "access-past-ram-end", 0.9);
	assert_finding(&sc.findings.list[1], "device-access-nisv-instruction", 0.5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(pages_past_ram_are_one_finding),
		SCENARIO_TEST(sites_with_counts_only_join_their_group),
		SCENARIO_TEST(a_pc_tells_the_instruction),
		SCENARIO_TEST(a_fetch_has_no_instruction),
		SCENARIO_TEST(counts_alone_give_a_weaker_finding),
		SCENARIO_TEST(one_cause_at_one_place_is_one_finding),
		SCENARIO_TEST(gaps_are_findings_of_their_own),
		SCENARIO_TEST(the_best_known_site_speaks),
		SCENARIO_TEST(who_speaks_of_equals),
		SCENARIO_TEST(equally_bad_findings_go_by_confidence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
