/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What capture tells of a VM reaches it, and what the configuration has to say about it. */

#include "daemon/edge/counters.h"
#include "daemon/edge/ingest.h"
#include "daemon/edge/ingest_counters.h"
#include "tests/cli/sample.h"

static void test_storm_rate(void **state)
{
	const struct manager_options options = {.offline = true, .machine_path = "daemon/machines"};
	struct nisv_rec_vm rec = {
		.hdr = {.type = NISV_REC_VM,
			.size = sizeof(rec),
			.vm = {.kvm = 0xffff888000000000, .ino = 7},
			.seq = 1,
			.time_ns = 1,
			.tgid = (__u32)getpid()},
		.vm_fd = 9,
	};
	struct manager *manager = NULL;
	struct config config;

	(void)state;
	config_defaults(&config);
	assert_int_equal(config.mmio_storm_rate, FAULTMAP_BUSY_RATE);
	config.mmio_storm_rate = 77;
	assert_int_equal(manager_new(&options, &config, &manager), 0);
	ingest_ops.on_vm(&rec, manager);
	assert_int_equal(manager->vms.n, 1);
	assert_int_equal(manager->vms.list[0]->faults->busy_rate, 77);
	manager_free(manager);
}

/* The VMM answers a fault after it was counted, and maybe read: nothing else changes then. */
static void test_answer_after_the_last_reading(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	const struct site *site = &vm->faults->sites[0];
	const struct nisv_site_key key = {
		.vm = vm->kernel_key, .page = site->page, .pc = site->pc, .kind = site->kind};
	struct nisv_site counted = {.count = site->count,
				    .outcome = site->outcome,
				    .first_ns = site->first_ns,
				    .last_ns = site->last_ns};
	struct counters_vm from = {.key = vm->kernel_key, .stat = vm->totals};
	const struct counters counters = {.vms = &from, .n_vms = 1};
	struct ingest_sites sites = {.manager = manager};

	(void)state;
	assert_false(ingest_news(manager, &counters));
	ingest_count(vm, &counters, &from, SAMPLE_TIME_NS);
	assert_false(vm->dirty);
	counted.answers = from.stat.answers = 1;
	ingest_site(&key, &counted, &sites);
	assert_null(site_vmm_answer(site));
	assert_true(ingest_news(manager, &counters));
	ingest_site(&key, &counted, &sites);
	ingest_count(vm, &counters, &from, SAMPLE_TIME_NS);
	assert_true(vm->dirty);
	assert_string_equal(site_vmm_answer(site), "abort-injected");
	/* And only then. */
	vm->dirty = false;
	assert_false(ingest_news(manager, &counters));
	assert_false(vm->dirty);
	manager_free(manager);
}

/* New sites come in no order, and each once. */
static void test_new_sites(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct ingest_sites sites = {.manager = manager};
	const struct nisv_site site = {.count = 3};
	size_t before = vm->faults->n_sites;

	(void)state;
	vm->dirty = true;
	for (uint64_t i = 0; i < 100; i++) {
		const struct nisv_site_key key = {.vm = vm->kernel_key,
						  .page = 0x900000 + i * 37 % 100,
						  .kind = NISV_KIND_NISV};

		ingest_site(&key, &site, &sites);
	}
	assert_int_equal(vm->faults->n_sites, before);
	ingest_new_sites(&sites);
	assert_int_equal(vm->faults->n_sites, before + 100);
	for (size_t i = 1; i < vm->faults->n_sites; i++)
		assert_true(vm->faults->sites[i].page >= vm->faults->sites[i - 1].page);
	manager_free(manager);
}

/* What kills a VM past its budget of places has a record, and is told at a place: it counts once.
 */
static void test_unplaced_with_a_record(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct counters_vm from = {.key = vm->kernel_key};
	const struct counters counters = {};

	(void)state;
	from.stat.sites = vm->faults->n_sites;
	from.stat.unplaced_faults = 5;
	ingest_count(vm, &counters, &from, SAMPLE_TIME_NS);
	assert_int_equal(vm->totals.unplaced_faults, 5);
	from.stat.sites--;
	ingest_count(vm, &counters, &from, SAMPLE_TIME_NS);
	assert_int_equal(vm->totals.unplaced_faults, 4);
	from.stat.unplaced_faults = 0;
	ingest_count(vm, &counters, &from, SAMPLE_TIME_NS);
	assert_int_equal(vm->totals.unplaced_faults, 0);
	manager_free(manager);
}

/* Devices that were made after the memory map was read are in it before what the guest does to them
 * is judged. */
static void test_map_read_again_when_the_guest_runs(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct counters_vm from = {.key = vm->kernel_key};
	const struct counters counters = {};

	(void)state;
	vm->totals = from.stat;
	ingest_count(vm, &counters, &from, SAMPLE_TIME_NS);
	assert_false(vm->layout_lost);
	from.stat.mmio_writes = 1;
	ingest_count(vm, &counters, &from, SAMPLE_TIME_NS);
	assert_true(vm->layout_lost);
	vm->layout_lost = false;
	from.stat.mmio_reads = 1;
	ingest_count(vm, &counters, &from, SAMPLE_TIME_NS);
	assert_false(vm->layout_lost);
	manager_free(manager);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storm_rate),
		cmocka_unit_test(test_answer_after_the_last_reading),
		cmocka_unit_test(test_new_sites),
		cmocka_unit_test(test_unplaced_with_a_record),
		cmocka_unit_test(test_map_read_again_when_the_guest_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
