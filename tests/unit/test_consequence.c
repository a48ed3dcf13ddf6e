/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Fetches of an exception vector that only follow from an earlier fault, and those that do not. */

#include "tests/unit/scenario_machines.h"

#define ESR_EL1_SVC 0x56000000U

/* The lab's guest without vectors: `br x0`, then VBAR_EL1 + 0x200 for ever. */
static void fetches_of_a_missing_vector_follow_the_jump(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);
	const struct finding *f;

	(void)state;
	scenario_add(&rec);
	rec = scenario_exec(0x200);
	rec.count = 65536;
	scenario_add(&rec);
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_string_equal(f->cause, "jumped-to-unmapped");
	assert_contains(f->summary, "0x50000000");
	assert_int_equal(f->severity, SEVERITY_HANG); /* it goes nowhere after it */
	assert_int_equal(f->n_sites, 1);
	assert_int_equal(f->n_consequences, 1);
	assert_int_equal(f->consequences[0].site->pc, 0x200);
	assert_contains(f->consequences[0].summary, "the abort's vector, 0x200, is outside");
	assert_contains(f->consequences[0].summary, "65536 times");
}

/* QEMU answers a NISV by an abort; the handler's page is outside memory. */
static void fetches_of_a_missing_vector_follow_the_nisv(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, LDR_POST);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	rec.pstate = EL1H;
	scenario_add(&rec);
	rec = scenario_exec(0x200);
	rec.gpr[0] = 0x09000fe0; /* taking an exception changes none */
	scenario_add(&rec);
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_string_equal(f->cause, "device-access-nisv-instruction");
	assert_int_equal(f->n_consequences, 1);
	/* The exit to the VMM told VBAR_EL1. */
	assert_contains(f->consequences[0].summary, "VBAR_EL1 + 0x200 = 0x200, is outside memory");
}

/* The entry depends on where the abort came from. */
static void the_vector_is_that_of_the_level(void **state)
{
	static const struct {
		uint64_t pstate, pc;
		size_t consequences;
	} rows[] = {
		{EL1H, 0x200, 1}, {EL1H, 0x400, 0}, {EL1H, 0, 0}, {EL0, 0x400, 1},
		{EL0, 0x600, 0},  {0x10, 0x600, 1}, {0x4, 0, 1}, /* EL1 with SP_EL0 */
		{EL0, 0x280, 0},  {EL0, 0x204, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct nisv_rec_fault rec = scenario_exec(0x50000000);
		size_t n = 0;

		rec.pstate = rows[i].pstate;
		scenario_add(&rec);
		rec = scenario_exec(rows[i].pc);
		scenario_add(&rec);
		scenario_diagnose();
		for (size_t f = 0; f < sc.findings.n; f++)
			n += sc.findings.list[f].n_consequences;
		if (n != rows[i].consequences)
			fail_msg("row %zu: %zu consequences", i, n);
		scenario_teardown(state);
		scenario_setup(state);
	}
}

/* Records come over two rings: the order of the vCPU counts, not that of arrival or address. */
static void order_is_that_of_the_vcpu(void **state)
{
	struct nisv_rec_fault jump = scenario_exec(0x50000000);
	struct nisv_rec_fault vector = scenario_exec(0x200);

	(void)state;
	scenario_add(&vector);
	scenario_add(&jump);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_contains(sc.findings.list[0].summary, "0x50000000");
}

static void a_vector_fault_of_another_vcpu_is_its_own(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	scenario_add(&rec);
	rec = scenario_exec(0x200);
	rec.vcpu_id = 1;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 2);
	assert_int_equal(sc.findings.list[0].n_consequences, 0);
	assert_int_equal(sc.findings.list[1].n_consequences, 0);
}

static void an_earlier_vector_fault_is_no_consequence(void **state)
{
	struct nisv_rec_fault vector = scenario_exec(0x200);
	struct nisv_rec_fault nisv = scenario_injected_nisv(RAM_END, LDP);

	(void)state;
	scenario_add(&vector);
	scenario_add(&nisv);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 2);
	assert_int_equal(sc.findings.list[0].n_consequences, 0);
	assert_int_equal(sc.findings.list[1].n_consequences, 0);
}

static void a_killed_vcpu_fetches_no_vector(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

	(void)state;
	scenario_add(&rec);
	rec = scenario_exec(0x200);
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 2);
}

/* A second, real jump to an aligned address is a cause, whatever its low bits. */
static void a_second_jump_is_no_vector(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	rec.sys.vbar = RAM_BASE + 0x800;
	scenario_add(&rec);
	rec = scenario_exec(0x60000000);
	rec.sys.vbar = RAM_BASE + 0x800;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(sc.findings.list[0].n_sites, 2);
	assert_int_equal(sc.findings.list[0].n_consequences, 0);
}

static void a_known_vbar_decides(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	scenario_add(&rec);
	rec = scenario_exec(0x60000200); /* has the shape of a vector, but VBAR is current */
	rec.sysregs_state = NISV_SYSREGS_CURRENT;
	rec.sys.vbar = RAM_BASE;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.list[0].n_consequences, 0);
	assert_int_equal(sc.findings.list[0].n_sites, 2);
}

/* Vectors in memory exist: an address that only looks like one is a jump even with stale registers.
 */
static void stale_vbar_in_memory_needs_a_match(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	rec.sys.vbar = RAM_BASE + 0x800;
	scenario_add(&rec);
	rec = scenario_exec(0x60000200);
	rec.sys.vbar = RAM_BASE + 0x800;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.list[0].n_consequences, 0);
}

static void user_mode_fetches_no_vectors(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	scenario_add(&rec);
	rec = scenario_exec(0x200);
	rec.pstate = EL0;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.list[0].n_consequences, 0);
}

