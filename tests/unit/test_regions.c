/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is where: memory, devices and holes, by the kernel and by a map, and the sums of the fault
 * map. */

#include "tests/unit/regions_case.h"

static const struct machine board = {
	.id = "board",
	.n_regions = 4,
	.regions =
		{
			{.name = "FLASH", .base = 0, .size = 128 * MIB, .class = REGION_ROM},
			{.name = "GICv3 by the book",
			 .base = 0x08000000,
			 .size = 0x20000,
			 .class = REGION_KERNEL_DEVICE,
			 .vgic = NISV_VGIC_V3},
			{.name = "UART",
			 .base = 0x09000000,
			 .size = 0x1000,
			 .class = REGION_DEVICE},
			{.name = "window",
			 .base = 0x3f000000,
			 .size = 4 * GIB,
			 .class = REGION_DEVICE},
		},
};

static void test_nothing_known(void **state)
{
	const struct layout layout = {};
	struct regions regions = build(&layout, NULL, NULL);

	(void)state;
	assert_int_equal(regions.n, 1);
	assert_region(&regions, 0, 0, UINT64_MAX, REGION_HOLE, "hole", "kernel");
	regions_clear(&regions);
	assert_null(regions.list);
}

static void test_slots_and_holes(void **state)
{
	const struct layout layout = layout_with(ram_and_flash, 2, 40);
	struct regions regions = build(&layout, NULL, NULL);

	(void)state;
	assert_int_equal(regions.n, 5);
	assert_region(&regions, 1, 0, 64 * MIB, REGION_ROM, "ROM", "kernel");
	assert_region(&regions, 64 * MIB, 64 * MIB, GIB, REGION_HOLE, "hole", "kernel");
	assert_region(&regions, GIB, GIB, 2 * GIB, REGION_RAM, "RAM", "kernel");
	assert_region(&regions, 2 * GIB, 2 * GIB, 1ULL << 40, REGION_HOLE, "hole", "kernel");
	assert_region(&regions, 1ULL << 40, 1ULL << 40, UINT64_MAX, REGION_HOLE,
		      "beyond the IPA limit", "kernel");
	regions_clear(&regions);
}

static void test_kernel_wins_over_reference(void **state)
{
	struct layout layout = layout_with(ram_and_flash, 2, 40);
	struct regions regions;

	(void)state;
	layout.vgic_model = NISV_VGIC_V3;
	layout.vgic_dist = 0x08000000;
	layout.n_redist = 1;
	layout.redist[0] = (struct nisv_redist){.base = 0x080a0000, .count = 0};
	regions = build(&layout, &board, NULL);
	/* Flash of the book, halved by what the kernel maps as such. */
	assert_region(&regions, 0, 0, 64 * MIB, REGION_ROM, "ROM", "kernel");
	assert_region(&regions, 64 * MIB, 64 * MIB, 128 * MIB, REGION_ROM, "FLASH", "reference");
	assert_region(&regions, 0x08000000, 0x08000000, 0x08010000, REGION_KERNEL_DEVICE,
		      "GICv3 distributor", "kernel");
	assert_region(&regions, 0x08010000, 0x08010000, 0x08020000, REGION_KERNEL_DEVICE,
		      "GICv3 by the book", "reference");
	/* Without a count of their own, the redistributors are as many as the vCPUs. */
	assert_region(&regions, 0x080a0000, 0x080a0000, 0x080e0000, REGION_KERNEL_DEVICE,
		      "GICv3 redistributors", "kernel");
	assert_region(&regions, 0x09000fff, 0x09000000, 0x09001000, REGION_DEVICE, "UART",
		      "reference");
	/* RAM lies in the middle of the window: a piece on each side. */
	assert_region(&regions, 0x3f000000, 0x3f000000, 0x40000000, REGION_DEVICE, "window",
		      "reference");
	assert_region(&regions, 0x50000000, 0x40000000, 0x80000000, REGION_RAM, "RAM", "kernel");
	assert_region(&regions, 0x80000000, 0x80000000, 0x3f000000 + 4 * GIB, REGION_DEVICE,
		      "window", "reference");
	regions_clear(&regions);
	/* A region of another vGIC's is none. */
	layout.vgic_model = NISV_VGIC_V2;
	layout.n_redist = 0;
	layout.vgic_cpu = 0x08010000;
	regions = build(&layout, &board, NULL);
	assert_region(&regions, 0x08000000, 0x08000000, 0x08001000, REGION_KERNEL_DEVICE,
		      "GICv2 distributor", "kernel");
	assert_region(&regions, 0x08001000, 0x08001000, 0x08010000, REGION_HOLE, "hole", "kernel");
	assert_region(&regions, 0x08010000, 0x08010000, 0x08012000, REGION_KERNEL_DEVICE,
		      "GICv2 CPU interface", "kernel");
	regions_clear(&regions);
}

