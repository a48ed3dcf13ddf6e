/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Attached and detached a hundred times while guests fault and do MMIO without a pause: each time
 * it sees them, nothing is kept, and after the last time nothing is missed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/native/held.h"
#include "tests/native/watch.h"

#define CYCLES 100

#if defined(__x86_64__)
#define FAULTS_FOR_EVER "--guest pxor-long --arg 0=0x10000000 --on-error rerun"
#define FAULTS		"--guest many-sites --on-error skip"
#define FAULT_KIND	NISV_KIND_EMULATION
#define SAW		"internal_error"
#define MMIO		"--guest mmio-write-long --arg 0=0xd0000000"
#else
#define FAULTS_FOR_EVER "--guest ldp --arg 0=0x50000000 --nisv-cap on --on-nisv rerun"
#define FAULTS		"--guest ldp --nisv-cap on --on-nisv skip"
#define FAULT_KIND	NISV_KIND_NISV
#define SAW		"nisv"
#define MMIO		"--guest mmio-write --arg 0=0x10000000"
#endif

/* VMs that work for ever, and two that wait for SIGUSR1. */
struct fleet {
	struct vmm mmio, faults, held_mmio, held_faults;
};

static void fleet_start(struct fleet *fleet)
{
	vmm_start(&fleet->mmio, MMIO " --arg 1=0 --arg 2=64 --arg 3=512 --vcpus 2");
	vmm_start(&fleet->faults, FAULTS_FOR_EVER);
	vmm_start(&fleet->held_mmio,
		  MMIO " --arg 1=5000 --arg 2=40 --arg 3=512 --vcpus 2 --vms 2 --hold");
	vmm_start(&fleet->held_faults,
		  FAULTS " --arg 0=0x10000000 --arg 1=300 --arg 2=4096 --hold");
	vmm_wait_ready(&fleet->mmio);
	vmm_wait_ready(&fleet->faults);
	vmm_wait_ready(&fleet->held_mmio);
	vmm_wait_ready(&fleet->held_faults);
}

/* Until a fault of the process is delivered. */
static void wait_for_fault(struct watch *watch, pid_t tgid)
{
	struct pollfd poller = {.fd = capture_fd(watch->capture), .events = POLLIN};
	size_t from = 0;

	while (!watch_fault(watch, tgid, &from)) {
		assert_true(poll(&poller, 1, -1) == 1);
		watch_take(watch);
	}
}

/* Once: attached, seen to work, detached; what was held meanwhile. */
static void cycle(const struct fleet *fleet, struct held *attached)
{
	struct watch watch;

	watch_start(&watch, NULL);
	wait_for_fault(&watch, fleet->faults.pid);
	held_read(attached);
	watch_stop(&watch);
}

static void same_descriptors(const struct held *expected, const struct held *held)
{
	assert_int_equal(held->fds, expected->fds);
	assert_int_equal(held->programs, expected->programs);
	assert_int_equal(held->maps, expected->maps);
	assert_int_equal(held->links, expected->links);
	assert_int_equal(held->iterators, expected->iterators);
}

static void nothing_is_kept(const struct fleet *fleet)
{
	struct held before, first, attached, half, after;

	/* What libraries keep from their first use on is no leak. */
	cycle(fleet, &first);
	held_read(&before);
	assert_int_equal(before.programs + before.maps + before.links, 0);
	assert_true(first.programs > 0 && first.maps > 0 && first.links > 0);
	assert_int_equal(first.iterators, 1);
	for (int i = 1; i < CYCLES; i++) {
		cycle(fleet, &attached);
		same_descriptors(&first, &attached);
		if (i == CYCLES / 2)
			held_read(&half);
	}
	held_read(&after);
	same_descriptors(&before, &after);
	printf("heap %zu -> %zu -> %zu bytes, anonymous memory %zu -> %zu KiB\n", before.heap,
	       half.heap, after.heap, before.anonymous >> 10, after.anonymous >> 10);
	/*
	 * Not one allocation each time. malloc() counts what a thread keeps of what was freed as in
	 * use, which after half of the cycles is as much as it will ever be.
	 */
	assert_true(after.heap < half.heap + CYCLES / 2 * 16);
	assert_true(after.anonymous < before.anonymous + (1 << 20));
	/* The kernel frees them a moment later, not as one that is kept for ever. */
	assert_true(held_programs_named("on_userspace_exit") < CYCLES / 2);
}

/* From the signal on all is counted: of VMs that were there at each of the attaches. */
static void nothing_is_missed(struct fleet *fleet)
{
	struct totals totals;
	struct watch watch;
	uint64_t saw = 0;

	watch_start(&watch, NULL);
	wait_for_fault(&watch, fleet->faults.pid);
	kill(fleet->held_mmio.pid, SIGUSR1);
	kill(fleet->held_faults.pid, SIGUSR1);
	vmm_wait(&fleet->held_mmio);
	vmm_wait(&fleet->held_faults);
	watch_take(&watch);
	totals_read(&watch, fleet->held_mmio.pid, &totals);
	for (size_t i = 0; i < vmm_n_vms(&fleet->held_mmio); i++)
		saw += vmm_saw(&fleet->held_mmio, i, "mmio_writes");
	assert_int_equal(saw, 2 * 2 * 5000);
	assert_int_equal(totals.vms, 2);
	assert_int_equal(totals.writes, saw);
	assert_int_equal(totals.user, saw);
	assert_int_equal(totals.places_count, saw);
	assert_int_equal(totals.places_user, saw);
	assert_int_equal(totals.unplaced, 0);
	totals_read(&watch, fleet->held_faults.pid, &totals);
	saw = vmm_saw(&fleet->held_faults, 0, SAW);
	assert_int_equal(saw, 300);
	assert_int_equal(totals.faults[FAULT_KIND], saw);
	watch_assert_no_loss(&watch);
	watch_stop(&watch);
}

static void test_attach(void **state)
{
	struct fleet fleet;

	(void)state;
	fleet_start(&fleet);
	/* They take all CPUs; a hundred times would take minutes. */
	setpriority(PRIO_PROCESS, 0, -20);
	nothing_is_kept(&fleet);
	nothing_is_missed(&fleet);
	vmm_stop(&fleet.mmio);
	vmm_stop(&fleet.faults);
	assert_true(vmm_saw(&fleet.faults, 0, SAW) > CYCLES);
	vmm_free(&fleet.mmio);
	vmm_free(&fleet.faults);
	vmm_free(&fleet.held_mmio);
	vmm_free(&fleet.held_faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_attach)};

	watch_require_host();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
