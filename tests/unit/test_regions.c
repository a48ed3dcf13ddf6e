/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The address space as one list. Whatever goes in, the list must be whole: from 0 to the end,
 * ascending, without gaps or overlaps, and its sums must be those of the fault map.
 */

#include "daemon/core/regions.h"
#include "tests/unit/unit.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static void assert_whole(const struct regions *regions)
{
	uint64_t at = 0;

	assert_true(regions->n > 0);
	for (size_t i = 0; i < regions->n; i++) {
		const struct region *region = &regions->list[i];

		assert_int_equal(region->start, at);
		assert_true(region->end > region->start);
		assert_non_null(region->source);
		assert_true(region->name[0]);
		assert_null(strchr(region->name, '\n'));
		assert_ptr_equal(regions_at(regions, region->start), region);
		assert_ptr_equal(regions_at(regions, region->end - 1), region);
		at = region->end;
	}
	assert_int_equal(at, UINT64_MAX);
	assert_ptr_equal(regions_at(regions, UINT64_MAX), &regions->list[regions->n - 1]);
}

static struct regions build(const struct layout *layout, const struct machine *machine,
			    const struct faultmap *faults)
{
	struct regions regions;

	assert_int_equal(regions_build(layout, machine, faults, &regions), 0);
	assert_whole(&regions);
	return regions;
}

static void assert_region(const struct regions *regions, uint64_t ipa, uint64_t start, uint64_t end,
			  enum region_class class, const char *name, const char *source)
{
	const struct region *region = regions_at(regions, ipa);

	assert_int_equal(region->start, start);
	assert_int_equal(region->end, end);
	assert_int_equal(region->class, class);
	assert_string_equal(region->name, name);
	assert_string_equal(region->source, source);
}

/* What a test's layout owns; a copy of it may be changed, and point to other slots or buses. */
static struct layout kept;

static int clear(void **state)
{
	(void)state;
	layout_clear(&kept);
	return 0;
}

static struct layout layout_with(const struct nisv_slot *slots, uint32_t n, uint32_t ipa_bits)
{
	struct nisv_rec_layout rec = {
		.state = NISV_LAYOUT_STABLE,
		.n_slots = n,
		.total_slots = n,
		.vcpus = 2,
		.ipa_bits = ipa_bits,
		.vgic_dist = NISV_ADDR_UNSET,
		.vgic_cpu = NISV_ADDR_UNSET,
	};

	memcpy(rec.slots, slots, n * sizeof(*slots));
	assert_int_equal(layout_from_record(&kept, &rec), 0);
	return kept;
}

static const struct nisv_slot ram_and_flash[] = {
	{.gpa = 0x40000000, .size = GIB, .id = 0},
	{.gpa = 0, .size = 64 * MIB, .flags = NISV_SLOT_READONLY, .id = 1},
};

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

/* A map that the loader would refuse: whatever it is, the list is whole. */
static void test_a_map_that_overlaps_itself(void **state)
{
	const struct nisv_slot slots[] = {{.gpa = GIB, .size = GIB}, {.gpa = 3 * GIB, .size = GIB}};
	const struct layout layout = layout_with(slots, 2, 40);
	struct machine map = {.n_regions = MACHINE_REGIONS_MAX};
	struct regions regions;

	(void)state;
	for (size_t i = 0; i < map.n_regions; i++)
		map.regions[i] = (struct machine_region){
			.name = "all of it", .base = i * MIB, .size = 8 * GIB};
	regions = build(&layout, &map, NULL);
	assert_region(&regions, 2 * GIB, 2 * GIB, 3 * GIB, REGION_DEVICE, "all of it", "reference");
	regions_clear(&regions);
}

static void test_slots_that_are_no_memory(void **state)
{
	static const struct nisv_slot slots[] = {
		{.gpa = 1 * GIB, .size = MIB, .id = 0, .flags = NISV_SLOT_INVALID},
		{.gpa = 2 * GIB, .size = MIB, .id = 1, .as_id = 1},
		{.gpa = 3 * GIB, .size = 0, .id = 2},
		{.gpa = UINT64_MAX - MIB + 1, .size = 2 * MIB, .id = 3}, /* wraps around */
		{.gpa = 4 * GIB, .size = MIB, .id = -1},
	};
	const struct layout layout = layout_with(slots, ARRAY_SIZE(slots), 0);
	struct regions regions = build(&layout, NULL, NULL);

	(void)state;
	assert_int_equal(regions.n, 1);
	regions_clear(&regions);
}

