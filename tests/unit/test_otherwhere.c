/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What other machines have at an address. */

#include "tests/unit/unit.h"

#include "daemon/core/otherwhere.h"

#define DEVICE(base_, size_, ...)                                               \
	{                                                                       \
		.name = "device", .base = (base_), .size = (size_), __VA_ARGS__ \
	}

static const struct machine maps[] = {
	{.id = "own",
	 .arch = "arm64",
	 .n_regions = 1,
	 .regions = {DEVICE(0x1000, 0x1000, .vgic = 0)}},
	{.id = "other-vmm",
	 .arch = "arm64",
	 .n_regions = 3,
	 .regions = {DEVICE(0x1000, 0x1000, .vgic = 0), DEVICE(0x2000, 0x1000, .vgic = 0),
		     DEVICE(0x8000, 0x1000, .class = REGION_KERNEL_DEVICE)}},
	{.id = "board",
	 .arch = "arm64",
	 .is_alien = true,
	 .n_regions = 2,
	 .regions = {DEVICE(0x1000, 0x100, .vgic = 0), DEVICE(0x2000, 0x1000, .vgic = 0)}},
	{.id = "x86-board",
	 .arch = "x86_64",
	 .is_alien = true,
	 .n_regions = 1,
	 .regions = {DEVICE(0x1000, 0x1000, .vgic = 0)}},
	{.id = "no-devices",
	 .arch = "arm64",
	 .n_regions = 5,
	 .regions = {DEVICE(0x1000, 0x1000, .class = REGION_RAM),
		     DEVICE(0x1000, 0x1000, .class = REGION_ROM),
		     DEVICE(0x1000, 0x1000, .is_window = true),
		     DEVICE(0x1000, 0x1000, .role = ROLE_ECAM),
		     DEVICE(0x1000, 0x1000000, .vgic = 0)}},
};

static struct otherwhere other;

static int setup(void **state)
{
	(void)state;
	otherwhere_set(&other, maps, ARRAY_SIZE(maps), "arm64", "own");
	return 0;
}

/* ---- otherwhere_at -------------------------------------------------------------------------- */

static void boards_come_before_vmms(void **state)
{
	struct other_device devices[8];

	(void)state;
	assert_int_equal(otherwhere_at(&other, 0x1000, 1, devices, 8), 2);
	assert_string_equal(maps[devices[0].map].id, "board");
	assert_ptr_equal(devices[0].region, &maps[2].regions[0]);
	assert_string_equal(maps[devices[1].map].id, "other-vmm");
	assert_int_equal(otherwhere_at(&other, 0x1000, 1, devices, 1), 1);
	assert_string_equal(maps[devices[0].map].id, "board");
}

static void the_bytes_of_a_device(void **state)
{
	struct other_device devices[8];

	(void)state;
	assert_int_equal(otherwhere_at(&other, 0xfff, 1, devices, 8), 0);
	assert_int_equal(otherwhere_at(&other, 0x10ff, 1, devices, 8), 2);
	assert_int_equal(otherwhere_at(&other, 0x1100, 1, devices, 8), 1);
	assert_int_equal(otherwhere_at(&other, 0x3000, 1, devices, 8), 0);
	/* A range that begins before it. */
	assert_int_equal(otherwhere_at(&other, 0xe00, 0x200, devices, 8), 0);
	assert_int_equal(otherwhere_at(&other, 0xe00, 0x201, devices, 8), 2);
	assert_int_equal(otherwhere_at(&other, UINT64_MAX - 0x1ff, 0x200, devices, 8), 0);
}

static void the_kernels_devices_count(void **state)
{
	struct other_device devices[8];

	(void)state;
	assert_int_equal(otherwhere_at(&other, 0x8000, 1, devices, 8), 1);
}

/* One device of each machine, though more of them overlap there. */
static void no_machine_counts_twice(void **state)
{
	struct other_device devices[8];

	(void)state;
	assert_int_equal(otherwhere_at(&other, 0x1800, 0x1000, devices, 8), 2);
}

static void a_vm_without_a_map_of_its_own(void **state)
{
	struct other_device devices[8];

	(void)state;
	otherwhere_set(&other, maps, ARRAY_SIZE(maps), "arm64", "");
	assert_int_equal(otherwhere_at(&other, 0x1000, 1, devices, 8), 3);
	otherwhere_set(&other, maps, 0, "arm64", "");
	assert_int_equal(otherwhere_at(&other, 0x1000, 1, devices, 8), 0);
}

static void a_registry_beyond_all_bounds(void **state)
{
	static struct machine many[OTHERWHERE_MAPS_MAX + 1];
	struct other_device devices[8];

	(void)state;
	many[OTHERWHERE_MAPS_MAX] = maps[1];
	otherwhere_set(&other, many, ARRAY_SIZE(many), "arm64", "own");
	assert_int_equal(otherwhere_at(&other, 0x1000, 1, devices, 8), 0);
	many[OTHERWHERE_MAPS_MAX - 1] = maps[1];
	otherwhere_set(&other, many, ARRAY_SIZE(many), "arm64", "own");
	assert_int_equal(otherwhere_at(&other, 0x1000, 1, devices, 8), 1);
}

/* ---- otherwhere_touch, otherwhere_best ------------------------------------------------------ */

static void one_touch_may_be_chance(void **state)
{
	struct other_device device;
	unsigned int hits;

	(void)state;
	assert_false(otherwhere_best(&other, 0x2000, 1, &device, &hits));
	otherwhere_touch(&other, 0x2000, 1);
	assert_true(otherwhere_best(&other, 0x2000, 1, &device, &hits));
	assert_int_equal(hits, 1);
	assert_string_equal(maps[device.map].id, "board");
	otherwhere_touch(&other, 0x2800, 1); /* the same device */
	assert_true(otherwhere_best(&other, 0x2000, 1, &device, &hits));
	assert_int_equal(hits, 1);
}

static void the_machine_with_most_devices_touched(void **state)
{
	struct other_device device;
	unsigned int hits;

	(void)state;
	otherwhere_touch(&other, 0x2000, 1);
	otherwhere_touch(&other, 0x1200, 1); /* of the VMM's only */
	otherwhere_touch(&other, 0x8000, 1);
	assert_true(otherwhere_best(&other, 0x2000, 1, &device, &hits));
	assert_int_equal(hits, 3);
	assert_string_equal(maps[device.map].id, "other-vmm");
	/* Equal: the board. */
	otherwhere_touch(&other, 0x1000, 1);
	other.touched[1] = other.touched[2];
	assert_true(otherwhere_best(&other, 0x2000, 1, &device, &hits));
	assert_int_equal(hits, 2);
	assert_string_equal(maps[device.map].id, "board");
}

static void where_no_other_machine_has_anything(void **state)
{
	struct other_device device = {.map = 77};
	unsigned int hits = 77;

	(void)state;
	otherwhere_touch(&other, 0x2000, 1);
	assert_false(otherwhere_best(&other, 0x5000, 1, &device, &hits));
	assert_int_equal(hits, 77);
	assert_int_equal(device.map, 77);
}

#define OTHER_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OTHER_TEST(boards_come_before_vmms),
		OTHER_TEST(the_bytes_of_a_device),
		OTHER_TEST(the_kernels_devices_count),
		OTHER_TEST(no_machine_counts_twice),
		OTHER_TEST(a_vm_without_a_map_of_its_own),
		OTHER_TEST(a_registry_beyond_all_bounds),
		OTHER_TEST(one_touch_may_be_chance),
		OTHER_TEST(the_machine_with_most_devices_touched),
		OTHER_TEST(where_no_other_machine_has_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
