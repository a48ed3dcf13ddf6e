/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the configuration has to say about a VM reaches it when capture first tells of it. */

#include "daemon/edge/ingest.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storm_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
