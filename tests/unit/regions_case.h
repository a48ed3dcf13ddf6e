/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_REGIONS_CASE_H
#define NISVD_TESTS_REGIONS_CASE_H

/*
 * The address space as one list, for its tests. Whatever goes in, the list must be whole: from 0 to
 * the end, ascending, without gaps or overlaps.
 */

#include "daemon/core/regions.h"
#include "tests/unit/unit.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static inline void assert_whole(const struct regions *regions)
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

static inline struct regions build(const struct layout *layout, const struct machine *machine,
				   const struct faultmap *faults)
{
	struct regions regions;

	assert_int_equal(regions_build(layout, machine, faults, &regions), 0);
	assert_whole(&regions);
	return regions;
}

static inline void assert_region(const struct regions *regions, uint64_t ipa, uint64_t start,
				 uint64_t end, enum region_class class, const char *name,
				 const char *source)
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

static inline int clear(void **state)
{
	(void)state;
	layout_clear(&kept);
	return 0;
}

#define REGIONS_TEST(name) cmocka_unit_test_teardown(name, clear)

static inline struct layout layout_with(const struct nisv_slot *slots, uint32_t n,
					uint32_t ipa_bits)
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

#endif
