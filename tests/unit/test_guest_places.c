/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/unit.h"

#include "daemon/core/guest_places.h"

#define MIB 0x100000ULL
#define GIB 0x40000000ULL

static struct nisv_slot slots[40];
static struct layout layout;
static uint64_t places[GUEST_PLACES_MAX];
static size_t n;

static int setup(void **state)
{
	(void)state;
	memset(slots, 0, sizeof(slots));
	layout = (struct layout){.known = true, .slots = slots};
	return 0;
}

static void add(uint64_t gpa, uint64_t size, uint32_t flags)
{
	slots[layout.n_slots++] = (struct nisv_slot){.gpa = gpa, .size = size, .flags = flags};
	layout.total_slots = (uint32_t)layout.n_slots;
}

static bool has(uint64_t ipa)
{
	for (size_t i = 0; i < n; i++)
		if (places[i] == ipa)
			return true;
	return false;
}

static void look(void)
{
	n = guest_places(&layout, places);
	assert_true(n <= GUEST_PLACES_MAX);
	for (size_t i = 0; i < n; i++)
		assert_non_null(layout_slot_at(&layout, places[i]));
}

static void qemu_with_flash(void **state)
{
	(void)state;
	add(0, 64 * MIB, NISV_SLOT_READONLY);
	add(0x40000000, 4 * GIB, 0);
	look();
	assert_int_equal(places[0], 0x40000000);
	assert_true(has(0x48000000));
	assert_true(has(0x4be00000)); /* after an initrd of some 60 MiB */
	assert_true(has(0));
	assert_false(has(64 * MIB));
}

static void every_run_has_its_ends(void **state)
{
	(void)state;
	/* Cloud Hypervisor with 8 GiB: the tree is in the lesser run. */
	add(0x40000000, 0xbc000000, 0);
	add(0x100000000, 2 * GIB, 0);
	add(0x180000000, 3 * GIB, 0);
	look();
	assert_true(has(0x40000000));
	assert_true(has(0xfbe00000));
	assert_true(has(0x100000000));
	assert_true(has(0x240000000 - 2 * MIB));
	assert_false(has(0x180000000 - 2 * MIB + GIB)); /* adjoining slots are one run */
}

static void kvmtool_stays_in_256_mib(void **state)
{
	(void)state;
	add(0x80000000, GIB, 0);
	look();
	assert_true(has(0x8fe00000));
}

static void tiny_and_odd_ram_is_no_trouble(void **state)
{
	(void)state;
	look();
	assert_int_equal(n, 0);
	add(0x40001000, 0x1000, 0);
	look();
	assert_int_equal(n, 1);
	add(UINT64_MAX - 3 * MIB, 3 * MIB, 0);
	look();
	assert_true(n >= 3 && n < 10);
	setup(NULL);
	add(0x40000000, GIB, NISV_SLOT_INVALID);
	look();
	assert_int_equal(n, 0);
}

static void many_runs_are_bounded(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 40; i++)
		add(i * 4 * GIB, 2 * GIB, 0);
	look();
	assert_int_equal(n, GUEST_PLACES_MAX);
}

static void the_search_is_at_both_ends(void **state)
{
	struct range ranges[2];

	(void)state;
	assert_int_equal(guest_search(&layout, 64 * MIB, ranges), 0);
	add(0x40000000, 128 * MIB, 0);
	assert_int_equal(guest_search(&layout, 64 * MIB, ranges), 1);
	assert_int_equal(ranges[0].start, 0x40000000);
	assert_int_equal(ranges[0].end, 0x48000000);
	slots[0].size += 0x1000;
	assert_int_equal(guest_search(&layout, 64 * MIB, ranges), 2);
	assert_int_equal(ranges[0].end, 0x44000000);
	assert_int_equal(ranges[1].start, 0x44001000);
	assert_int_equal(ranges[1].end, 0x48001000);
}

#define test(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(qemu_with_flash),		test(every_run_has_its_ends),
		test(kvmtool_stays_in_256_mib), test(tiny_and_odd_ram_is_no_trouble),
		test(many_runs_are_bounded),	test(the_search_is_at_both_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
