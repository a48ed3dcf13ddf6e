/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The surroundings of a fault on this machine's KVM (x86): code mode and callers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <linux/kvm.h>
#include <stdio.h>

#include "tests/native/watch.h"

#define REG_RDX 2 /* in KVM's order */

static const struct nisv_rec_fault *only_fault(const struct watch *watch, pid_t tgid)
{
	size_t from = 0;
	const struct nisv_rec_fault *fault = watch_fault(watch, tgid, &from);

	assert_non_null(fault);
	assert_null(watch_fault(watch, tgid, &from));
	assert_int_equal(fault->kind, NISV_KIND_EMULATION);
	return fault;
}

/* Runs a guest that faults so often; skips the test if this KVM shut it down before. */
static void run(struct vmm *vmm, struct watch *watch, const struct capture_options *options,
		const char *args, uint64_t times)
{
	watch_start(watch, options);
	vmm_run(vmm, watch, args);
	if (vmm_saw(vmm, 0, "internal_error") == times)
		return;
	print_message("SKIP: this KVM does not run %s\n", args);
	vmm_free(vmm);
	watch_stop(watch);
	skip();
}

static void check_no_callers(const struct nisv_rec_fault *fault)
{
	assert_int_equal(fault->backtrace.n, 0);
	assert_int_equal(fault->backtrace.end, NISV_BACKTRACE_NONE);
}

/*
 * The guest has four callers, 8 bytes from call to call, or 9 with 64-bit operands, and says where
 * the outermost returns to.
 */
static void check_callers(const char *args, uint32_t mode, uint64_t step, uint64_t first)
{
	const struct nisv_backtrace *trace;
	const struct nisv_rec_fault *fault;
	struct watch watch;
	struct vmm vmm;

	run(&vmm, &watch, NULL, args, 1);
	fault = only_fault(&watch, vmm.pid);
	assert_int_equal(fault->code_mode, mode);
	trace = &fault->backtrace;
	assert_int_equal(trace->end, NISV_BACKTRACE_COMPLETE);
	assert_int_equal(trace->n, 4);
	assert_int_equal(trace->frame[3], fault->gpr[REG_RDX]);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(trace->frame[2 - i], trace->frame[3] + first + i * step);
	assert_int_equal(trace->read_state, NISV_WALK_NONE);
	assert_int_equal(trace->stopped_at, 0);
	assert_int_equal(fault->vma.state, NISV_VMA_NOT_ASKED);
	watch_assert_no_loss(&watch);
	vmm_free(&vmm);
	watch_stop(&watch);
}

static void test_long_mode(void **state)
{
	(void)state;
	check_callers("--guest calls-long --arg 0=0x10000000", NISV_CODE_64, 9, 10);
}

static void test_protected_mode(void **state)
{
	(void)state;
	check_callers("--guest calls-protected --arg 0=0x10000000", NISV_CODE_32, 8, 9);
}

static void test_32bit_paging(void **state)
{
	(void)state;
	check_callers("--guest calls-paged --arg 0=0x10000000", NISV_CODE_32, 8, 9);
}

static void test_pae_paging(void **state)
{
	(void)state;
	check_callers("--guest calls-pae --arg 0=0x10000000", NISV_CODE_32, 8, 9);
}

/* 16-bit code has segments, and mostly no frame pointers. */
static void test_real_mode(void **state)
{
	struct watch watch;
	struct vmm vmm;

	(void)state;
	run(&vmm, &watch, NULL, "--guest pxor --arg 0=0x10000000", 1);
	assert_int_equal(only_fault(&watch, vmm.pid)->code_mode, NISV_CODE_REAL);
	check_no_callers(only_fault(&watch, vmm.pid));
	vmm_free(&vmm);
	watch_stop(&watch);
}

/* What one fault of a vCPU has is not added to what the one before it had. */
static void test_each_its_own(void **state)
{
	const struct nisv_rec_fault *fault;
	struct watch watch;
	size_t from = 0;
	struct vmm vmm;

	(void)state;
	run(&vmm, &watch, NULL,
	    "--guest calls-long --arg 0=0x10000000 --on-error rerun --max-exits 2", 2);
	for (size_t i = 0; i < 2; i++) {
		fault = watch_fault(&watch, vmm.pid, &from);
		assert_non_null(fault);
		assert_int_equal(fault->backtrace.n, 4);
	}
	vmm_free(&vmm);
	watch_stop(&watch);
}

/* Who may not read the guest's memory reads none of it. */
static void test_not_inspected(void **state)
{
	const struct capture_options options = {.count_mmio = true};
	const struct nisv_rec_fault *fault;
	struct watch watch;
	struct vmm vmm;

	(void)state;
	run(&vmm, &watch, &options, "--guest calls-long --arg 0=0x10000000", 1);
	fault = only_fault(&watch, vmm.pid);
	assert_int_equal(fault->code_mode, NISV_CODE_64);
	check_no_callers(fault);
	vmm_free(&vmm);
	watch_stop(&watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_mode),     cmocka_unit_test(test_protected_mode),
		cmocka_unit_test(test_32bit_paging),  cmocka_unit_test(test_pae_paging),
		cmocka_unit_test(test_real_mode),     cmocka_unit_test(test_each_its_own),
		cmocka_unit_test(test_not_inspected),
	};

#if !defined(__x86_64__)
	printf("SKIP: arm64 has tests/lab/tests/context.sh\n");
	return 77;
#endif
	watch_require_host();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
