/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The guest ran, or translated, into nothing. Each cause on the evidence it is made for, and each
 * guard that keeps it from being claimed. */

#include "tests/unit/scenario.h"

/* ---- jumped-to-unmapped --------------------------------------------------------------------- */

static void jump_into_nothing(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);
	const struct finding *f;

	(void)state;
	rec.gpr[30] = 0x40001234;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "jumped-to-unmapped");
	assert_confidence(f, 0.95);
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_contains(f->summary,
			"vCPU 0 fetched an instruction from 0x50000000, where no memory is");
	assert_contains(f->summary, "KVM injected an abort into the guest");
	assert_advice(f, "x30 holds 0x40001234");
}

static void an_unconfirmed_fetch_is_less_sure(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);
	const struct finding *f;

	(void)state;
	rec.outcome = NISV_OUTCOME_UNKNOWN;
	f = scenario_explain(&rec);
	assert_confidence(f, 0.85);
	assert_int_equal(f->severity, SEVERITY_ERROR); /* KVM always injects */
	sc.host.injection_seen = true;		       /* a hook would have seen it */
	f = scenario_diagnose();
	assert_confidence(f, 0.7);
	assert_int_equal(f->severity, SEVERITY_WARNING);
}

static void a_null_function_pointer(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_contains(f->summary, "a call through a NULL pointer");
	assert_null(strstr(f->summary, "exception vector"));
}

static void a_jump_behind_page_tables_names_the_pc(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	rec.pc = rec.far = 0xffff800050000000;
	assert_contains(scenario_explain(&rec)->summary, "0x50000000 (PC 0xffff800050000000)");
}

static void a_jump_into_a_device(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x09000000);

	(void)state;
	scenario_qemu_virt();
	assert_contains(scenario_explain(&rec)->where, "UART0 PL011");
}

static void a_fetch_for_ever_is_a_hang(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	rec.count = 511;
	assert_int_equal(scenario_explain(&rec)->severity, SEVERITY_ERROR);
	rec.count = 512;
	assert_int_equal(scenario_explain(&rec)->severity, SEVERITY_HANG);
}

/* A first exception without vectors: there was no jump, and no earlier fault. */
static void an_exception_without_vectors(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x200);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "jumped-to-unmapped");
	assert_contains(f->summary, "VBAR_EL1 + 0x200: an exception vector");
	assert_advice(f, "Set VBAR_EL1");
}

/* ---- uninitialised-page-table --------------------------------------------------------------- */

static struct nisv_rec_fault walk(uint64_t table, uint64_t far)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_WALK, table);

	rec.far = far;
	rec.esr = ESR_WALK;
	rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
	rec.sys.sctlr = 1;
	return rec;
}

static void ttbr_points_to_nothing(void **state)
{
	struct nisv_rec_fault rec = walk(0x70000000, 0x40000010);
	const struct finding *f;

	(void)state;
	rec.sys.ttbr0 = 0x0001000070000001; /* with an ASID and CnP */
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "uninitialised-page-table");
	assert_confidence(f, 0.9);
	assert_contains(f->summary, "TTBR0_EL1 is not in RAM");
	assert_contains(f->where, "TTBR0_EL1 = 0x1000070000001");
}

static void the_high_half_has_its_own_root(void **state)
{
	struct nisv_rec_fault rec = walk(0x70000000, 0xffff800000000000);

	(void)state;
	rec.sys.ttbr0 = 0x70000000;
	rec.sys.ttbr1 = 0x40001000;
	assert_confidence(scenario_explain(&rec), 0.8);
	assert_contains(sc.findings.list[0].where, "next-level table");
}

static void a_nested_walk_is_not_ours(void **state)
{
	struct nisv_rec_fault rec = walk(0x70000000, 0x40000010);
	const struct finding *f;

	(void)state;
	rec.is_nested = 1;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");
	assert_contains(f->where, "nested guest");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(jump_into_nothing),
		SCENARIO_TEST(an_unconfirmed_fetch_is_less_sure),
		SCENARIO_TEST(a_null_function_pointer),
		SCENARIO_TEST(a_jump_behind_page_tables_names_the_pc),
		SCENARIO_TEST(a_jump_into_a_device),
		SCENARIO_TEST(a_fetch_for_ever_is_a_hang),
		SCENARIO_TEST(an_exception_without_vectors),
		SCENARIO_TEST(ttbr_points_to_nothing),
		SCENARIO_TEST(the_high_half_has_its_own_root),
		SCENARIO_TEST(a_nested_walk_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
