/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A board without a clock of its own: dossiers are there before its clock is set. */

#include <sys/syscall.h>
#include <time.h>

#include "daemon/edge/api_call.h"
#include "tests/cli/archive_case.h"

/* What the clock of the board is wrong by: only a machine of one's own could be set. */
static time_t wrong_by;

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, clock, ts);

	if (clock == CLOCK_REALTIME)
		ts->tv_sec += wrong_by;
	return r;
}

/* In March 2023: before the dossier, which is of November. */
#define BOOT 1680000000

static void assert_times_of_file(const struct manager *manager, const struct vm *vm)
{
	assert_time(vm->first_seen_ns, "2023-11-14T22:13:20.123456Z");
	assert_time(vm->end_ns, "2023-11-14T22:14:20.123456Z");
	assert_time(vm->last_abort_ns, "2023-11-14T22:13:20.131456Z");
	assert_time(vm->faults->sites[0].first_ns, "2023-11-14T22:13:20.126456Z");
	assert_time(vm_host(vm, &manager->host)->saved_ns, "2023-11-14T23:13:20.123456Z");
}

static void test_clock_is_set(void **state)
{
	const struct nisv_vm_key identity = {.kvm = 0xffff0000c0000000ULL, .ino = 8};
	char before[WALLCLOCK_ISO_MAX], after[WALLCLOCK_ISO_MAX];
	struct manager *manager;
	struct timespec now;
	struct vm *vm, *live;

	(void)state;
	assert_int_equal(syscall(SYS_clock_gettime, CLOCK_REALTIME, &now), 0);
	wrong_by = BOOT - now.tv_sec;
	leave(true);
	manager = restart();
	assert_int_equal(manager->vms.n, 1);
	vm = manager->vms.list[0];
	assert_int_equal(vms_add(&manager->vms, &identity, OTHER_KEY, "4711-9", 4711, 9,
				 wallclock_now_ns(), &live),
			 0);
	wallclock_iso(live->first_seen_ns, before);
	assert_true(strncmp(before, "2023-03-28T", 11) == 0);
	assert_times_of_file(manager, vm);
	/* By this clock it did not end yet. */
	assert_true(api_is_listed(manager, vm, false));

	/* Set to an hour after the end. */
	wrong_by = SAMPLE_TIME_NS / 1000000000 + 3600 - now.tv_sec;
	assert_times_of_file(manager, vm);
	assert_true(api_is_listed(manager, vm, false));
	/* What this daemon saw moves with the clock. */
	wallclock_iso(live->first_seen_ns, after);
	assert_true(strncmp(after, "2023-11-14T23:", 14) == 0);
	assert_true(api_is_listed(manager, live, false));

	/* Loaded by the clock that was set: as before. */
	manager_free(manager);
	manager = restart();
	assert_int_equal(manager->vms.n, 1);
	vm = manager->vms.list[0];
	assert_times_of_file(manager, vm);
	wrong_by += 24 * 3600;
	assert_times_of_file(manager, vm);
	assert_false(api_is_listed(manager, vm, false));
	manager_free(manager);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_clock_is_set, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
