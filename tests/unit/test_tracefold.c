/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a fault was, by what KVM_RUN ended with. */

#include "tests/unit/tracefold_case.h"

/* With kvm_mmio_nisv and without, as on Linux before 6.7; with kvm_entry and kvm_exit and without.
 */
static void test_nisv(void **state)
{
	struct folded *f;

	(void)state;
	f = begin();
	FOLD(f, ENTRY, EXIT, LDP, NISV, ENOSYS_EXIT);
	assert_one(f, NISV_KIND_NISV, NISV_OUTCOME_VM_KILLED, -ENOSYS, 0xb0000540);
	assert_int_equal(f->faults[0].esr, 0x92000005);
	assert_int_equal(f->faults[0].pc, 0x40080000);
	f = begin();
	FOLD(f, LDP, ENOSYS_EXIT);
	assert_one(f, NISV_KIND_NISV, NISV_OUTCOME_VM_KILLED, -ENOSYS, 0xb0000540);
	f = begin();
	FOLD(f, LDP, NISV_EXIT, ENTRY);
	assert_one(f, NISV_KIND_NISV, NISV_OUTCOME_VMM_DECIDES, 0, 0xb0000540);
	assert_int_equal(f->faults[0].exit_reason, 28);
	f = begin();
	FOLD(f, NISV, NISV_EXIT);
	assert_one(f, NISV_KIND_NISV, NISV_OUTCOME_VMM_DECIDES, 0, 0xb0000540);
	/* Cache maintenance on a read-only slot ends the same way. */
	f = begin();
	FOLD(f, LDP_CM, ENOSYS_EXIT);
	assert_one(f, NISV_KIND_NISV, NISV_OUTCOME_VM_KILLED, -ENOSYS, 0x60000540);
}

/* What became of it is not in the trace, or not at all. */
static void test_nisv_without_an_exit(void **state)
{
	struct folded *f;

	(void)state;
	f = begin();
	FOLD(f, LDP, NISV, ENTRY);
	assert_one(f, NISV_KIND_NISV, NISV_OUTCOME_UNKNOWN, 0, 0xb0000540);
	f = begin();
	FOLD(f, LDP, NISV);
	assert_one(f, NISV_KIND_NISV, NISV_OUTCOME_UNKNOWN, 0, 0xb0000540);
	f = begin();
	FOLD(f, NISV, NISV);
	assert_int_equal(f->n_faults, 2);
}

/* An undescribed access that nothing follows met memory. */
static void test_memory(void **state)
{
	struct folded *f = begin();

	(void)state;
	FOLD(f, LDP, ENTRY, EXIT, LDR, ENTRY, FETCH, ENTRY, WALK, ENTRY, LDP);
	assert_int_equal(f->n_faults, 0);
	assert_int_equal(f->account.undecided, 2);
}

static void test_backing(void **state)
{
	static const char *const faults[] = {LDP, LDR, FETCH, WALK};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct folded *f = begin();

		FOLD(f, EXIT, faults[i], EFAULT_EXIT);
		assert_int_equal(f->n_faults, 1);
		assert_int_equal(f->faults[0].kind, NISV_KIND_BACKING);
		assert_int_equal(f->faults[0].outcome, NISV_OUTCOME_VM_KILLED);
		assert_int_equal(f->faults[0].errno_, -EFAULT);
		assert_int_equal(f->account.undecided, 0);
	}
}

static void test_other_exits(void **state)
{
	struct folded *f;

	(void)state;
	f = begin();
	FOLD(f, LDP, "kvm_userspace_exit: reason KVM_EXIT_MEMORY_FAULT (39)");
	assert_one(f, NISV_KIND_MEMORY_FAULT, NISV_OUTCOME_VMM_DECIDES, 0, 0xb0000540);
	f = begin();
	FOLD(f, LDR, "kvm_userspace_exit: reason 0x2a (42)");
	assert_one(f, NISV_KIND_LDST64B, NISV_OUTCOME_VMM_DECIDES, 0, 0x9000018);
	f = begin();
	FOLD(f, LDP, "kvm_userspace_exit: reason restart (4)", ENTRY);
	assert_int_equal(f->n_faults + f->n_unplaced, 0);
}

/* The event with the address was not recorded, or lost. */
static void test_unplaced(void **state)
{
	struct folded *f;

	(void)state;
	f = begin();
	FOLD(f, ENTRY, EXIT, ENOSYS_EXIT);
	assert_int_equal(f->n_faults, 0);
	assert_int_equal(f->n_unplaced, 1);
	assert_int_equal(f->unplaced, NISV_KIND_NISV);
	f = begin();
	FOLD(f, NISV_EXIT);
	assert_int_equal(f->n_unplaced, 1);
	/* A described access does not end with ENOSYS: the true one is missing. */
	f = begin();
	FOLD(f, LDR, ENOSYS_EXIT);
	assert_int_equal(f->n_faults, 0);
	assert_int_equal(f->n_unplaced, 1);
	/* An errno alone is no fault where not even the architecture is known. */
	f = begin();
	FOLD(f, ENOSYS_EXIT, EFAULT_EXIT);
	assert_int_equal(f->n_faults + f->n_unplaced, 0);
}

/* trace-cmd and perf script do not print the errno: what is certain, and what is not. */
static void test_an_errno_that_was_lost(void **state)
{
	struct folded *f;

	(void)state;
	f = begin();
	FOLD(f, LDP, NISV, UNKNOWN_EXIT);
	assert_one(f, NISV_KIND_NISV, NISV_OUTCOME_VM_KILLED, -ENOSYS, 0xb0000540);
	assert_int_equal(f->account.lost_errnos, 0);
	f = begin();
	FOLD(f, LDR, UNKNOWN_EXIT);
	assert_one(f, NISV_KIND_BACKING, NISV_OUTCOME_VM_KILLED, -EFAULT, 0x9000018);
	/* The kernel has kvm_mmio_nisv, and it did not come. */
	f = begin();
	FOLD(f, LDP, NISV, NISV_EXIT, LDP, UNKNOWN_EXIT);
	assert_int_equal(f->n_faults, 2);
	assert_int_equal(f->faults[1].kind, NISV_KIND_BACKING);
	/* It may be either: the errno stays unknown. */
	f = begin();
	FOLD(f, LDP, UNKNOWN_EXIT);
	assert_one(f, NISV_KIND_NISV, NISV_OUTCOME_VM_KILLED, 0, 0xb0000540);
	assert_int_equal(f->account.lost_errnos, 1);
	f = begin();
	FOLD(f, ENTRY, UNKNOWN_EXIT);
	assert_int_equal(f->n_faults + f->n_unplaced, 0);
	assert_int_equal(f->account.lost_errnos, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nisv),
		cmocka_unit_test(test_nisv_without_an_exit),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_backing),
		cmocka_unit_test(test_other_exits),
		cmocka_unit_test(test_unplaced),
		cmocka_unit_test(test_an_errno_that_was_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
