/* SPDX-License-Identifier: GPL-2.0-or-later */

/* MMIO is counted exactly: what the test VMM did against what capture counted. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/native/watch.h"

#if defined(__x86_64__)
#define WRITE "--guest mmio-write-long --arg 0=0x10000000 "
#define READ  "--guest mmio-read-long --arg 0=0x10000000 "
#define BELLS "--ioeventfd 0x10000000 --ioeventfd 0x10001000 "
#else
#define WRITE "--guest mmio-write --arg 0=0x50000000 "
#define READ  "--guest mmio-read --arg 0=0x50000000 "
#define BELLS "--ioeventfd 0x50000000 --ioeventfd 0x50001000 "
#endif
#define FOUR_PLACES "--arg 2=4 --arg 3=4096 "

/* Handing a vCPU from thread to thread takes milliseconds where the host is emulated (the lab). */
#if defined(__x86_64__)
#define HANDED_TURNS "--arg 1=3000 "
#else
#define HANDED_TURNS "--arg 1=300 "
#endif

/* Whatever is counted is somewhere: total = places + unplaced, and never more user than all. */
static void assert_consistent(const struct totals *t)
{
	assert_int_equal(t->reads + t->writes, t->places_count + t->unplaced);
	assert_true(t->places_user <= t->places_count);
	assert_true(t->user <= t->reads + t->writes);
}

static uint64_t saw_all(const struct vmm *vmm, const char *name)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < vmm_n_vms(vmm); i++)
		sum += vmm_saw(vmm, i, name);
	return sum;
}

/* Half of the accesses by doorbells in the kernel, half by user space. */
static void test_million(void **state)
{
	struct watch watch;
	struct totals t;
	struct vmm vmm;

	(void)state;
	watch_start(&watch, NULL);
	vmm_run(&vmm, &watch, WRITE "--arg 1=1000000 " FOUR_PLACES BELLS);
	totals_read(&watch, vmm.pid, &t);
	assert_int_equal(t.vms, 1);
	assert_int_equal(t.writes, 1000000);
	assert_int_equal(t.reads, 0);
	assert_int_equal(vmm_saw(&vmm, 0, "mmio_writes"), 500000);
	assert_int_equal(t.user, 500000);
	assert_int_equal(t.n_places, 4);
	assert_int_equal(t.unplaced, 0);
	assert_consistent(&t);
	watch_assert_no_loss(&watch);
	vmm_free(&vmm);
	watch_stop(&watch);
}

/* Each place has its own count, and says who served it. */
static void test_places(void **state)
{
	const struct counters_place *places;
	const struct nisv_rec_vm *vm;
	struct counters *counters;
	size_t n, from = 0;
	struct watch watch;
	struct vmm vmm;

	(void)state;
	watch_start(&watch, NULL);
	vmm_run(&vmm, &watch, WRITE "--arg 1=4000 " FOUR_PLACES BELLS);
	vm = watch_vm(&watch, vmm.pid, &from);
	assert_non_null(vm);
	assert_int_equal(counters_read(watch.capture, &counters), 0);
	places = counters_places(counters, &vm->hdr.vm, &n);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(places[i].key.is_write, 1);
		assert_int_equal(places[i].place.count, 1000);
		assert_int_equal(places[i].place.user, i < 2 ? 0 : 1000);
		if (i)
			assert_int_equal(places[i].key.place - places[i - 1].key.place,
					 4096 >> NISV_PLACE_SHIFT);
	}
	counters_free(counters);
	vmm_free(&vmm);
	watch_stop(&watch);
}

/* A read that user space completes makes kvm_mmio fire twice. */
static void test_reads_once(void **state)
{
	struct watch watch;
	struct totals t;
	struct vmm vmm;

	(void)state;
	watch_start(&watch, NULL);
	vmm_run(&vmm, &watch, READ "--arg 1=50000 " FOUR_PLACES);
	totals_read(&watch, vmm.pid, &t);
	assert_int_equal(t.reads, 50000);
	assert_int_equal(t.writes, 0);
	assert_int_equal(t.user, 50000);
	assert_int_equal(vmm_saw(&vmm, 0, "mmio_reads"), 50000);
	assert_consistent(&t);
	watch_assert_no_loss(&watch);
	vmm_free(&vmm);
	watch_stop(&watch);
}

/* More places than a cache holds: each is thrown out and comes back. */
static void test_more_places_than_cache(void **state)
{
	struct watch watch;
	struct totals t;
	struct vmm vmm;

	(void)state;
	watch_start(&watch, NULL);
	vmm_run(&vmm, &watch, WRITE "--arg 1=30000 --arg 2=1000 --arg 3=512 ");
	totals_read(&watch, vmm.pid, &t);
	assert_int_equal(t.writes, 30000);
	assert_int_equal(t.user, 30000);
	assert_int_equal(t.n_places, 1000);
	assert_int_equal(t.unplaced, 0);
	assert_int_equal(t.places_user, 30000);
	assert_consistent(&t);
	watch_assert_no_loss(&watch);
	vmm_free(&vmm);
	watch_stop(&watch);
}

/* Past the VM's budget the place is lost, never the count. */
static void test_budget(void **state)
{
	const struct capture_options options = {.count_mmio = true, .places_per_vm = 16};
	struct watch watch;
	struct totals t;
	struct vmm vmm;

	(void)state;
	watch_start(&watch, &options);
	vmm_run(&vmm, &watch, WRITE "--arg 1=20000 --arg 2=1000 --arg 3=512 ");
	totals_read(&watch, vmm.pid, &t);
	assert_int_equal(t.writes, 20000);
	assert_true(t.unplaced > 0);
	assert_consistent(&t);
	watch_assert_no_loss(&watch);
	vmm_free(&vmm);
	watch_stop(&watch);
}