static void test_overlapping_slots(void **state)
{
	/* KVM allows none in one address space: only a torn reading could show this. */
	static const struct nisv_slot slots[] = {
		{.gpa = 1 * GIB, .size = 4 * GIB, .id = 0},
		{.gpa = 2 * GIB, .size = 1 * GIB, .id = 1, .flags = NISV_SLOT_READONLY},
		{.gpa = 4 * GIB, .size = 2 * GIB, .id = 2, .flags = NISV_SLOT_READONLY},
	};
	const struct layout layout = layout_with(slots, ARRAY_SIZE(slots), 0);
	struct regions regions = build(&layout, NULL, NULL);

	(void)state;
	assert_region(&regions, 2 * GIB, 1 * GIB, 5 * GIB, REGION_RAM, "RAM", "kernel");
	assert_region(&regions, 5 * GIB, 5 * GIB, 6 * GIB, REGION_ROM, "ROM", "kernel");
	regions_clear(&regions);
}

static void test_memory_beyond_the_limit(void **state)
{
	static const struct nisv_slot slots[] = {{.gpa = 1ULL << 40, .size = GIB, .id = 0}};
	struct layout layout = layout_with(slots, 1, 36);
	struct regions regions = build(&layout, NULL, NULL);

	(void)state;
	assert_region(&regions, 1ULL << 40, 1ULL << 40, (1ULL << 40) + GIB, REGION_RAM, "RAM",
		      "kernel");
	assert_region(&regions, (1ULL << 40) + GIB, (1ULL << 40) + GIB, UINT64_MAX, REGION_HOLE,
		      "beyond the IPA limit", "kernel");
	assert_region(&regions, 0, 0, 1ULL << 36, REGION_HOLE, "hole", "kernel");
	assert_region(&regions, 1ULL << 36, 1ULL << 36, 1ULL << 40, REGION_HOLE,
		      "beyond the IPA limit", "kernel");
	regions_clear(&regions);
	layout.ipa_bits = 64;
	regions = build(&layout, NULL, NULL);
	assert_region(&regions, UINT64_MAX, (1ULL << 40) + GIB, UINT64_MAX, REGION_HOLE, "hole",
		      "kernel");
	regions_clear(&regions);
}

static void test_the_reference_reaches_the_end(void **state)
{
	static const struct machine machine = {
		.n_regions = 1,
		.regions = {{.name = "all the rest",
			     .base = 1ULL << 63,
			     .size = 1ULL << 63,
			     .class = REGION_DEVICE}},
	};
	const struct layout layout = layout_with(ram_and_flash, 2, 0);
	struct regions regions = build(&layout, &machine, NULL);

	(void)state;
	assert_region(&regions, UINT64_MAX, 1ULL << 63, UINT64_MAX, REGION_DEVICE, "all the rest",
		      "reference");
	regions_clear(&regions);
}

