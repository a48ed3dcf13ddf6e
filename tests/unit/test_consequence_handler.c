/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Faults of an abort handler that only follow from the abort, and those that do not. */

#include "tests/unit/scenario_machines.h"

#define ESR_EL1_SEA 0x96000010U /* of an injected abort, from the same EL */
#define ESR_EL1_SVC 0x56000000U
#define VBAR	    (RAM_BASE + 0x800)
#define SYNC_ENTRY  (VBAR + 0x200)
#define IRQ_ENTRY   (VBAR + 0x280)

/* The handler in the vector table makes the same mistake. */
static void a_fault_of_the_handler_follows(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(RAM_END, LDP);
	const struct finding *f;

	(void)state;
	rec.sys.vbar = RAM_BASE + 0x800;
	scenario_add(&rec);
	rec = scenario_injected_nisv(0x09000000, LDR_POST);
	rec.sys.vbar = RAM_BASE + 0x800;
	rec.pc = RAM_BASE + 0x800 + 0x214;
	rec.sys.elr = RAM_BASE + 4;
	rec.sys.esr = ESR_EL1_SEA;
	scenario_add(&rec);
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_string_equal(f->cause, "access-past-ram-end");
	assert_int_equal(f->n_consequences, 1);
	assert_contains(f->consequences[0].summary, "abort handler");
}

/* A handler outside the table: ELR_EL1 names the access, and only the handler masks interrupts. */
static void a_fault_after_the_handler_does_not_follow(void **state)
{
	struct nisv_rec_fault first = scenario_injected_nisv(RAM_END, LDP);
	struct nisv_rec_fault second = scenario_injected_nisv(0x09000000, LDR_POST);

	(void)state;
	first.pstate = EL1H;
	second.sys.vbar = first.sys.vbar = RAM_BASE + 0x800;
	second.pc = RAM_BASE + 0x5000;
	second.sys.elr = first.pc;
	second.sys.esr = ESR_EL1_SEA;
	scenario_add(&first);
	scenario_add(&second);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 1); /* in the handler: DAIF masked */

	scenario_teardown(state);
	scenario_setup(state);
	second.pstate = EL1H; /* returned from it: a fault of its own */
	scenario_add(&first);
	scenario_add(&second);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 2);
}

/* A register that the VMM serves, then a fault in a handler of @esr; both with the vectors at VBAR.
 */
static struct nisv_rec_fault served_then(enum nisv_kind kind, uint64_t pc, uint64_t esr)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000000, LDR_POST);

	scenario_qemu_virt();
	rec.sys.vbar = VBAR;
	scenario_add(&rec);
	rec = scenario_injected_nisv(RAM_END + 0x40, LDP);
	rec.kind = kind;
	rec.pc = pc;
	rec.sys.vbar = VBAR;
	rec.sys.elr = RAM_BASE + 4;
	rec.sys.esr = esr;
	return rec;
}

static void expect_findings(const struct nisv_rec_fault *last, size_t n)
{
	scenario_add(last);
	scenario_diagnose();
	if (sc.findings.n != n)
		fail_msg("%zu findings instead of %zu", sc.findings.n, n);
	for (size_t i = 0; n > 1 && i < n; i++)
		assert_int_equal(sc.findings.list[i].n_consequences, 0);
	scenario_teardown(NULL);
	scenario_setup(NULL);
}

/* Memory whose host pages are gone kills the VM, in an abort handler as anywhere else. */
static void what_killed_the_vm_is_never_a_consequence(void **state)
{
	static const enum nisv_kind kinds[] = {NISV_KIND_BACKING, NISV_KIND_MEMORY_FAULT,
					       NISV_KIND_EMULATION, NISV_KIND_LDST64B};
	struct nisv_rec_fault rec;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		rec = served_then(kinds[i], SYNC_ENTRY, ESR_EL1_SEA);
		expect_findings(&rec, 2);
	}
	rec = served_then(NISV_KIND_NISV, SYNC_ENTRY, ESR_EL1_SEA);
	rec.outcome = NISV_OUTCOME_VM_KILLED;
	rec.errno_ = -ENOSYS;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 2);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_FATAL);
	assert_string_equal(sc.findings.list[0].cause, "access-past-ram-end");
}

/* Only the handler of the abort follows from it. */
static void a_fault_of_another_handler_is_its_own(void **state)
{
	struct nisv_rec_fault rec = served_then(NISV_KIND_NISV, SYNC_ENTRY, ESR_EL1_SEA);

	(void)state;
	expect_findings(&rec, 1); /* the abort's own, for comparison */
	rec = served_then(NISV_KIND_NISV, SYNC_ENTRY, ESR_EL1_SVC);
	expect_findings(&rec, 2);
	rec = served_then(NISV_KIND_NISV, IRQ_ENTRY, ESR_EL1_SEA); /* an IRQ leaves ESR_EL1 */
	expect_findings(&rec, 2);
	rec = served_then(NISV_KIND_NISV, SYNC_ENTRY, ESR_EL1_SEA + 1); /* no external abort */
	expect_findings(&rec, 2);
	rec = served_then(NISV_KIND_NISV, SYNC_ENTRY, ESR_EL1_SEA);
	rec.sys.elr += 4; /* the abort of another access */
	expect_findings(&rec, 2);
	rec = served_then(NISV_KIND_NISV, SYNC_ENTRY, ESR_EL1_SEA);
	rec.sysregs_state = NISV_SYSREGS_STALE;
	expect_findings(&rec, 2);
}

/* VBAR_EL1 is 0 after reset: code at 0 is no handler for that. */
static void code_at_a_vbar_never_set_is_no_handler(void **state)
{
	struct nisv_rec_fault rec = served_then(NISV_KIND_NISV, 0x204, ESR_EL1_SEA);

	(void)state;
	rec.sys.vbar = 0;
	expect_findings(&rec, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(a_fault_of_the_handler_follows),
		SCENARIO_TEST(a_fault_after_the_handler_does_not_follow),
		SCENARIO_TEST(what_killed_the_vm_is_never_a_consequence),
		SCENARIO_TEST(a_fault_of_another_handler_is_its_own),
		SCENARIO_TEST(code_at_a_vbar_never_set_is_no_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