static void walks_for_the_vector_follow_the_walk(void **state)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_WALK, 0x70000000);
	const struct finding *f;

	(void)state;
	rec.esr = ESR_WALK;
	rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
	rec.sysregs_state = NISV_SYSREGS_STALE;
	scenario_add(&rec);
	rec.esr = 0x82000086;
	rec.pc = rec.far = 0x200;
	rec.count = 4096;
	rec.vcpu_order++;
	scenario_add(&rec);
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(f->n_sites, 1);
	assert_int_equal(f->n_consequences, 1);
	assert_contains(f->consequences[0].summary, "page tables");
	assert_int_equal(f->severity, SEVERITY_HANG);
}

static void consequences_are_bounded_and_counted(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);
	const struct finding *f;

	(void)state;
	scenario_add(&rec);
	for (uint64_t i = 1; i <= 30; i++) {
		rec = scenario_exec(0x200 + 0x10000000 + i * 0x1000);
		rec.sys.vbar = 0x10000000 + i * 0x1000;
		scenario_add(&rec);
	}
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(f->n_consequences, FINDING_CONSEQUENCES_MAX);
	assert_int_equal(f->n_consequences_omitted, 30 - FINDING_CONSEQUENCES_MAX);
}

/* A wild jump to an address with the shape of a vector, long after an access that the VMM served.
 */
static void a_jump_after_a_served_access_is_its_own(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000000, LDR_POST);
	bool has_jump = false;

	(void)state;
	scenario_qemu_virt();
	scenario_add(&rec);
	rec = scenario_exec(0x50000200);
	rec.gpr[0] = 0x09000000;
	scenario_add(&rec);
	rec = scenario_exec(0x200);
	rec.gpr[0] = 0x09000000;
	rec.count = 65536;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 2);
	for (size_t i = 0; i < sc.findings.n; i++) {
		const struct finding *f = &sc.findings.list[i];

		if (strcmp(f->cause, "jumped-to-unmapped"))
			continue;
		has_jump = true;
		assert_int_equal(f->address, 0x50000200);
		assert_int_equal(f->n_consequences, 1);
		assert_int_equal(f->consequences[0].site->pc, 0x200);
	}
	assert_true(has_jump);
}

/* A fetch of a vector is the next fault, and no instruction ran before it. */
static void a_vector_is_the_next_fault(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	scenario_add(&rec);
	rec = scenario_exec(0x60000200);
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 1); /* has the shape, and nothing contradicts */
	assert_int_equal(sc.findings.list[0].n_consequences, 1);
	scenario_teardown(state);
	scenario_setup(state);

	rec = scenario_exec(0x50000000);
	scenario_add(&rec);
	rec = scenario_exec(0x60000200);
	rec.vcpu_order++;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.list[0].n_consequences, 0);
	scenario_teardown(state);
	scenario_setup(state);

	rec = scenario_exec(0x50000000);
	scenario_add(&rec);
	rec = scenario_exec(0x60000200);
	rec.gpr[30] = RAM_BASE;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.list[0].n_consequences, 0);
}

/* With registers of the fault itself: those say which abort it was. */
static void current_registers_name_the_cause(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	for (int is_svc = 0; is_svc < 2; is_svc++) {
		rec = scenario_exec(0x50000000);
		scenario_add(&rec);
		rec = scenario_exec(0x60000200);
		rec.sysregs_state = NISV_SYSREGS_CURRENT;
		rec.sys.vbar = 0x60000000;
		rec.sys.elr = 0x50000000;
		rec.sys.esr = is_svc ? ESR_EL1_SVC : 0x86000010;
		scenario_add(&rec);
		scenario_diagnose();
		assert_int_equal(sc.findings.list[0].n_consequences, !is_svc);
		if (!is_svc)
			assert_contains(sc.findings.list[0].consequences[0].summary,
					"VBAR_EL1 + 0x200 = 0x60000200");
		scenario_teardown(state);
		scenario_setup(state);
	}
}

/* From EL0 the vector is missing, and then that of the abort at the vector. */
static void a_chain_of_vectors_follows_its_first_cause(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);
	const struct finding *f;

	(void)state;
	rec.pstate = EL0;
	scenario_add(&rec);
	rec = scenario_exec(0x400);
	scenario_add(&rec);
	rec = scenario_exec(0x200);
	scenario_add(&rec);
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(f->n_sites, 1);
	assert_int_equal(f->address, 0x50000000);
	assert_int_equal(f->n_consequences, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(fetches_of_a_missing_vector_follow_the_jump),
		SCENARIO_TEST(fetches_of_a_missing_vector_follow_the_nisv),
		SCENARIO_TEST(the_vector_is_that_of_the_level),
		SCENARIO_TEST(order_is_that_of_the_vcpu),
		SCENARIO_TEST(a_vector_fault_of_another_vcpu_is_its_own),
		SCENARIO_TEST(an_earlier_vector_fault_is_no_consequence),
		SCENARIO_TEST(a_killed_vcpu_fetches_no_vector),
		SCENARIO_TEST(a_second_jump_is_no_vector),
		SCENARIO_TEST(a_known_vbar_decides),
		SCENARIO_TEST(stale_vbar_in_memory_needs_a_match),
		SCENARIO_TEST(user_mode_fetches_no_vectors),
		SCENARIO_TEST(walks_for_the_vector_follow_the_walk),
		SCENARIO_TEST(consequences_are_bounded_and_counted),
		SCENARIO_TEST(a_jump_after_a_served_access_is_its_own),
		SCENARIO_TEST(a_vector_is_the_next_fault),
		SCENARIO_TEST(current_registers_name_the_cause),
		SCENARIO_TEST(a_chain_of_vectors_follows_its_first_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