static void test_as_many_as_there_can_be(void **state)
{
	struct nisv_rec_layout rec = {
		.n_slots = UINT32_MAX, /* hostile counts are clamped */
		.n_bus = UINT32_MAX,
		.n_redist = UINT32_MAX,
		.total_slots = 400,
		.vcpus = UINT32_MAX,
		.vgic_model = NISV_VGIC_V3,
		.vgic_dist = 0x08000000,
		.vgic_cpu = NISV_ADDR_UNSET,
		.ipa_bits = UINT32_MAX,
	};
	struct machine machine = {.n_regions = MACHINE_REGIONS_MAX};
	struct regions regions;
	size_t ram = 0;

	(void)state;
	/* In falling order, each with a hole behind it, below regions of the reference map that
	 * each cover the holes of several slots. */
	for (size_t i = 0; i < NISV_SLOTS_MAX; i++)
		rec.slots[i] =
			(struct nisv_slot){.gpa = (1000 - i) * GIB, .size = MIB, .id = (__s16)i};
	for (size_t i = 0; i < NISV_BUS_MAX; i++)
		rec.bus[i] = (struct nisv_bus_range){.addr = 1500 * GIB + i * 0x1000, .len = 8};
	for (size_t i = 0; i < NISV_REDIST_MAX; i++)
		rec.redist[i] = (struct nisv_redist){.base = (2000 + i) * GIB, .count = 1};
	for (size_t i = 0; i < MACHINE_REGIONS_MAX; i++) {
		machine.regions[i] = (struct machine_region){
			.base = (872 + 2 * i) * GIB, .size = 2 * GIB, .class = REGION_DEVICE};
		snprintf(machine.regions[i].name, sizeof(machine.regions[i].name), "r%zu", i);
	}
	assert_int_equal(layout_from_record(&kept, &rec), 0);
	assert_int_equal(kept.n_slots, NISV_SLOTS_MAX);
	regions = build(&kept, &machine, NULL);
	for (size_t i = 0; i < regions.n; i++)
		ram += regions.list[i].class == REGION_RAM;
	assert_int_equal(ram, NISV_SLOTS_MAX);
	assert_region(&regions, 873 * GIB + MIB, 873 * GIB + MIB, 874 * GIB, REGION_DEVICE, "r0",
		      "reference");
	assert_region(&regions, 2003 * GIB, 2003 * GIB, 2003 * GIB + 0x20000, REGION_KERNEL_DEVICE,
		      "GICv3 redistributors", "kernel");
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
		assert_int_equal(faultmap_count_place(faults, &place_key, &place, 1), 0);
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

/* Addresses where something happens: near the ends, and few enough to collide. */
static uint64_t some_address(uint64_t *seed)
{
	uint64_t address = (uint64_t)unit_random(seed) << (unit_random(seed) % 40);

	return unit_random(seed) % 8 ? address : UINT64_MAX - (address & 0xffffff);
}

static void test_hostile_layouts(void **state)
{
	static struct nisv_rec_layout rec;
	static struct machine machine;
	uint64_t seed = 20;

	(void)state;
	for (size_t round = 0; round < 3000; round++) {
		uint8_t *bytes = (uint8_t *)&rec;
		struct regions regions;
		uint64_t base = 0;

		for (size_t i = 0; i < sizeof(rec); i++)
			bytes[i] = (uint8_t)unit_random(&seed);
		rec.n_slots = unit_random(&seed) % (NISV_SLOTS_MAX + 8);
		rec.vgic_model = unit_random(&seed) % 7;
		for (size_t i = 0; i < NISV_SLOTS_MAX; i++) {
			rec.slots[i].gpa = some_address(&seed);
			rec.slots[i].size = some_address(&seed);
			rec.slots[i].id = (__s16)(i - 2);
			rec.slots[i].as_id = unit_random(&seed) % 4 == 0;
			rec.slots[i].flags = unit_random(&seed) % 8 ? 0 : NISV_SLOT_INVALID;
		}
		machine.n_regions = unit_random(&seed) % (MACHINE_REGIONS_MAX + 1);
		for (size_t i = 0; i < machine.n_regions; i++) {
			base += 1 + unit_random(&seed);
			machine.regions[i].base = base;
			machine.regions[i].size = 1 + unit_random(&seed);
			machine.regions[i].vgic = unit_random(&seed) % 4 ? 0 : NISV_VGIC_V3;
			snprintf(machine.regions[i].name, sizeof(machine.regions[i].name), "x");
			base += machine.regions[i].size;
		}
		assert_int_equal(layout_from_record(&kept, &rec), 0);
		assert_true(kept.n_slots <= NISV_SLOTS_MAX);
		for (size_t i = 1; i < kept.n_slots; i++)
			assert_true(kept.slots[i - 1].as_id < kept.slots[i].as_id ||
				    kept.slots[i - 1].gpa <= kept.slots[i].gpa);
		regions = build(&kept, &machine, NULL);
		regions_clear(&regions);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_nothing_known, clear),
		cmocka_unit_test_teardown(test_slots_and_holes, clear),
		cmocka_unit_test_teardown(test_kernel_wins_over_reference, clear),
		cmocka_unit_test_teardown(test_bus_devices, clear),
		cmocka_unit_test_teardown(test_names_from_the_reference, clear),
		cmocka_unit_test_teardown(test_a_map_that_overlaps_itself, clear),
		cmocka_unit_test_teardown(test_slots_that_are_no_memory, clear),
		cmocka_unit_test_teardown(test_overlapping_slots, clear),
		cmocka_unit_test_teardown(test_memory_beyond_the_limit, clear),
		cmocka_unit_test_teardown(test_the_reference_reaches_the_end, clear),
		cmocka_unit_test_teardown(test_as_many_as_there_can_be, clear),
		cmocka_unit_test_teardown(test_sums, clear),
		cmocka_unit_test_teardown(test_hostile_layouts, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
