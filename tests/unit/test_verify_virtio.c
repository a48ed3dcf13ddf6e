/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The virtio-mmio transports of the guest's tree against KVM's doorbells. */

#include "tests/unit/verify_case.h"

static void test_transports(void **state)
{
	(void)state;
	vm.evidence.vmm = "firecracker";
	vm.evidence.machine = NULL;
	add_range(GUEST_DEVICE, 0xa000200, 0x200, "virtio_mmio@a000200", "virtio,mmio");
	expect_not_done("transports", "doorbell");
	add_bus(0xa000050, 4, true);
	assert_int_equal(expect("virtio-mmio-slot-absent")->address, 0xa000200);
	add_bus(0xa000250, 4, true);
	expect_silence();
	assert_true(check_named("transports")->done);
	vm.layout.n_bus--;
	vm.layout.total_bus--;
	vm.evidence.vmm = "kvmtool";
	expect_not_done("transports", "before they are used");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VERIFY_TEST(test_transports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