/* Whoever runs a vCPU, and wherever: each VM gets its own. */
static void check_threads(const char *args)
{
	struct counters *counters;
	struct watch watch;
	struct vmm vmm;

	watch_start(&watch, NULL);
	vmm_run(&vmm, &watch, args);
	assert_int_equal(counters_read(watch.capture, &counters), 0);
	for (size_t i = 0; i < vmm_n_vms(&vmm); i++) {
		const struct counters_vm *vm;
		char dir[NISV_DIR_LEN];

		snprintf(dir, sizeof(dir), "%d-%d", vmm.pid, (int)vmm_saw(&vmm, i, "fd"));
		vm = counters_of_vm(&watch, counters, vmm.pid, dir);
		assert_non_null(vm);
		assert_int_equal(vm->stat.mmio_writes, vmm_saw(&vmm, i, "mmio_writes"));
		assert_int_equal(vm->stat.mmio_user, vmm_saw(&vmm, i, "mmio_writes"));
	}
	assert_true(saw_all(&vmm, "mmio_writes") > 0);
	counters_free(counters);
	watch_assert_no_loss(&watch);
	vmm_free(&vmm);
	watch_stop(&watch);
}

static void test_two_vms_one_thread(void **state)
{
	(void)state;
	/* Different numbers, so that a mix-up shows. */
	check_threads(WRITE HANDED_TURNS "--vm-step 1=200 --vms 2 --one-thread " FOUR_PLACES);
}

static void test_moved_between_threads(void **state)
{
	(void)state;
	check_threads(WRITE HANDED_TURNS
		      "--vm-step 1=100 --vms 2 --vcpus 2 --move-threads " FOUR_PLACES);
}

static void test_pinned(void **state)
{
	(void)state;
	check_threads(WRITE "--arg 1=3000 --vm-step 1=1000 --vms 3 --vcpus 2 --pin 0 " FOUR_PLACES);
}

static void test_migrating(void **state)
{
	(void)state;
	check_threads(WRITE
		      "--arg 1=10000 --vm-step 1=1000 --vms 2 --vcpus 2 --migrate " FOUR_PLACES);
}

/* The kernel reuses the address of a VM at once, and the process its descriptor. */
static void test_recreated(void **state)
{
	struct counters *counters;
	struct watch watch;
	size_t from = 0, n = 0;
	const struct nisv_rec_vm *vm;
	struct vmm vmm;

	(void)state;
	watch_start(&watch, NULL);
	vmm_run(&vmm, &watch, WRITE "--arg 1=100 --repeat 40 " FOUR_PLACES);
	assert_int_equal(vmm_n_vms(&vmm), 40);
	assert_int_equal(counters_read(watch.capture, &counters), 0);
	while ((vm = watch_vm(&watch, vmm.pid, &from))) {
		const struct counters_vm *found = counters_find(counters, &vm->hdr.vm);

		assert_non_null(found);
		assert_int_equal(found->stat.mmio_writes, 100);
		assert_int_equal(found->stat.mmio_user, 100);
		n++;
	}
	assert_int_equal(n, 40);
	counters_free(counters);
	watch_assert_no_loss(&watch);
	vmm_free(&vmm);
	watch_stop(&watch);
}

static void test_switched_off(void **state)
{
	const struct capture_options options = {.count_mmio = false};
	const struct capture_source *sources;
	struct watch watch;
	struct totals t;
	struct vmm vmm;
	bool off = false;
	size_t n;

	(void)state;
	watch_start(&watch, &options);
	sources = capture_sources(watch.capture, &n);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(sources[i].name, "kvm_mmio"))
			off = sources[i].state == CAPTURE_OFF;
	assert_true(off);
	vmm_run(&vmm, &watch, WRITE "--arg 1=100 " FOUR_PLACES);
	totals_read(&watch, vmm.pid, &t);
	assert_int_equal(t.reads + t.writes + t.user, 0);
	vmm_free(&vmm);
	watch_stop(&watch);
}

/* Forgetting one VM leaves the others, and what the caches still hold comes back in no snapshot. */
static void test_forget(void **state)
{
	struct watch watch;
	struct vmm gone, kept;
	const struct nisv_rec_vm *vm;
	struct nisv_vm_key key;
	struct totals t;
	size_t from = 0;

	(void)state;
	watch_start(&watch, NULL);
	vmm_run(&gone, &watch, WRITE "--arg 1=1000 " FOUR_PLACES);
	vmm_run(&kept, &watch, WRITE "--arg 1=1000 --arg 2=300 --arg 3=512 ");
	vm = watch_vm(&watch, gone.pid, &from);
	assert_non_null(vm);
	key = vm->hdr.vm;
	assert_int_equal(counters_forget(watch.capture, &key, 1), 0);
	totals_read(&watch, gone.pid, &t);
	assert_int_equal(t.vms, 0);
	totals_read(&watch, kept.pid, &t);
	assert_int_equal(t.vms, 1);
	assert_int_equal(t.writes, 1000);
	assert_consistent(&t);
	watch_assert_no_loss(&watch);
	vmm_free(&gone);
	vmm_free(&kept);
	watch_stop(&watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_million),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_reads_once),
		cmocka_unit_test(test_more_places_than_cache),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_two_vms_one_thread),
		cmocka_unit_test(test_moved_between_threads),
		cmocka_unit_test(test_pinned),
		cmocka_unit_test(test_migrating),
		cmocka_unit_test(test_recreated),
		cmocka_unit_test(test_switched_off),
		cmocka_unit_test(test_forget),
	};

	watch_require_host();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