static void test_bus_devices(void **state)
{
	struct layout layout = layout_with(ram_and_flash, 1, 0);
	struct nisv_bus_range bus[] = {{.addr = 0x0a000050, .len = 4, .is_ioeventfd = 1},
				       {.addr = 0x0b000000, .len = 0x100},
				       {.addr = 0x0c000000, .len = 0}};
	struct regions regions;

	(void)state;
	layout.n_bus = 3;
	layout.bus = bus;
	regions = build(&layout, NULL, NULL);
	/* A doorbell is no region of its own, and neither is nothing. */
	assert_region(&regions, 0x0a000050, 0, 0x0b000000, REGION_HOLE, "hole", "kernel");
	assert_region(&regions, 0x0b0000ff, 0x0b000000, 0x0b000100, REGION_KERNEL_DEVICE,
		      "in-kernel device", "kernel");
	assert_region(&regions, 0x0c000000, 0x0b000100, GIB, REGION_HOLE, "hole", "kernel");
	regions_clear(&regions);
}

/* What KVM has on its bus is named by the map, memory that is none is a hole. */
static void test_names_from_the_reference(void **state)
{
	static const struct machine map = {
		.n_regions = 3,
		.regions =
			{
				{.name = "GIC ITS",
				 .base = 0x08080000,
				 .size = 0x20000,
				 .class = REGION_KERNEL_DEVICE,
				 .vgic = NISV_VGIC_V3},
				{.name = "PCI window",
				 .base = 0x10000000,
				 .size = 0x10000000,
				 .class = REGION_DEVICE,
				 .is_window = true},
				{.name = "memory hotplug area",
				 .base = 2 * GIB,
				 .size = 2 * GIB,
				 .class = REGION_RAM,
				 .is_window = true,
				 .optional = true},
			},
	};
	const struct nisv_slot slots[] = {
		{.gpa = GIB, .size = GIB, .id = 0},
		{.gpa = 0x18000000, .size = MIB, .id = 1},
		{.gpa = 2 * GIB, .size = GIB, .id = 2},
	};
	struct layout layout = layout_with(slots, 3, 40);
	struct nisv_bus_range bus[] = {{.addr = 0x08080000, .len = 0x20000},
				       {.addr = 0x10000000, .len = 0x1000}};
	struct regions regions;

	(void)state;
	layout.vgic_model = NISV_VGIC_V3;
	layout.n_bus = 2;
	layout.bus = bus;
	regions = build(&layout, &map, NULL);
	assert_region(&regions, 0x08080000, 0x08080000, 0x080a0000, REGION_KERNEL_DEVICE, "GIC ITS",
		      "kernel");
	assert_region(&regions, 0x10000000, 0x10000000, 0x10001000, REGION_KERNEL_DEVICE,
		      "in-kernel device", "kernel");
	/* A BAR that is mapped into the guest lies in the window. */
	assert_region(&regions, 0x10001000, 0x10001000, 0x18000000, REGION_DEVICE, "PCI window",
		      "reference");
	assert_region(&regions, 0x18000000, 0x18000000, 0x18100000, REGION_RAM, "RAM", "kernel");
	assert_region(&regions, 0x18100000, 0x18100000, 0x20000000, REGION_DEVICE, "PCI window",
		      "reference");
	/* One DIMM is plugged. */
	assert_region(&regions, 2 * GIB, 2 * GIB, 3 * GIB, REGION_RAM, "RAM", "kernel");
	assert_region(&regions, 3 * GIB, 3 * GIB, 4 * GIB, REGION_HOLE, "memory hotplug area",
		      "reference");
	regions_clear(&regions);
}

static void test_sums(void **state)
{
	static const uint64_t pages[] = {0, 0x3ffff, 0x40000, 0x7ffff, 0x80000, 0xfffffffffffff};
	const struct layout layout = layout_with(ram_and_flash, 2, 40);
	struct faultmap *faults = faultmap_new();
	struct regions regions;
	uint64_t aborts = 0, mmio = 0;

	(void)state;
	assert_non_null(faults);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		const struct nisv_site_key key = {.page = pages[i], .kind = NISV_KIND_NISV};
		const struct nisv_site site = {.count = 1ULL << (4 * i), .ipa = pages[i] << 12};
		const struct nisv_place_key place_key = {.place = pages[i] << 3};
		const struct nisv_place place = {.count = 3ULL << (4 * i)};

		assert_int_equal(faultmap_count_site(faults, &key, &site), 0);
		assert_int_equal(faultmap_count_place(faults, &place_key, &place, 1), 1);
	}
	regions = build(&layout, NULL, faults);
	assert_int_equal(regions_at(&regions, 0)->aborts, 0x1);
	assert_int_equal(regions_at(&regions, 0x3ffff000)->aborts, 0x10);
	assert_int_equal(regions_at(&regions, 0x40000000)->aborts, 0x1100);
	assert_int_equal(regions_at(&regions, 0x40000000)->mmio, 0x3300);
	assert_int_equal(regions_at(&regions, 0x80000000)->aborts, 0x10000);
	assert_int_equal(regions_at(&regions, UINT64_MAX)->aborts, 0x100000);
	for (size_t i = 0; i < regions.n; i++) {
		aborts += regions.list[i].aborts;
		mmio += regions.list[i].mmio;
	}
	assert_int_equal(aborts, 0x111111);
	assert_int_equal(mmio, 0x333333);
	regions_clear(&regions);
	faultmap_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REGIONS_TEST(test_nothing_known),
		REGIONS_TEST(test_slots_and_holes),
		REGIONS_TEST(test_kernel_wins_over_reference),
		REGIONS_TEST(test_bus_devices),
		REGIONS_TEST(test_names_from_the_reference),
		REGIONS_TEST(test_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
