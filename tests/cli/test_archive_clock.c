/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A board without a clock of its own: dossiers are there before its clock is set. */

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "daemon/edge/api_call.h"
#include "daemon/edge/publish.h"
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

#define DAY 86400

/* Is a dossier kept for a day that was written @age seconds before the time that the clock is set
 * to, which is @by seconds ahead of what it was at the start? */
static bool is_kept(int by, int age)
{
	const char *path = leave(true);
	struct manager *manager;
	struct timespec now;
	bool is;

	assert_int_equal(syscall(SYS_clock_gettime, CLOCK_REALTIME, &now), 0);
	wrong_by = BOOT + by - now.tv_sec;
	assert_int_equal(utime(path, &(struct utimbuf){BOOT + by - age, BOOT + by - age}), 0);
	manager = restart();
	manager->config.dossier_age_s = DAY;
	publish_age(manager);
	is = access(path, F_OK) == 0;
	manager_free(manager);
	return is;
}

/* The clock is wrong for a while: that makes no dossier too old. */
static void test_age_by_a_clock_that_is_set(void **state)
{
	(void)state;
	assert_true(is_kept(0, DAY / 2));
	assert_false(is_kept(0, 2 * DAY));
	/* Of before it jumped ahead, and of after it was set back. */
	assert_true(is_kept(10 * DAY, 10 * DAY + 60));
	assert_true(is_kept(10 * DAY, 60));
	assert_true(is_kept(-10 * DAY, 60));
	assert_false(is_kept(10 * DAY, 12 * DAY));
	assert_false(is_kept(-10 * DAY, 2 * DAY));
}

/* What this nisvd wrote reads as it was, however often the clock was set since. */
static void test_own_times(void **state)
{
	const uint64_t before = wallclock_now_ns() / 1000 * 1000;
	char text[WALLCLOCK_ISO_MAX];
	uint64_t read = 0;
	int64_t stepped;

	(void)state;
	for (int i = 0; i < 3; i++) {
		stepped = wallclock_stepped_ns();
		wallclock_iso(before, text);
		wrong_by += i == 0 ? 3600 : -7200;
		wallclock_read_own(stepped);
		assert_int_equal(wallclock_parse(text, &read), 0);
		wallclock_read_files();
		assert_in_range(read, before - 1000, before + 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_clock_is_set, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_age_by_a_clock_that_is_set, set_up, tear_down),
		cmocka_unit_test(test_own_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
