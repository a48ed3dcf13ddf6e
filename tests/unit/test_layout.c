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
	layout_clear(&layout);
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

static void many_slots_are_looked_up(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (size_t i = 0; i < NISV_SLOTS_MAX; i++)
		add_slot((int)i, i * 3 * MIB, (1 + i % 3) * MIB, i % 7 ? 0 : NISV_SLOT_INVALID,
			 i >= 600);
	assert_int_equal(layout_from_record(&layout, &rec), 0);
	for (unsigned n = 0; n < 20000; n++) {
		uint64_t ipa = ((uint64_t)unit_random(&seed) << 12) % (2000 * MIB);
		const struct nisv_slot *at = NULL, *below = NULL, *above = NULL;

		for (size_t i = 0; i < rec.n_slots; i++) {
			const struct nisv_slot *s = &rec.slots[i];

			if (s->as_id || (s->flags & NISV_SLOT_INVALID))
				continue;
			if (ipa >= s->gpa && ipa < s->gpa + s->size)
				at = s;
			if (s->gpa + s->size <= ipa)
				below = s;
			if (s->gpa > ipa && !above)
				above = s;
		}
		assert_int_equal(at ? at->id : -1, layout_slot_at(&layout, ipa)
							   ? layout_slot_at(&layout, ipa)->id
							   : -1);
		assert_int_equal(
			below ? below->id : -1,
			layout_slot_below(&layout, ipa) ? layout_slot_below(&layout, ipa)->id : -1);
		assert_int_equal(
			above ? above->id : -1,
			layout_slot_above(&layout, ipa) ? layout_slot_above(&layout, ipa)->id : -1);
	}
}

/* KVM's own on x86 are memory, but no RAM; arm64 has none, whatever the id. */
static void internal_slots_are_no_ram(void **state)
{
	(void)state;
	add_slot(0, 0, MIB, 0, 0);
	add_slot(32763, MIB, MIB, 0, 0);
	add_slot(32764, 0xfffbc000, 0x3000, 0, 0);
	assert_int_equal(layout_from_record(&layout, &rec), 0);
	assert_int_equal(layout_ram_bytes(&layout), 2 * MIB);
	assert_int_equal(layout_slot_at(&layout, 0xfffbd000)->id, 32764);
	assert_true(layout_slot_is_internal(&layout, &layout.slots[2]));
	rec.ipa_bits = 40;
	assert_int_equal(layout_from_record(&layout, &rec), 0);
	assert_int_equal(layout_ram_bytes(&layout), 2 * MIB + 0x3000);
}

static const struct nisv_slot none = {.id = -1};

static int apply(enum nisv_slot_change what, struct nisv_slot before, struct nisv_slot after,
		 uint64_t generation)
{
	const struct nisv_rec_slot change = {
		.change = what,
		.before = before,
		.after = after,
		.generation = generation,
	};

	return layout_apply(&layout, &change);
}

static void changes_are_applied(void **state)
{
	const struct nisv_slot first = {.gpa = 4 * MIB, .size = MIB, .id = 1};
	struct nisv_slot moved = first, logged;

	(void)state;
	assert_int_equal(apply(NISV_SLOT_CREATED, none, first, 9), 0);
	assert_false(layout.known); /* a change alone is no layout */
	add_slot(7, 8 * MIB, MIB, 0, 0);
	rec.generation = 10;
	assert_int_equal(layout_from_record(&layout, &rec), 0);

	assert_int_equal(apply(NISV_SLOT_CREATED, none, first, 10), 0); /* in it already */
	assert_int_equal(layout.n_slots, 1);
	assert_int_equal(apply(NISV_SLOT_CREATED, none, first, 11), 0);
	assert_int_equal(layout.n_slots, 2);
	assert_int_equal(layout.total_slots, 2);
	assert_int_equal(layout.slots[0].id, 1);
	assert_int_equal(layout.generation, 11);
	moved.gpa = 12 * MIB;
	assert_int_equal(apply(NISV_SLOT_MOVED, first, moved, 13), 0);
	assert_int_equal(layout.n_slots, 2);
	assert_int_equal(layout.slots[1].id, 1);
	assert_null(layout_slot_at(&layout, 4 * MIB));
	logged = moved;
	logged.flags = NISV_SLOT_LOG_DIRTY;
	assert_int_equal(apply(NISV_SLOT_FLAGS, moved, logged, 14), 0);
	assert_int_equal(layout_slot_at(&layout, 12 * MIB)->flags, NISV_SLOT_LOG_DIRTY);
	assert_int_equal(apply(NISV_SLOT_DELETED, first, none, 12), 0); /* an old one, late */
	assert_int_equal(layout.n_slots, 2);
	assert_int_equal(apply(NISV_SLOT_DELETED, logged, none, 16), 0);
	assert_int_equal(layout.n_slots, 1);
	assert_int_equal(layout.total_slots, 1);
	assert_int_equal(layout.slots[0].id, 7);
	assert_int_equal(apply(NISV_SLOT_DELETED, logged, none, 17), 0); /* of nothing */
	assert_int_equal(layout.total_slots, 1);
}

