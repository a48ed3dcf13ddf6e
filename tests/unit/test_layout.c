/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/unit.h"

#include "daemon/core/layout.h"

#define MIB 0x100000ULL

static struct nisv_rec_layout rec;
static struct layout layout;

static int setup(void **state)
{
	(void)state;
	memset(&rec, 0, sizeof(rec));
	memset(&layout, 0xff, sizeof(layout));
	rec.state = NISV_LAYOUT_STABLE;
	rec.vgic_dist = rec.vgic_cpu = NISV_ADDR_UNSET;
	return 0;
}

static void add_slot(int id, uint64_t gpa, uint64_t size, uint32_t flags, int as_id)
{
	rec.slots[rec.n_slots++] = (struct nisv_slot){.gpa = gpa,
						      .size = size,
						      .id = (int16_t)id,
						      .flags = flags,
						      .as_id = (uint16_t)as_id};
	rec.total_slots++;
}

static void slots_are_sorted_and_found(void **state)
{
	(void)state;
	add_slot(1, 0x80000000, 16 * MIB, 0, 0);
	add_slot(0, 0x40000000, 16 * MIB, 0, 0);
	add_slot(2, 0, 64 * MIB, NISV_SLOT_READONLY, 0);
	layout_from_record(&layout, &rec);

	assert_true(layout.known);
	assert_int_equal(layout.n_slots, 3);
	assert_int_equal(layout.slots[0].id, 2);
	assert_int_equal(layout.slots[2].id, 1);
	assert_int_equal(layout_slot_at(&layout, 0)->id, 2);
	assert_int_equal(layout_slot_at(&layout, 0x40000000)->id, 0);
	assert_int_equal(layout_slot_at(&layout, 0x40ffffff)->id, 0);
	assert_null(layout_slot_at(&layout, 0x41000000));
	assert_int_equal(layout_slot_below(&layout, 0x41000000)->id, 0);
	assert_int_equal(layout_slot_above(&layout, 0x41000000)->id, 1);
	assert_int_equal(layout_slot_below(&layout, UINT64_MAX)->id, 1);
	assert_null(layout_slot_above(&layout, UINT64_MAX));
	assert_null(layout_slot_below(&layout, 0x1000));
	assert_int_equal(layout_ram_bytes(&layout), 32 * MIB);
}

static void invalid_slots_are_no_memory(void **state)
{
	(void)state;
	add_slot(0, 0x40000000, 16 * MIB, NISV_SLOT_INVALID, 0);
	layout_from_record(&layout, &rec);
	assert_int_equal(layout.n_slots, 1);
	assert_null(layout_slot_at(&layout, 0x40000000));
	assert_null(layout_slot_below(&layout, 0x41000000));
	assert_null(layout_slot_above(&layout, 0));
	assert_int_equal(layout_ram_bytes(&layout), 0);
}

static void other_address_spaces_are_not_the_guests(void **state)
{
	(void)state;
	add_slot(3, 0x30000, 0x10000, 0, 1);
	add_slot(0, 0, MIB, 0, 0);
	layout_from_record(&layout, &rec);
	assert_int_equal(layout_slot_at(&layout, 0x30000)->id, 0);
	assert_int_equal(layout_ram_bytes(&layout), MIB);
}

static void hostile_records_are_clamped(void **state)
{
	(void)state;
	for (size_t i = 0; i < NISV_SLOTS_MAX; i++)
		add_slot((int)i, i * MIB, MIB, 0, 0);
	rec.slots[0].size = 0;
	rec.slots[1].gpa = UINT64_MAX - 10; /* wraps */
	rec.slots[1].size = 100;
	rec.slots[2].id = -1;
	rec.slots[3].size = UINT64_MAX;
	rec.n_slots = UINT32_MAX;
	rec.n_bus = UINT32_MAX;
	rec.n_redist = UINT32_MAX;
	rec.state = 77;
	rec.ipa_bits = 1000;
	layout_from_record(&layout, &rec);
	assert_int_equal(layout.n_slots, NISV_SLOTS_MAX - 4);
	assert_int_equal(layout.n_bus, NISV_BUS_MAX);
	assert_int_equal(layout.n_redist, NISV_REDIST_MAX);
	assert_int_equal(layout.state, NISV_LAYOUT_UNSTABLE);
	assert_int_equal(layout.ipa_bits, 0);
	assert_int_equal(layout.total_slots, NISV_SLOTS_MAX); /* what was there is still told */
}

