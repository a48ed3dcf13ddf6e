/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The GIC, the CPUs and the MSI controllers of the guest's tree against the vGIC. */

#include "tests/unit/verify_case.h"

static void test_gic_version(void **state)
{
	const struct finding *finding;

	(void)state;
	vm.guest.gic_version = 2;
	range_of(GUEST_GIC_REDIST)->kind = GUEST_GIC_CPU;
	range_of(GUEST_GIC_ITS)->kind = GUEST_GIC_V2M;
	finding = expect("gic-version-mismatch");
	assert_int_equal(finding->severity, SEVERITY_ERROR);
	assert_contains(finding->summary, "GICv2");
	assert_contains(finding->advice[0], "gic-version=");
	/* Nor is the distributor told as a device that is absent, where VMMs place it by version.
	 */
	range_of(GUEST_GIC_DIST)->base = 0x3ffff000;
	expect("gic-version-mismatch");
	vm.layout.vgic_model = NISV_VGIC_NONE;
	run();
	assert_false(check_named("version")->done);
}

static void test_cpus(void **state)
{
	const struct finding *finding;

	(void)state;
	vm.guest.cpus = 4;
	finding = expect("redist-beyond-vcpus");
	assert_contains(finding->summary, "4 CPUs");
	assert_contains(finding->summary, "2 vCPUs");
	assert_int_equal(finding->address, 0x80a0000 + 2 * 0x20000);
	/* Fewer than there are is well; so are fewer redistributors, if they suffice. */
	vm.guest.cpus = 1;
	range_of(GUEST_GIC_REDIST)->size = 0x20000;
	expect_silence();
	vm.guest.cpus = 2;
	assert_contains(expect("redist-beyond-vcpus")->summary, "1 redistributors");
}

static void test_redists(void **state)
{
	(void)state;
	/* As for four CPUs, where they lie below the distributor. */
	vm.layout.redist[0] = (struct nisv_redist){.base = 0x8100000 - 2 * 0x20000};
	range_of(GUEST_GIC_REDIST)->base = 0x8100000 - 4 * 0x20000;
	range_of(GUEST_GIC_REDIST)->size = 4 * 0x20000;
	assert_int_equal(expect("redist-beyond-vcpus")->address, 0x8100000 - 4 * 0x20000);
	range_of(GUEST_GIC_REDIST)->base = 0x8100000 - 2 * 0x20000;
	expect_silence();
	/* In the middle of them, but at a whole one: as a tree with a region for each has it. */
	range_of(GUEST_GIC_REDIST)->base = 0x8100000 - 1 * 0x20000;
	expect_silence();
	range_of(GUEST_GIC_REDIST)->base += 0x10000;
	expect("redist-beyond-vcpus");
}

static void test_msi(void **state)
{
	(void)state;
	vm.layout.n_bus = vm.layout.total_bus = 1;
	assert_int_equal(expect("its-missing")->address, 0x8080000);
	/* What is there is a doorbell, no ITS. */
	vm.bus[0] = (struct nisv_bus_range){.addr = 0x8080000, .len = 4, .is_ioeventfd = 1};
	expect("its-missing");

	healthy(NULL);
	vm.layout.vgic_model = NISV_VGIC_V2;
	vm.layout.vgic_cpu = 0x8010000;
	vm.layout.n_redist = 0;
	vm.guest.gic_version = 2;
	range_of(GUEST_GIC_REDIST)->kind = GUEST_GIC_CPU;
	range_of(GUEST_GIC_ITS)->kind = GUEST_GIC_V2M;
	range_of(GUEST_GIC_V2M)->base = 0x8020000;
	expect_silence();
	range_of(GUEST_GIC_V2M)->base = 0x8060000;
	assert_int_equal(expect("gic-v2m-missing")->address, 0x8060000);
	vm.evidence.machine_confidence = 0.6;
	expect_not_done("MSI controllers", "GICv2m");

	/* With a GICv3 older versions of the machine have none. */
	healthy(NULL);
	add_range(GUEST_GIC_V2M, 0x8020000, 0x1000, "v2m@8020000", "arm,gic-v2m-frame");
	vm.options.machine_major = 8;
	expect("gic-v2m-missing");
	vm.options.machine_major = 0;
	expect_silence();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VERIFY_TEST(test_gic_version),
		VERIFY_TEST(test_cpus),
		VERIFY_TEST(test_redists),
		VERIFY_TEST(test_msi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
