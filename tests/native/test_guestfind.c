/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Finding in a guest's memory what the guest believes: its device tree, its E820 table. */

#include "tests/native/guestmem_case.h"

#include <errno.h>

#include "daemon/edge/guestfind.h"
#include "tests/unit/tree.h"

static struct tree tree;
static struct guest_view view;

/* Puts a tree for @ram bytes of RAM to @ipa. */
static size_t put_virt(uint64_t ipa, uint64_t ram)
{
	size_t len = tree_virt(&tree, 1, ram);

	memcpy(t.ram + (ipa - RAM), tree.blob, len);
	return len;
}

static void find(enum guest_state expected)
{
	size_t before = pages_present();

	assert_int_equal(try_open(), 0);
	guest_view_clear(&view);
	assert_int_equal(guestfind_tree(t.memory, &t.vm.layout, &view), 0);
	assert_int_equal(view.state, expected);
	assert_int_equal(pages_present(), before);
}

static void trees_are_found_wherever_they_are(void **state)
{
	static const uint64_t places[] = {
		RAM,				  /* Cloud Hypervisor */
		RAM + PAGE,			  /* libkrun */
		RAM + RAM_SIZE - 2 * MIB,	  /* Firecracker, crosvm */
		RAM + 254 * MIB,		  /* kvmtool */
		RAM + 128 * MIB,		  /* QEMU */
		RAM + 172 * MIB,		  /* QEMU, after its initrd */
		RAM + 17 * MIB + 5 * PAGE,	  /* by search */
		RAM + RAM_SIZE - 63 * MIB - PAGE, /* by search from the end */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		size_t len = put_virt(places[i], 0x12345000 + i);

		find(GUEST_FOUND);
		assert_int_equal(view.address, places[i]);
		assert_int_equal(view.bytes, len);
		assert_int_equal(view.ranges[view.n_ranges - 3].size, 0x12345000 + i);
		assert_int_equal(madvise(t.ram, RAM_SIZE, MADV_DONTNEED), 0);
	}
	find(GUEST_NOT_FOUND);
	assert_contains(view.reason, "no device tree");
}

/* QEMU's tree says it has 1 MiB, of which the most is room that may never have been touched. */
static void the_room_behind_a_tree_need_not_be_there(void **state)
{
	fdt32_t size = cpu_to_fdt32(1 << 20);

	(void)state;
	put_virt(RAM, RAM_SIZE);
	memcpy(t.ram + 4, &size, sizeof(size));
	find(GUEST_FOUND);
	assert_int_equal(view.bytes, 1 << 20);
}

static void the_tree_that_was_booted_from_is_preferred(void **state)
{
	size_t len;

	(void)state;
	/* A broken one where it is looked for first, a boot loader's without /chosen, a piece. */
	len = put_virt(RAM, RAM_SIZE);
	memset(t.ram + len - 300, 0xee, 100);
	tree_begin(&tree);
	tree_put(&tree, "#address-cells", 2);
	tree_put(&tree, "#size-cells", 2);
	tree_memory(&tree, "memory@40000000", RAM, 1 * MIB);
	len = tree_finish(&tree);
	memcpy(t.ram + 2 * MIB, tree.blob, len);
	tree_begin(&tree);
	tree_device(&tree, "fragment@0", "x", 0, 0);
	len = tree_finish(&tree);
	memcpy(t.ram + 4 * MIB, tree.blob, len);
	find(GUEST_FOUND);
	assert_int_equal(view.address, RAM + 2 * MIB);
	put_virt(RAM + 128 * MIB, RAM_SIZE);
	find(GUEST_FOUND);
	assert_int_equal(view.address, RAM + 128 * MIB);
}

static void a_broken_tree_is_told_and_a_piece_is_none(void **state)
{
	size_t len;

	(void)state;
	len = put_virt(RAM, RAM_SIZE);
	memset(t.ram + 56, 0xee, 16);
	find(GUEST_BAD);
	assert_int_equal(view.address, RAM);
	assert_contains(view.reason, "broken");
	memset(t.ram, 0, len);
	tree_begin(&tree);
	tree_device(&tree, "fragment@0", "x", 0, 0);
	len = tree_finish(&tree);
	memcpy(t.ram, tree.blob, len);
	find(GUEST_NOT_FOUND);
}