static void main_ram_is_the_largest_adjoining_run(void **state)
{
	struct range ram = {1, 2};

	(void)state;
	add_slot(0, 0, 64 * MIB, NISV_SLOT_READONLY, 0);
	layout_from_record(&layout, &rec);
	assert_false(layout_main_ram(&layout, &ram));
	assert_int_equal(ram.start, 1); /* untouched */

	add_slot(1, 0x10000000, 32 * MIB, 0, 0);
	add_slot(2, 0x40000000, 16 * MIB, 0, 0);
	add_slot(3, 0x41000000, 16 * MIB, 0, 0);
	add_slot(4, 0x42000000, 16 * MIB, 0, 0);
	layout_from_record(&layout, &rec);
	assert_true(layout_main_ram(&layout, &ram));
	assert_int_equal(ram.start, 0x40000000);
	assert_int_equal(ram.end, 0x43000000);
}

static void ram_from_address_zero_is_a_run(void **state)
{
	struct range ram;

	(void)state;
	add_slot(0, 0, MIB, 0, 0);
	add_slot(1, MIB, MIB, 0, 0);
	layout_from_record(&layout, &rec);
	assert_true(layout_main_ram(&layout, &ram));
	assert_int_equal(ram.start, 0);
	assert_int_equal(ram.end, 2 * MIB);
}

static void vgic_frames_have_the_sizes_of_kvm(void **state)
{
	(void)state;
	rec.vgic_model = NISV_VGIC_V3;
	rec.vgic_dist = 0x08000000;
	rec.redist[0] = (struct nisv_redist){.base = 0x080a0000, .count = 2};
	rec.n_redist = 1;
	layout_from_record(&layout, &rec);
	assert_string_equal(layout_vgic_frame(&layout, 0x0800ffff), "distributor");
	assert_null(layout_vgic_frame(&layout, 0x08010000));
	assert_string_equal(layout_vgic_frame(&layout, 0x080dffff), "redistributor");
	assert_null(layout_vgic_frame(&layout, 0x080e0000));
	assert_null(layout_vgic_frame(&layout, 0x0809ffff));

	rec.redist[0].count = 0; /* by the old attribute: as many as vCPUs */
	rec.vcpus = 1;
	layout_from_record(&layout, &rec);
	assert_string_equal(layout_vgic_frame(&layout, 0x080bffff), "redistributor");
	assert_null(layout_vgic_frame(&layout, 0x080c0000));

	rec.vgic_model = NISV_VGIC_V2;
	rec.vgic_cpu = 0x08010000;
	layout_from_record(&layout, &rec);
	assert_string_equal(layout_vgic_frame(&layout, 0x08000fff), "distributor");
	assert_null(layout_vgic_frame(&layout, 0x08001000));
	assert_string_equal(layout_vgic_frame(&layout, 0x08011fff), "CPU interface");
	assert_null(layout_vgic_frame(&layout, 0x08012000));

	rec.vgic_model = NISV_VGIC_NONE;
	layout_from_record(&layout, &rec);
	assert_null(layout_vgic_frame(&layout, 0x08000000));
}

static void a_vgic_without_a_place_is_nowhere(void **state)
{
	(void)state;
	rec.vgic_model = NISV_VGIC_V3;
	rec.n_redist = 1;
	rec.redist[0] = (struct nisv_redist){.base = NISV_ADDR_UNSET, .count = UINT32_MAX};
	layout_from_record(&layout, &rec);
	assert_null(layout_vgic_frame(&layout, 0));
	assert_null(layout_vgic_frame(&layout, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(slots_are_sorted_and_found, setup),
		cmocka_unit_test_setup(invalid_slots_are_no_memory, setup),
		cmocka_unit_test_setup(other_address_spaces_are_not_the_guests, setup),
		cmocka_unit_test_setup(hostile_records_are_clamped, setup),
		cmocka_unit_test_setup(main_ram_is_the_largest_adjoining_run, setup),
		cmocka_unit_test_setup(ram_from_address_zero_is_a_run, setup),
		cmocka_unit_test_setup(vgic_frames_have_the_sizes_of_kvm, setup),
		cmocka_unit_test_setup(a_vgic_without_a_place_is_nowhere, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
