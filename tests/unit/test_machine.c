/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/unit.h"

#include "daemon/core/machine.h"

static const struct machine maps[] = {
	{
		.id = "other-arm64",
		.vmm = "firecracker",
		.arch = "arm64",
		.n_regions = 1,
		.regions = {{.name = "serial", .base = 0x40002000, .size = 0x1000}},
	},
	{
		.id = "qemu-virt-arm64",
		.vmm = "qemu",
		.arch = "arm64",
		.match = "virt",
		.n_regions = 3,
		.regions =
			{
				{.name = "v2",
				 .base = 0x08000000,
				 .size = 0x1000,
				 .vgic = NISV_VGIC_V2},
				{.name = "v3",
				 .base = 0x08000000,
				 .size = 0x10000,
				 .vgic = NISV_VGIC_V3},
				{.name = "uart", .base = 0x09000000, .size = 0x1000},
			},
	},
};

static struct layout layout;
static double confidence;
static const char *reason;

static int setup(void **state)
{
	(void)state;
	memset(&layout, 0, sizeof(layout));
	layout.known = true;
	layout.vgic_model = NISV_VGIC_V3;
	layout.vgic_dist = 0x08000000;
	layout.n_slots = 1;
	layout.slots[0] = (struct nisv_slot){.gpa = 0x40000000, .size = 0x1000000};
	confidence = 0;
	reason = NULL;
	return 0;
}

static const struct machine *choose(const char *arch, const char *vmm, const char *option)
{
	return machine_choose(maps, ARRAY_SIZE(maps), arch, vmm, option, &layout, &confidence,
			      &reason);
}

static void the_command_line_decides(void **state)
{
	(void)state;
	layout.known = false;
	assert_ptr_equal(choose("arm64", "qemu", "virt"), &maps[1]);
	assert_true(confidence == 0.9);
	assert_non_null(reason);
	assert_ptr_equal(choose("arm64", "qemu", "virt-9.1"), &maps[1]);
	assert_ptr_equal(choose("arm64", "firecracker", ""), &maps[0]);
	assert_null(choose("arm64", "qemu", "virtual"));
	assert_null(choose("arm64", "qemu", "raspi4b"));
	assert_null(choose("x86_64", "qemu", "virt"));
	assert_null(choose("arm64", "qemu", ""));
}

static void a_likeness_is_weaker(void **state)
{
	(void)state;
	assert_ptr_equal(choose("arm64", "unknown", ""), &maps[1]);
	assert_true(confidence == 0.6);
	assert_ptr_equal(choose("arm64", "qemu", ""), &maps[1]);
	assert_true(confidence == 0.6);
}

static void a_likeness_never_overrules_the_command_line(void **state)
{
	(void)state;
	assert_null(choose("arm64", "crosvm", ""));
	assert_null(choose("arm64", "qemu", "sbsa-ref"));
	assert_true(confidence == 0); /* untouched */
}

static void half_a_likeness_is_none(void **state)
{
	(void)state;
	layout.vgic_dist = 0x08ff0000;
	assert_null(choose("arm64", "unknown", ""));
	setup(state);
	layout.vgic_model = NISV_VGIC_NONE;
	assert_null(choose("arm64", "unknown", ""));
	setup(state);
	layout.slots[0].gpa = 0x3f000000; /* RAM covers the address but begins elsewhere */
	layout.slots[0].size = 0x2000000;
	assert_null(choose("arm64", "unknown", ""));
	setup(state);
	layout.known = false;
	assert_null(choose("arm64", "unknown", ""));
	assert_null(
		machine_choose(maps, 0, "arm64", "qemu", "virt", &layout, &confidence, &reason));
}

static void regions_depend_on_the_vgic(void **state)
{
	(void)state;
	assert_string_equal(machine_region_at(&maps[1], NISV_VGIC_V2, 0x08000000)->name, "v2");
	assert_string_equal(machine_region_at(&maps[1], NISV_VGIC_V3, 0x0800ffff)->name, "v3");
	assert_null(machine_region_at(&maps[1], NISV_VGIC_V2, 0x08001000));
	assert_null(machine_region_at(&maps[1], NISV_VGIC_NONE, 0x08000000));
	assert_string_equal(machine_region_at(&maps[1], NISV_VGIC_NONE, 0x09000fff)->name, "uart");
	assert_null(machine_region_at(&maps[1], NISV_VGIC_NONE, 0x09001000));
	assert_null(machine_region_at(NULL, NISV_VGIC_V3, 0x09000000));
}

static void classes_have_names(void **state)
{
	(void)state;
	assert_string_equal(region_class_name(REGION_KERNEL_DEVICE), "kernel-device");
	assert_string_equal(region_class_name(REGION_HOLE), "hole");
	assert_string_equal(region_class_name(_REGION_CLASS_MAX), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_command_line_decides, setup),
		cmocka_unit_test_setup(a_likeness_is_weaker, setup),
		cmocka_unit_test_setup(a_likeness_never_overrules_the_command_line, setup),
		cmocka_unit_test_setup(half_a_likeness_is_none, setup),
		cmocka_unit_test_setup(regions_depend_on_the_vgic, setup),
		cmocka_unit_test(classes_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
