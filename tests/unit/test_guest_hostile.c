/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Device trees as no honest machine writes them. */

#include "tests/unit/unit.h"

#include <errno.h>

#include "daemon/core/guest.h"
#include "tests/unit/guest_case.h"

/* From a buffer of exactly @len bytes, so that the sanitiser sees a byte too many. */
static int read_exact(const void *blob, size_t len)
{
	void *copy = malloc(len);
	int r;

	assert_non_null(copy);
	memcpy(copy, blob, len);
	r = guest_from_tree(copy, len, &view);
	free(copy);
	return r;
}

static void expect_bad(const void *blob, size_t len, const char *reason)
{
	assert_int_equal(read_exact(blob, len), -EBADMSG);
	assert_int_equal(view.state, GUEST_BAD);
	assert_int_equal(view.source, GUEST_DEVICE_TREE);
	assert_null(view.ranges);
	assert_int_equal(view.n_ranges, 0);
	assert_contains(view.reason, reason);
}

static void begin_2_2(void)
{
	tree_begin(&tree);
	tree_put(&tree, "#address-cells", 2);
	tree_put(&tree, "#size-cells", 2);
}

static void set32(size_t at, uint32_t value)
{
	fdt32_t cell = cpu_to_fdt32(value);

	memcpy(tree.blob + at, &cell, sizeof(cell));
}

static void trees_that_are_cut_are_bad_everywhere(void **state)
{
	size_t len = tree_virt(&tree, 2, 1 << 30);

	(void)state;
	for (size_t cut = 0; cut < len; cut++)
		expect_bad(tree.blob, cut, "");
	/* Cut, and the header lies so as to fit. */
	for (size_t cut = 56; cut < len; cut += 4) {
		struct tree lying = tree;
		fdt32_t size = cpu_to_fdt32((uint32_t)cut);

		memcpy(lying.blob + 4, &size, sizeof(size));
		expect_bad(lying.blob, cut, "");
	}
}

static void headers_that_lie_are_no_trees(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
	} lies[] = {
		{0, 0xd00dfeee}, /* magic */
		{4, 16},	 /* total size: less than the header */
		{4, GUEST_TREE_MAX + 1},
		{4, UINT32_MAX},
		{8, UINT32_MAX},       /* offset of the structure */
		{8, 57},	       /* not aligned */
		{16, 44},	       /* of the reservations: not aligned */
		{12, UINT32_MAX - 8},  /* of the strings */
		{16, UINT32_MAX - 15}, /* of the reservations */
		{20, 16},	       /* version */
		{24, 18},	       /* last compatible version */
		{32, UINT32_MAX},      /* bytes of strings */
		{36, UINT32_MAX},      /* bytes of structure */
	};
	size_t len = tree_virt(&tree, 1, 1 << 30);
	struct tree good = tree;

	(void)state;
	assert_int_equal(guest_tree_size(tree.blob, len), len);
	assert_int_equal(guest_tree_size(tree.blob, GUEST_TREE_HEADER - 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		tree = good;
		set32(lies[i].at, lies[i].value);
		assert_int_equal(guest_tree_size(tree.blob, GUEST_TREE_HEADER), 0);
		expect_bad(tree.blob, len, "header");
	}
}

static void deep_nesting_ends(void **state)
{
	size_t len;

	(void)state;
	for (int extra = 0; extra < 2; extra++) {
		setup(NULL);
		begin_2_2();
		for (int depth = 1; depth < 64 + extra; depth++)
			tree_node(&tree, "n");
		for (int depth = 1; depth < 64 + extra; depth++)
			tree_end(&tree);
		len = tree_finish(&tree);
		if (extra)
			expect_bad(tree.blob, len, "deep");
		else
			assert_int_equal(read_exact(tree.blob, len), 0);
		guest_view_clear(&view);
	}
}

static void cells_out_of_range_are_bad_and_zero_is_no_address(void **state)
{
	(void)state;
	tree_begin(&tree);
	tree_put(&tree, "#address-cells", 5);
	expect_bad(tree.blob, tree_finish(&tree), "5");

	setup(NULL);
	tree_begin(&tree);
	tree_put(&tree, "#size-cells", UINT32_MAX);
	expect_bad(tree.blob, tree_finish(&tree), "4294967295");

	setup(NULL);
	tree_begin(&tree);
	tree_put(&tree, "#address-cells", 0);
	tree_put(&tree, "#size-cells", 0);
	tree_memory(&tree, "memory@0", 0, 1);
	assert_int_equal(read_exact(tree.blob, tree_finish(&tree)), 0);
	assert_int_equal(view.n_ranges, 0);
	guest_view_clear(&view);

	/* Four cells hold more than an address has; where the upper ones are zero they do not. */
	setup(NULL);
	tree_begin(&tree);
	tree_put(&tree, "#address-cells", 4);
	tree_put(&tree, "#size-cells", 1);
	tree_node(&tree, "a");
	tree_put(&tree, "reg", 0, 0, 1, 0x1000, 0x10, 1, 0, 0, 0x1000, 0x10);
	tree_end(&tree);
	assert_int_equal(read_exact(tree.blob, tree_finish(&tree)), 0);
	assert_int_equal(view.n_ranges, 1);
	assert_int_equal(view.ranges[0].base, 0x100001000);
	assert_contains(view.reason, "1 addresses");
}

