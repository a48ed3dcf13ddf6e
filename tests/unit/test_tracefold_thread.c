/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What repeats, what is traffic, and whose it is. */

#include "tests/unit/tracefold_case.h"

static void repeat(struct folded *f, const char *event, size_t n)
{
	for (size_t i = 0; i < n; i++)
		take(f, event);
}

/* The same fetch again and again is none of memory; the one that led there counts with it. */
static void test_a_vector_without_memory(void **state)
{
	struct folded *f = begin();

	(void)state;
	take(f, FETCH);
	repeat(f, VECTOR, TRACE_REPEATS - 1);
	assert_int_equal(f->n_faults, 0);
	assert_int_equal(f->account.undecided, TRACE_REPEATS);
	take(f, ENTRY);
	take(f, VECTOR);
	assert_int_equal(f->n_faults, TRACE_REPEATS + 1);
	assert_int_equal(f->account.undecided, 0);
	assert_int_equal(f->faults[0].kind, NISV_KIND_EXEC);
	assert_int_equal(f->faults[0].ipa, 0xb0000540);
	assert_int_equal(f->faults[0].vcpu_order, 1);
	assert_int_equal(f->faults[1].ipa, 0x200);
	assert_int_equal(f->faults[1].outcome, NISV_OUTCOME_UNKNOWN);
	assert_int_equal(f->faults[1].vcpu_order, 2);
	take(f, VECTOR);
	assert_int_equal(f->n_faults, TRACE_REPEATS + 2);
	end(f);
}

static void test_repeats_with_something_between(void **state)
{
	static const char *const between[] = {MMIO_EXIT, WRITE, LDP, FETCH, NISV};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(between); i++) {
		struct folded *f = begin();

		repeat(f, VECTOR, TRACE_REPEATS - 1);
		take(f, between[i]);
		repeat(f, VECTOR, TRACE_REPEATS - 1);
		for (size_t k = 0; k < f->n_faults; k++)
			assert_int_not_equal(f->faults[k].kind, NISV_KIND_EXEC);
		end(f);
	}
}

/* A walk's address is the table's: FAR says nothing of it. No vector: nothing led there. */
static void test_walks_that_repeat(void **state)
{
	struct folded *f = begin();

	(void)state;
	take(f, FETCH);
	repeat(f, WALK, TRACE_REPEATS);
	assert_int_equal(f->n_faults, TRACE_REPEATS);
	assert_int_equal(f->faults[0].kind, NISV_KIND_WALK);
	assert_int_equal(f->faults[0].ipa, 0xb0000000);
	assert_int_equal(f->account.undecided, 1);
	take(f, EFAULT_EXIT);
	assert_int_equal(f->account.undecided, 1);
	end(f);
}

static void test_mmio_of_arm64(void **state)
{
	struct folded *f = begin();

	(void)state;
	FOLD(f, LDR, READ_OUT, MMIO_EXIT, READ_DONE, ENTRY, LDR, WRITE, MMIO_EXIT, ENTRY,
	     /* served in the kernel */
	     LDR, READ_OUT, READ_DONE, ENTRY, LDR, WRITE, ENTRY);
	assert_int_equal(f->reads, 2);
	assert_int_equal(f->writes, 2);
	assert_int_equal(f->user, 2);
	assert_int_equal(f->n_faults, 0);
	/* The trace begins in the middle of a read. */
	f = begin();
	FOLD(f, ENTRY, READ_DONE);
	assert_int_equal(f->reads, 0);
}

static void test_mmio_of_x86(void **state)
{
	struct folded *f = begin();

	(void)state;
	FOLD(f, "kvm_entry: vcpu 0, rip 0x8000", READ_OUT, MMIO_EXIT, READ_DONE,
	     /* served in the kernel */
	     READ_DONE, WRITE, WRITE, MMIO_EXIT);
	assert_int_equal(f->reads, 2);
	assert_int_equal(f->writes, 2);
	assert_int_equal(f->user, 2);
}

static void test_emulation(void **state)
{
	struct folded *f;

	(void)state;
	f = begin();
	FOLD(f, GPA, EMULATE, EMULATE " failed",
	     "kvm_userspace_exit: reason KVM_EXIT_INTERNAL_ERROR (17)");
	assert_one(f, NISV_KIND_EMULATION, NISV_OUTCOME_VMM_DECIDES, 0, 0xd0000000);
	assert_int_equal(f->faults[0].pc, 0x8000);
	assert_int_equal(f->faults[0].exit_reason, 17);
	/* Without nested paging the page fault's address is no guest-physical one. */
	f = begin();
	FOLD(f, CR2, EMULATE, EMULATE " failed", "kvm_entry: vcpu 0, rip 0x8000");
	assert_one(f, NISV_KIND_EMULATION, NISV_OUTCOME_ABORT_INJECTED, 0, 0);
	f = begin();
	FOLD(f, GPA, EMULATE, "kvm_userspace_exit: reason KVM_EXIT_INTERNAL_ERROR (17)");
	assert_int_equal(f->n_faults, 0);
}

/* What happens in one thread says nothing of another. */
static void test_threads(void **state)
{
	static const char *const lines[] = {
		"vmm-7 (5) [000] . 1.0: " LDP,
		"vmm-8 (5) [001] . 1.1: " ENOSYS_EXIT,
		"vmm-7 (5) [000] . 1.2: " NISV_EXIT,
		/* The same id, of another process. */
		"oth-8 (9) [000] . 1.3: " LDP,
		"oth-8 (9) [000] . 1.4: " ENOSYS_EXIT,
	};
	struct folded *f = begin();
	struct trace_event event;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_int_equal(traceline_parse(lines[i], strlen(lines[i]), &event), 1);
		tracefold_event(f->fold, &event);
	}
	assert_int_equal(f->n_threads, 3);
	assert_int_equal(f->n_faults, 2);
	assert_int_equal(f->n_unplaced, 1);
	assert_int_equal(f->faults[0].hdr.tid, 7);
	assert_int_equal(f->faults[1].hdr.tgid, 9);
	assert_string_equal(f->faults[1].comm, "oth");
	assert_true(f->account.has_tgid);
	assert_int_equal(f->account.from_ns, 1000000000);
	assert_int_equal(f->account.to_ns, 1400000000);
	end(f);
}

static void test_more_threads_than_room(void **state)
{
	struct trace_event event = {.kind = TRACE_ENTRY, .has_tid = true};
	struct folded *f = begin();

	(void)state;
	f->room = 10;
	for (uint32_t i = 0; i < TRACE_THREADS_MAX + 1000; i++) {
		event.tid = i;
		tracefold_event(f->fold, &event);
		tracefold_event(f->fold, &event);
	}
	/* Those without room are asked for once. */
	assert_int_equal(f->n_threads, TRACE_THREADS_MAX);
	assert_int_equal(f->account.crowded_events, 2 * (TRACE_THREADS_MAX + 1000 - 10));
	end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_vector_without_memory),
		cmocka_unit_test(test_repeats_with_something_between),
		cmocka_unit_test(test_walks_that_repeat),
		cmocka_unit_test(test_mmio_of_arm64),
		cmocka_unit_test(test_mmio_of_x86),
		cmocka_unit_test(test_emulation),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_more_threads_than_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
