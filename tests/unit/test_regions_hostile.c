/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Layouts and maps that overlap, wrap around, end nowhere or are random: the list stays whole. */

#include "tests/unit/regions_case.h"

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
		REGIONS_TEST(test_a_map_that_overlaps_itself),
		REGIONS_TEST(test_slots_that_are_no_memory),
		REGIONS_TEST(test_overlapping_slots),
		REGIONS_TEST(test_memory_beyond_the_limit),
		REGIONS_TEST(test_the_reference_reaches_the_end),
		REGIONS_TEST(test_as_many_as_there_can_be),
		REGIONS_TEST(test_hostile_layouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