/* After some trees that are none the search ends: a good one behind them is not found any more. */
static void bait_is_bounded(void **state)
{
	size_t len = tree_virt(&tree, 1, RAM_SIZE);

	(void)state;
	memset(tree.blob + 56, 0xee, 16);
	for (uint64_t at = 0; at < 64 * MIB; at += 2 * PAGE)
		memcpy(t.ram + at, tree.blob, len);
	put_virt(RAM + 128 * MIB, RAM_SIZE);
	find(GUEST_BAD);
}

static void it_is_found_again_until_it_goes(void **state)
{
	struct guest_view again = {0};

	(void)state;
	put_virt(RAM + 128 * MIB, RAM_SIZE);
	find(GUEST_FOUND);
	put_virt(RAM + 128 * MIB, 2 * RAM_SIZE);
	assert_int_equal(guestfind_again(t.memory, &view, &again), 0);
	assert_int_equal(again.address, view.address);
	assert_int_equal(again.n_ranges, view.n_ranges);
	guest_view_clear(&again);
	t.ram[128 * MIB] = 0;
	assert_int_equal(guestfind_again(t.memory, &view, &again), -ENOENT);
}

static void put(uint64_t at, uint64_t value, size_t bytes)
{
	memcpy(t.ram + at, &value, bytes);
}

static void find_e820(enum guest_state expected)
{
	assert_int_equal(try_open(), 0);
	guest_view_clear(&view);
	assert_int_equal(guestfind_e820(t.memory, &view), 0);
	assert_int_equal(view.state, expected);
}

static void e820_is_found_by_both_ways_of_booting(void **state)
{
	struct guest_view again = {0};

	(void)state;
	t.slots[0].gpa = 0;
	find_e820(GUEST_NOT_FOUND);
	/* The header of a kernel image, before anyone filled it in. */
	memcpy(t.ram + 0x2000 + 0x202, "HdrS", 4);
	put(0x2000 + 0x1fe, 0xaa55, 2);
	find_e820(GUEST_NOT_FOUND);
	/* PVH: as Firecracker lays it out. */
	put(0x6000, 0x336ec578, 4);
	put(0x6004, 1, 4);
	put(0x6000 + 40, 0x8000, 8);
	put(0x6000 + 48, 1, 4);
	put(0x8000, 0x100000, 8);
	put(0x8008, RAM_SIZE, 8);
	put(0x8010, 1, 4);
	find_e820(GUEST_FOUND);
	assert_int_equal(view.address, 0x6000);
	assert_int_equal(view.n_ranges, 1);
	assert_int_equal(view.ranges[0].size, RAM_SIZE);
	assert_int_equal(guestfind_again(t.memory, &view, &again), 0);
	assert_int_equal(again.n_ranges, 1);
	guest_view_clear(&again);
	/* Boot parameters. */
	memcpy(t.ram + 0x7000 + 0x202, "HdrS", 4);
	put(0x7000 + 0x1fe, 0xaa55, 2);
	put(0x7000 + 0x1e8, 1, 1);
	put(0x7000 + 0x2d0, 0x100000, 8);
	put(0x7000 + 0x2d8, 2 * RAM_SIZE, 8);
	put(0x7000 + 0x2e0, 1, 4);
	find_e820(GUEST_FOUND);
	assert_int_equal(view.address, 0x7000);
	assert_int_equal(view.ranges[0].size, 2 * RAM_SIZE);
	assert_int_equal(guestfind_again(t.memory, &view, &again), 0);
	guest_view_clear(&again);
	guest_view_clear(&view);
}

static int clear_view(void **state)
{
	guest_view_clear(&view);
	return teardown(state);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, clear_view)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(trees_are_found_wherever_they_are),
		test(the_room_behind_a_tree_need_not_be_there),
		test(the_tree_that_was_booted_from_is_preferred),
		test(a_broken_tree_is_told_and_a_piece_is_none),
		test(bait_is_bounded),
		test(it_is_found_again_until_it_goes),
		test(e820_is_found_by_both_ways_of_booting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
