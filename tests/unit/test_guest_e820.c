/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/unit.h"

#include <errno.h>

#include "daemon/core/guest.h"

/* Offsets: Linux Documentation/arch/x86/zero-page.rst. */
static unsigned char page[GUEST_BOOT_PARAMS];
static struct guest_view view;

static void put(unsigned char *at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (unsigned char)(value >> 8 * i);
}

static void put_entry(unsigned char *entry, uint64_t base, uint64_t size, uint32_t type)
{
	put(entry, base, 8);
	put(entry + 8, size, 8);
	put(entry + 16, type, 4);
}

static int setup(void **state)
{
	(void)state;
	memset(page, 0, sizeof(page));
	memset(&view, 0xff, sizeof(view));
	memcpy(page + 0x202, "HdrS", 4);
	put(page + 0x1fe, 0xaa55, 2);
	page[0x1e8] = 4;
	/* What Firecracker gives a VM of 4 GiB. */
	put_entry(page + 0x2d0, 0, 0x9fc00, 1);
	put_entry(page + 0x2e4, 0x100000, 0xbff00000, 1);
	put_entry(page + 0x2f8, 0xeec00000, 0x10000000, 2);
	put_entry(page + 0x30c, 0x100000000, 0x40000000, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	guest_view_clear(&view);
	return 0;
}

static void expect_bad(const char *reason)
{
	assert_int_equal(guest_from_boot_params(page, sizeof(page), &view), -EBADMSG);
	assert_int_equal(view.state, GUEST_BAD);
	assert_int_equal(view.source, GUEST_E820);
	assert_int_equal(view.n_ranges, 0);
	assert_null(view.ranges);
	assert_contains(view.reason, reason);
}

static void the_table_is_read(void **state)
{
	(void)state;
	assert_int_equal(guest_from_boot_params(page, sizeof(page), &view), 0);
	assert_int_equal(view.state, GUEST_FOUND);
	assert_int_equal(view.source, GUEST_E820);
	assert_int_equal(view.bytes, 80);
	assert_int_equal(view.cpus, 0);
	assert_int_equal(view.n_ranges, 4);
	assert_int_equal(view.ranges[1].kind, GUEST_MEMORY);
	assert_int_equal(view.ranges[1].base, 0x100000);
	assert_int_equal(view.ranges[1].size, 0xbff00000);
	assert_string_equal(view.ranges[1].name, "RAM");
	assert_int_equal(view.ranges[2].kind, GUEST_RESERVED);
	assert_string_equal(view.ranges[2].name, "reserved");
	assert_int_equal(view.ranges[3].base, 0x100000000);
}

static void types_have_names(void **state)
{
	(void)state;
	put(page + 0x2f8 + 16, 4, 4);
	put(page + 0x30c + 16, 0xfffffff0, 4);
	assert_int_equal(guest_from_boot_params(page, sizeof(page), &view), 0);
	assert_string_equal(view.ranges[2].name, "ACPI NVS");
	assert_string_equal(view.ranges[3].name, "type 4294967280");
}

static void what_is_no_table_is_bad(void **state)
{
	(void)state;
	assert_int_equal(guest_from_boot_params(page, sizeof(page) - 1, &view), -EBADMSG);
	page[0x202] = 'h';
	expect_bad("no boot parameters");
	setup(NULL);
	page[0x1fe] = 0;
	expect_bad("no boot parameters");
	setup(NULL);
	page[0x1e8] = 0; /* the header of a kernel image, before a loader filled it in */
	expect_bad("0 memory entries");
	page[0x1e8] = 129;
	expect_bad("129 memory entries");
	setup(NULL);
	put(page + 0x2f8, UINT64_MAX, 8);
	expect_bad("wraps around");
	setup(NULL);
	for (size_t i = 0; i < 4; i++)
		put(page + 0x2d0 + 20 * i + 16, 2, 4);
	expect_bad("no RAM");
}

static void the_longest_table_fits(void **state)
{
	(void)state;
	page[0x1e8] = 128;
	for (size_t i = 0; i < 128; i++)
		put_entry(page + 0x2d0 + 20 * i, 0x100000 * (128 - i), 0x1000, 1);
	assert_int_equal(guest_from_boot_params(page, sizeof(page), &view), 0);
	assert_int_equal(view.n_ranges, 128);
	assert_int_equal(view.ranges[0].base, 0x100000);
}

static void pvh_has_the_same_table(void **state)
{
	unsigned char info[GUEST_PVH_INFO] = {0}, table[2 * 24] = {0};
	uint64_t address = 0;
	uint32_t bytes = 0;

	(void)state;
	put(info, 0x336ec578, 4);
	put(info + 4, 1, 4);
	put(info + 40, 0x7000, 8);
	put(info + 48, 2, 4);
	assert_true(guest_pvh_table(info, sizeof(info), &address, &bytes));
	assert_int_equal(address, 0x7000);
	assert_int_equal(bytes, sizeof(table));

	put_entry(table, 0, 0x9fc00, 1);
	put_entry(table + 24, 0x100000, 0x1000000, 1);
	assert_int_equal(guest_from_pvh(table, sizeof(table), &view), 0);
	assert_int_equal(view.n_ranges, 2);
	assert_int_equal(view.ranges[1].size, 0x1000000);
	guest_view_clear(&view);
	assert_int_equal(guest_from_pvh(table, 23, &view), -EBADMSG);
	assert_int_equal(guest_from_pvh(table, 129 * 24, &view), -EBADMSG);

	assert_false(guest_pvh_table(info, sizeof(info) - 1, &address, &bytes));
	put(info + 48, 129, 4);
	assert_false(guest_pvh_table(info, sizeof(info), &address, &bytes));
	put(info + 48, 2, 4);
	put(info + 4, 0, 4); /* version 0 has no memory map */
	assert_false(guest_pvh_table(info, sizeof(info), &address, &bytes));
	put(info + 4, 1, 4);
	info[0] = 0;
	assert_false(guest_pvh_table(info, sizeof(info), &address, &bytes));
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(the_table_is_read),       test(types_have_names),
		test(what_is_no_table_is_bad), test(the_longest_table_fits),
		test(pvh_has_the_same_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