static void wrap_around_is_left_out_and_told(void **state)
{
	(void)state;
	begin_2_2();
	tree_memory(&tree, "memory@1", UINT64_MAX - 0xfff, 0x1001);
	tree_memory(&tree, "memory@2", 0x40000000, 0x1000);
	tree_node(&tree, "bus");
	tree_put(&tree, "#address-cells", 1);
	tree_put(&tree, "#size-cells", 1);
	tree_put(&tree, "ranges", 0, UINT32_MAX, UINT32_MAX, UINT32_MAX);
	tree_node(&tree, "far");
	tree_put(&tree, "reg", 0x10, 0x10);
	tree_end(&tree);
	tree_end(&tree);
	assert_int_equal(read_exact(tree.blob, tree_finish(&tree)), 0);
	assert_int_equal(view.n_ranges, 1);
	assert_int_equal(view.ranges[0].base, 0x40000000);
	assert_contains(view.reason, "2 addresses");
	assert_contains(view.reason, "memory@1");
}

static void endless_names_are_bad(void **state)
{
	char name[301];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	begin_2_2();
	tree_put(&tree, name, 1);
	expect_bad(tree.blob, tree_finish(&tree), "name");
}

static void names_that_cannot_be_printed_are_escaped(void **state)
{
	(void)state;
	begin_2_2();
	tree_device(&tree, "\x1b[2J\n@1000", "\x07\xff", 0x1000, 0x10);
	assert_int_equal(read_exact(tree.blob, tree_finish(&tree)), 0);
	assert_int_equal(view.n_ranges, 1);
	for (const char *c = view.ranges[0].name; *c; c++)
		assert_true(*c >= ' ' && *c < 0x7f);
	for (const char *c = view.ranges[0].compatible; *c; c++)
		assert_true(*c >= ' ' && *c < 0x7f);
}

static void a_flood_of_devices_does_not_hide_the_memory(void **state)
{
	(void)state;
	begin_2_2();
	for (uint32_t i = 0; i < 300; i++)
		tree_device(&tree, "x@1", "x", 0x1000 + 0x10ULL * i, 0x10);
	tree_memory(&tree, "memory@40000000", 0x40000000, 0x1000);
	assert_int_equal(read_exact(tree.blob, tree_finish(&tree)), 0);
	assert_int_equal(view.n_ranges, GUEST_RANGES_MAX / 4 * 3 + 1);
	assert_int_equal(view.ranges[view.n_ranges - 1].kind, GUEST_MEMORY);
	assert_int_equal(view.dropped, 300 - GUEST_RANGES_MAX / 4 * 3);
}

/*
 * The worst that two megabytes can ask for: each address is looked for in a bus of many ranges, of
 * which none has it. The budget ends it.
 */
static void ranges_have_a_budget(void **state)
{
	static _Alignas(8) unsigned char blob[GUEST_TREE_MAX];
	static fdt32_t cells[4 * 32768];
	const int ranges = 3 * 32768, addresses = 4 * 32768;

	(void)state;
	tree_ok(fdt_create(blob, sizeof(blob)));
	tree_ok(fdt_finish_reservemap(blob));
	tree_ok(fdt_begin_node(blob, ""));
	tree_ok(fdt_property_u32(blob, "#address-cells", 1));
	tree_ok(fdt_property_u32(blob, "#size-cells", 1));
	tree_ok(fdt_begin_node(blob, "bus"));
	tree_ok(fdt_property_u32(blob, "#address-cells", 1));
	tree_ok(fdt_property_u32(blob, "#size-cells", 1));
	tree_ok(fdt_property(blob, "ranges", cells, 4 * ranges)); /* all of no size */
	for (int i = 0; i < addresses; i++)
		cells[i] = cpu_to_fdt32(1);
	for (int i = 0; i < 2; i++) {
		tree_ok(fdt_begin_node(blob, "device"));
		tree_ok(fdt_property(blob, "reg", cells, 4 * addresses));
		tree_ok(fdt_end_node(blob));
	}
	tree_ok(fdt_end_node(blob));
	tree_ok(fdt_end_node(blob));
	tree_ok(fdt_finish(blob));
	assert_int_equal(guest_from_tree(blob, sizeof(blob), &view), 0);
	assert_int_equal(view.n_ranges, 0);
	assert_int_equal(view.dropped, addresses);
	assert_contains(view.reason, "too many ranges");
}

/* Whatever bytes change, it ends, and what it says holds together. */
static void noise_does_no_harm(void **state)
{
	uint64_t seed = 20;
	size_t len = tree_virt(&tree, 2, 1 << 30);
	struct tree good = tree;
	int found = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		tree = good;
		for (uint32_t n = 1 + unit_random(&seed) % 4; n; n--)
			tree.blob[unit_random(&seed) % len] = (unsigned char)unit_random(&seed);
		if (read_exact(tree.blob, len) == 0) {
			found++;
			assert_int_equal(view.state, GUEST_FOUND);
			assert_true(view.n_ranges <= GUEST_RANGES_MAX);
		} else {
			assert_int_equal(view.state, GUEST_BAD);
			assert_true(view.reason[0]);
		}
		guest_view_clear(&view);
	}
	/* Most changes hit values, which no one can tell from honest ones. */
	assert_true(found > 5000 && found < 19000);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(trees_that_are_cut_are_bad_everywhere),
		test(headers_that_lie_are_no_trees),
		test(deep_nesting_ends),
		test(cells_out_of_range_are_bad_and_zero_is_no_address),
		test(wrap_around_is_left_out_and_told),
		test(endless_names_are_bad),
		test(names_that_cannot_be_printed_are_escaped),
		test(a_flood_of_devices_does_not_hide_the_memory),
		test(ranges_have_a_budget),
		test(noise_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