static void changes_beyond_what_is_described_are_counted(void **state)
{
	const struct nisv_slot low = {.gpa = MIB, .size = MIB, .id = 1000};
	const struct nisv_slot hidden = {.gpa = 5000 * MIB, .size = MIB, .id = 700};

	(void)state;
	for (size_t i = 0; i < NISV_SLOTS_MAX; i++)
		add_slot((int)i, i * 4 * MIB, MIB, 0, 0);
	rec.total_slots = NISV_SLOTS_MAX + 2;
	assert_int_equal(layout_from_record(&layout, &rec), 0);
	assert_int_equal(apply(NISV_SLOT_CREATED, none, low, 1), 0);
	assert_int_equal(layout.n_slots, NISV_SLOTS_MAX);
	assert_int_equal(layout.total_slots, NISV_SLOTS_MAX + 3);
	assert_int_equal(apply(NISV_SLOT_DELETED, hidden, none, 2), 0);
	assert_int_equal(layout.total_slots, NISV_SLOTS_MAX + 2);
	assert_int_equal(apply(NISV_SLOT_DELETED, rec.slots[0], none, 3), 0);
	assert_int_equal(layout.n_slots, NISV_SLOTS_MAX - 1);
	assert_int_equal(layout.total_slots, NISV_SLOTS_MAX + 1);
}

/* While KVM changes the map, the new one carries the old number and bit 63. */
static void generations_in_progress_are_in_between(void **state)
{
	const uint64_t progress = 1ULL << 63;

	(void)state;
	assert_int_equal(layout_compare_generations(5, 5), 0);
	assert_true(layout_compare_generations(5, 6) < 0);
	assert_true(layout_compare_generations(6, 5) > 0);
	assert_true(layout_compare_generations(5, 5 | progress) < 0);
	assert_true(layout_compare_generations(5 | progress, 6) < 0);
}

static void equal_layouts_say_the_same(void **state)
{
	struct layout other = {};

	(void)state;
	add_slot(0, 0, MIB, 0, 0);
	rec.bus[0] = (struct nisv_bus_range){.addr = 0x1000, .len = 4};
	rec.n_bus = rec.total_bus = 1;
	rec.vcpus = 2;
	assert_int_equal(layout_from_record(&layout, &rec), 0);
	assert_int_equal(layout_from_record(&other, &rec), 0);
	assert_true(layout_equal(&layout, &other));
	rec.vcpus = 3;
	assert_int_equal(layout_from_record(&other, &rec), 0);
	assert_false(layout_equal(&layout, &other));
	rec.vcpus = 2;
	rec.bus[0].is_ioeventfd = 1;
	assert_int_equal(layout_from_record(&other, &rec), 0);
	assert_false(layout_equal(&layout, &other));
	rec.bus[0].is_ioeventfd = 0;
	rec.slots[0].flags = NISV_SLOT_READONLY;
	assert_int_equal(layout_from_record(&other, &rec), 0);
	assert_false(layout_equal(&layout, &other));
	layout_clear(&other);
	assert_false(layout_equal(&layout, &other));
}

static int teardown(void **state)
{
	(void)state;
	layout_clear(&layout);
	return 0;
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
		cmocka_unit_test_setup(many_slots_are_looked_up, setup),
		cmocka_unit_test_setup(internal_slots_are_no_ram, setup),
		cmocka_unit_test_setup(changes_are_applied, setup),
		cmocka_unit_test_setup(changes_beyond_what_is_described_are_counted, setup),
		cmocka_unit_test_setup(generations_in_progress_are_in_between, setup),
		cmocka_unit_test_setup(equal_layouts_say_the_same, setup),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
