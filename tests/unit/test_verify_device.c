/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The devices of the guest's tree against the machine's map. */

#include "tests/unit/verify_case.h"

static void test_not_looked_at(void **state)
{
	(void)state;
	/* Disabled nodes, nodes without a driver, memory that a driver means. */
	add_range(GUEST_DEVICE, 0xe000000, 0x1000000, "secram@e000000", "arm,x")->disabled = true;
	add_range(GUEST_MEMORY, 0xe0000000, 0x1000000, "memory@e0000000", "")->disabled = true;
	add_range(GUEST_DEVICE, 0xc00000000, 0x1000, "thing@c00000000", "");
	add_range(GUEST_DEVICE, RAM + MIB, 0x1000, "vmgenid", "microsoft,vmgenid");
	add_range(GUEST_DEVICE, RAM + 2 * MIB, 0x1000, "fb", "simple-framebuffer");
	expect_silence();
}

static void test_device(void **state)
{
	const struct finding *finding;
	double confidence;

	(void)state;
	add_range(GUEST_DEVICE, 0x9ff0000, 0x1000, "watchdog@9ff0000", "arm,sp805");
	finding = expect("dt-device-absent");
	assert_int_equal(finding->severity, SEVERITY_WARNING);
	assert_int_equal(finding->address, 0x9ff0000);
	assert_contains(finding->summary, "watchdog@9ff0000");
	confidence = finding->confidence;
	/* What the version of the machine tells. */
	vm.options.machine_major = 8;
	assert_true(expect("dt-device-absent")->confidence > confidence);
	/* Whatever KVM has there will do. */
	add_bus(0x9ff0050, 4, true);
	expect_silence();
	/* One that the machine has with an option that was not given. */
	healthy(NULL);
	add_range(GUEST_DEVICE, 0x9050000, 0x20000, "smmuv3@9050000", "arm,smmu-v3");
	finding = expect("dt-device-absent");
	assert_true(finding->confidence >= 0.8);
	assert_contains(finding->evidence[0], "SMMUv3");
	/* And one that is in the map, but optional. */
	vm.machine.regions[vm.machine.n_regions++] = (struct machine_region)REGION(
		"SMMU", 0x9050000, 0x20000, REGION_DEVICE, .optional = true);
	expect_silence();
}

static void test_device_under_ram(void **state)
{
	(void)state;
	add_range(GUEST_DEVICE, RAM + 0x2000, 0x1000, "uart@40002000", "ns16550a");
	assert_contains(expect("dt-device-absent")->where, "RAM");
	vm.backing[0].kind = BACKING_UNKNOWN;
	expect_silence();
}

static void test_many_devices(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 12; i++)
		add_range(GUEST_DEVICE, 0xd0000000 + i * 0x1000, 0x1000, "thing", "acme,thing");
	assert_contains(expect("wrong-machine-layout")->summary, "12 of its 18 devices");
}

static void test_wrong_machine(void **state)
{
	const struct finding *finding;

	(void)state;
	/* A board's own tree, but for this VM's memory. */
	vm.guest.n_ranges = 0;
	vm.guest.gic_version = 2;
	add_range(GUEST_MEMORY, RAM, 512 * MIB, "memory@40000000", "");
	add_range(GUEST_DEVICE, 0xfe201000, 0x200, "serial@7e201000", "arm,pl011");
	add_range(GUEST_DEVICE, 0xfe200000, 0xb4, "gpio@7e200000", "brcm,bcm2711-gpio");
	add_range(GUEST_DEVICE, 0xfe00b880, 0x40, "mailbox@7e00b880", "brcm,bcm2835-mbox");
	add_range(GUEST_GIC_DIST, 0xff841000, 0x1000, "interrupt-controller@40041000",
		  "arm,gic-400");
	finding = expect("wrong-machine-layout");
	assert_true(finding->confidence >= 0.9);
	assert_contains(finding->summary, "raspberry-pi-4");
	/* One of them alone is one device too many. */
	healthy(NULL);
	add_range(GUEST_DEVICE, 0xfe201000, 0x200, "serial@7e201000", "arm,pl011");
	finding = expect("dt-device-absent");
	assert_int_equal(finding->n_alternatives, 1);
	assert_string_equal(finding->alternatives[0].cause, "wrong-machine-layout");
	/* The GIC's version is right, its place is not. */
	healthy(NULL);
	range_of(GUEST_GIC_DIST)->base = 0x3fff0000;
	assert_contains(expect("dt-device-absent")->summary, "intc@8000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VERIFY_TEST(test_not_looked_at),    VERIFY_TEST(test_device),
		VERIFY_TEST(test_device_under_ram), VERIFY_TEST(test_many_devices),
		VERIFY_TEST(test_wrong_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
