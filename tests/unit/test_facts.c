/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What holds for the whole VM: what of its memory is RAM, what the guest was told. */

#include "tests/unit/scenario_machines.h"

#include "daemon/core/facts.h"

static struct facts facts;

static void set(void)
{
	facts_set(&facts, &sc.evidence);
}

static bool is_ram(size_t i)
{
	return facts_slot_is_ram(&facts, &sc.layout.slots[i]);
}

/* ---- RAM ------------------------------------------------------------------------------------ */

static void a_vm_with_one_piece_of_ram(void **state)
{
	(void)state;
	set();
	assert_false(facts.is_x86);
	assert_true(facts.has_all_slots);
	assert_true(facts.has_ram);
	assert_int_equal(facts.ram.start, RAM_BASE);
	assert_int_equal(facts.ram.end, RAM_END);
	assert_int_equal(facts.ram_bytes, 16 * MIB);
	assert_true(is_ram(0));
	assert_false(facts_slot_is_ram(&facts, NULL));
	sc.host.arch = "x86_64";
	set();
	assert_true(facts.is_x86);
}

static void other_machines_than_the_vms_own(void **state)
{
	static const struct machine maps[] = {
		{.id = "bare", .arch = "arm64"},
		{.id = "virt", .arch = "arm64"},
		{.id = "q35", .arch = "x86_64"},
	};

	(void)state;
	sc.host.maps = maps;
	sc.host.n_maps = ARRAY_SIZE(maps);
	set();
	assert_int_equal(facts.otherwhere.n_others, 1);
	assert_int_equal(facts.otherwhere.others[0], 1);
	sc.evidence.machine = NULL;
	set();
	assert_int_equal(facts.otherwhere.n_others, 2);
}

static void a_layout_that_is_not_known_or_cut(void **state)
{
	(void)state;
	sc.layout.total_slots = 2;
	set();
	assert_false(facts.has_all_slots);
	assert_true(facts.has_ram);
	sc.layout.known = false;
	set();
	assert_false(facts.has_all_slots);
	assert_false(facts.has_ram);
	assert_int_equal(facts.ram_bytes, 0);
}

/* ROM, what KVM made for itself, what is being changed, what only SMM sees. */
static void slots_that_are_no_ram(void **state)
{
	(void)state;
	scenario_x86();
	scenario_slot(1, 0x80000000, 64 * MIB, NISV_SLOT_READONLY);
	scenario_slot(2, 0x90000000, 64 * MIB, NISV_SLOT_INVALID);
	scenario_slot(32764, 0xa0000000, 64 * MIB, 0);
	sc.rec.slots[3].id = 32764;
	scenario_slot(4, 0xb0000000, 256 * MIB, 0);
	sc.rec.slots[4].as_id = 1;
	layout_from_record(&sc.layout, &sc.rec);
	set();
	assert_int_equal(facts.ram_bytes, 128 * MIB);
	assert_int_equal(facts.ram.end, 128 * MIB);
	for (size_t i = 1; i < sc.layout.n_slots; i++)
		assert_false(is_ram(i));
}

/* Small ones are BARs, unless the RAM itself is small. */
static void how_large_ram_is(void **state)
{
	(void)state;
	scenario_no_slots();
	scenario_slot(0, RAM_BASE, 1024 * MIB, 0);
	scenario_slot(1, 0x90000000, 64 * MIB, 0);
	scenario_slot(2, 0xa0000000, 64 * MIB - 0x1000, 0);
	set();
	assert_true(is_ram(1));
	assert_false(is_ram(2));
	assert_int_equal(facts.ram_bytes, 1088 * MIB);
	scenario_no_slots();
	scenario_slot(0, RAM_BASE, 16 * MIB, 0);
	scenario_slot(1, 0x90000000, 2 * MIB, 0);
	scenario_slot(2, 0xa0000000, 2 * MIB - 0x1000, 0);
	set();
	assert_true(is_ram(1));
	assert_false(is_ram(2));
}

