/* SPDX-License-Identifier: GPL-2.0-or-later */

/* From many faults to few findings: traffic, severity, bounds. Groups: test_diagnose_groups.c. */

#include "tests/unit/scenario_machines.h"

/* ---- nothing to say ------------------------------------------------------------------------- */

static void a_healthy_vm_has_no_finding(void **state)
{
	(void)state;
	assert_null(scenario_diagnose());
	scenario_qemu_virt();
	scenario_reads(0x09000000, 1000000);
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
}

/* ---- consequences --------------------------------------------------------------------------- */

/* So many vCPUs make the same mistake, and none has vectors. */
static void consequences_are_bounded_and_counted(void **state)
{
	const struct finding *f;

	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		struct nisv_rec_fault rec = scenario_injected_nisv(RAM_END + 0x1000 * i, LDP), next;

		rec.vcpu_id = i;
		rec.sys.sctlr = 1;
		rec.sys.vbar = 0x60000000 + 0x1000 * i;
		scenario_add(&rec);
		next = scenario_exec(rec.sys.vbar + 0x200);
		next.vcpu_id = i;
		next.sys.vbar = rec.sys.vbar;
		next.gpr[0] = rec.gpr[0];
		scenario_add(&next);
	}
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(f->n_sites, 20);
	assert_int_equal(f->n_consequences, FINDING_CONSEQUENCES_MAX);
	assert_int_equal(f->n_consequences_omitted, 20 - FINDING_CONSEQUENCES_MAX);
	assert_contains(f->consequences[0].summary, "the abort's vector, VBAR_EL1 + 0x200");
}

/* ---- MMIO as sites -------------------------------------------------------------------------- */

static void traffic_is_told_as_sites(void **state)
{
	const struct site *site;

	(void)state;
	scenario_mmio(0x30000200, true, 5000, 4000);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(sc.findings.list[0].n_sites, 1);
	site = sc.findings.list[0].sites[0];
	assert_int_equal(site->kind, KIND_MMIO_WRITE);
	assert_int_equal(site->ipa, 0x30000200);
	assert_int_equal(site->page, 0x30000);
	assert_int_equal(site->count, 5000);
	assert_int_equal(site->user, 4000);
	assert_int_equal(site->first_ns, SECOND);
	assert_null(site->detail);
	assert_evidence(&sc.findings.list[0], "MMIO: 5000 writes of the 512 bytes from 0x30000200, "
					      "4000 of them served by user space");
	assert_string_equal(kind_name(site->kind), "mmio-write");
}

static void places_in_one_gap_are_one_finding(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		scenario_reads(0x30000000 + i * 0x200, 5000 + i);
	assert_int_equal(scenario_diagnose()->n_sites, 100);
	assert_int_equal(sc.findings.n, 1);
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

static void a_full_map_is_diagnosed(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < FAULTMAP_SITES_MAX; i++) {
		struct nisv_rec_fault rec = scenario_nisv(RAM_END + i % 0x1000 * 8, LDP);

		rec.pc += 4 * i;
		scenario_add(&rec);
	}
	for (uint64_t i = 0; i < FAULTMAP_PLACES_MAX; i++)
		scenario_reads(0x30000000 + i * 0x200, 5000);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 2);
	assert_int_equal(scenario_find("access-past-ram-end")->n_sites, FAULTMAP_SITES_MAX);
	assert_int_equal(scenario_find("stray-mmio-read")->n_sites, FAULTMAP_PLACES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(a_healthy_vm_has_no_finding),
		SCENARIO_TEST(clearing_takes_a_zeroed_struct),
		SCENARIO_TEST(consequences_are_bounded_and_counted),
		SCENARIO_TEST(traffic_is_told_as_sites),
		SCENARIO_TEST(places_in_one_gap_are_one_finding),
		SCENARIO_TEST(the_worst_comes_first),
		SCENARIO_TEST(a_fast_livelock_hangs_a_slow_repeat_does_not),
		SCENARIO_TEST(injected_aborts_hang_by_their_rate),
		SCENARIO_TEST(findings_are_bounded_and_counted),
		SCENARIO_TEST(a_full_map_is_diagnosed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