/* A BAR is where the machine has a window, however large it is; RAM that reaches beyond is none. */
static void memory_in_a_window_is_a_bar(void **state)
{
	(void)state;
	scenario_qemu_virt();
	scenario_slot(1, 0x8000000000, 8 * GIB, 0);
	scenario_slot(2, 0x3e000000, 0x2000000, 0); /* beyond the end of the window */
	set();
	assert_int_equal(facts.ram.start, 0x3e000000);
	for (size_t i = 0; i < sc.layout.n_slots; i++)
		assert_int_equal(is_ram(i), sc.layout.slots[i].id != 1);
}

static void ram_in_adjoining_slots(void **state)
{
	(void)state;
	scenario_slot(1, RAM_END, 16 * MIB, 0);
	scenario_slot(2, 0x50000000, 24 * MIB, 0);
	set();
	assert_int_equal(facts.ram.start, RAM_BASE);
	assert_int_equal(facts.ram.end, RAM_END + 16 * MIB);
	assert_int_equal(facts.ram_bytes, 56 * MIB);
}

/* A part that is as small as a BAR is RAM as the rest of its piece. */
static void a_small_part_of_ram(void **state)
{
	(void)state;
	scenario_slot(1, 0x100000000, 4 * GIB, 0);
	scenario_slot(2, RAM_END, GIB, 0);
	scenario_slot(3, 0x90000000, 16 * MIB, 0); /* on its own */
	scenario_slot(4, 0x91000000, 16 * MIB, NISV_SLOT_READONLY);
	scenario_slot(5, RAM_END + GIB, 16 * MIB, 0);
	set();
	for (size_t i = 0; i < sc.layout.n_slots; i++)
		assert_int_equal(is_ram(i),
				 sc.layout.slots[i].id < 3 || sc.layout.slots[i].id == 5);
}

/* ---- what the guest was told ---------------------------------------------------------------- */

static const char *told_at(uint64_t ipa, uint64_t extent)
{
	const struct guest_range *range = facts_guest_at(
		&facts, GUEST_BIT(GUEST_DEVICE) | GUEST_BIT(GUEST_GIC_DIST), ipa, extent);

	return range ? range->name : "";
}

static void the_narrowest_range_wins(void **state)
{
	(void)state;
	scenario_told(GUEST_DEVICE, 0x1000, 0x3000, "bus");
	scenario_told(GUEST_GIC_DIST, 0x2000, 0x1000, "intc");
	scenario_told(GUEST_MEMORY, 0x2000, 0x100, "memory"); /* was not asked for */
	scenario_told(GUEST_DEVICE, 0x2000, 0x10, "off")->disabled = true;
	set();
	assert_true(facts.has_guest);
	assert_string_equal(told_at(0x1000, 1), "bus");
	assert_string_equal(told_at(0x2000, 1), "intc");
	assert_string_equal(told_at(0x2fff, 1), "intc");
	assert_string_equal(told_at(0x3000, 1), "bus");
	assert_string_equal(told_at(0xfff, 1), "");
	assert_string_equal(told_at(0x4000, 1), "");
	assert_string_equal(told_at(0xe00, 0x200), "");
	assert_string_equal(told_at(0xe00, 0x201), "bus");
	sc.guest.state = GUEST_NOT_FOUND;
	set();
	assert_false(facts.has_guest);
	assert_string_equal(told_at(0x1000, 1), "");
}

static void a_tree_that_may_be_a_file_is_marked(void **state)
{
	(void)state;
	scenario_tree_may_be_file();
	set();
	assert_true(facts.has_guest);
	assert_true(facts.guest_may_be_file);
	sc.guest.cpus = 7;
	set();
	assert_false(facts.has_guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(a_vm_with_one_piece_of_ram),
		SCENARIO_TEST(other_machines_than_the_vms_own),
		SCENARIO_TEST(a_layout_that_is_not_known_or_cut),
		SCENARIO_TEST(slots_that_are_no_ram),
		SCENARIO_TEST(how_large_ram_is),
		SCENARIO_TEST(memory_in_a_window_is_a_bar),
		SCENARIO_TEST(ram_in_adjoining_slots),
		SCENARIO_TEST(a_small_part_of_ram),
		SCENARIO_TEST(the_narrowest_range_wins),
		SCENARIO_TEST(a_tree_that_may_be_a_file_is_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
