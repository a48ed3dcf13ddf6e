/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/unit.h"

#include <errno.h>

#include "daemon/core/guest.h"
#include "daemon/core/layout.h"
#include "tests/unit/guest_case.h"

#define MIB 0x100000ULL
#define GIB 0x40000000ULL

static void begin_2_2(void)
{
	tree_begin(&tree);
	tree_put(&tree, "#address-cells", 2);
	tree_put(&tree, "#size-cells", 2);
}

static void read_ok(size_t len)
{
	assert_int_equal(guest_from_tree(tree.blob, len, &view), 0);
	assert_int_equal(view.state, GUEST_FOUND);
	for (size_t i = 0; i < view.n_ranges; i++) {
		assert_true(view.ranges[i].size > 0);
		assert_true(view.ranges[i].base + view.ranges[i].size >= view.ranges[i].base);
		if (i)
			assert_true(view.ranges[i].base >= view.ranges[i - 1].base);
	}
}

static const struct guest_range *find(enum guest_kind kind, size_t which)
{
	for (size_t i = 0; i < view.n_ranges; i++)
		if (view.ranges[i].kind == kind && !which--)
			return &view.ranges[i];
	return NULL;
}

static void expect(enum guest_kind kind, size_t which, uint64_t base, uint64_t size,
		   const char *name)
{
	const struct guest_range *range = find(kind, which);

	if (!range)
		fail_msg("no %s %zu", guest_kind_name(kind), which);
	assert_int_equal(range->base, base);
	assert_int_equal(range->size, size);
	assert_string_equal(range->name, name);
}

static void a_machine_is_read(void **state)
{
	size_t len = tree_virt(&tree, 4, 2 * GIB);

	(void)state;
	read_ok(len);
	assert_int_equal(view.source, GUEST_DEVICE_TREE);
	assert_int_equal(view.bytes, len);
	assert_int_equal(view.cpus, 4);
	assert_int_equal(view.gic_version, 3);
	assert_true(view.has_chosen);
	assert_string_equal(view.reason, "");
	assert_int_equal(view.n_ranges, 9);
	expect(GUEST_MEMORY, 0, 0x40000000, 2 * GIB, "memory@40000000");
	expect(GUEST_GIC_DIST, 0, 0x8000000, 0x10000, "intc@8000000");
	expect(GUEST_GIC_REDIST, 0, 0x80a0000, 0xf60000, "intc@8000000");
	expect(GUEST_GIC_ITS, 0, 0x8080000, 0x20000, "its@8080000");
	expect(GUEST_DEVICE, 0, 0x9000000, 0x1000, "pl011@9000000");
	expect(GUEST_DEVICE, 1, 0xa000000, 0x200, "virtio_mmio@a000000");
	expect(GUEST_PCI_ECAM, 0, 0x4010000000, 0x10000000, "pcie@10000000");
	/* I/O space is no memory window, and a PCI device's reg is no address. */
	expect(GUEST_PCI_WINDOW, 0, 0x10000000, 0x2eff0000, "pcie@10000000");
	expect(GUEST_PCI_WINDOW, 1, 0x8000000000, 0x8000000000, "pcie@10000000");
	assert_string_equal(find(GUEST_DEVICE, 0)->compatible, "arm,pl011");
}

static void disabled_nodes_are_flagged_and_their_cpus_not_counted(void **state)
{
	(void)state;
	begin_2_2();
	tree_node(&tree, "cpus");
	tree_put(&tree, "#address-cells", 1);
	tree_put(&tree, "#size-cells", 0);
	for (uint32_t i = 0; i < 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "cpu@%u", i);
		tree_node(&tree, name);
		tree_text(&tree, "device_type", "cpu");
		tree_text(&tree, "status", i == 1 ? "disabled" : "okay");
		tree_put(&tree, "reg", i);
		tree_end(&tree);
	}
	tree_end(&tree);
	tree_node(&tree, "soc");
	tree_put(&tree, "#address-cells", 2);
	tree_put(&tree, "#size-cells", 2);
	tree_ok(fdt_property(tree.blob, "ranges", NULL, 0));
	tree_text(&tree, "status", "disabled");
	tree_device(&tree, "uart@1000", "x", 0x1000, 0x100);
	tree_end(&tree);
	tree_device(&tree, "uart@2000", "x", 0x2000, 0x100);
	read_ok(tree_finish(&tree));
	assert_int_equal(view.cpus, 2);
	assert_true(find(GUEST_DEVICE, 0)->disabled);
	assert_false(find(GUEST_DEVICE, 1)->disabled);
}

static void addresses_go_through_all_buses(void **state)
{
	(void)state;
	begin_2_2();
	tree_node(&tree, "soc");
	tree_put(&tree, "#address-cells", 1);
	tree_put(&tree, "#size-cells", 1);
	/* 0x7e000000 is seen at 0xfe000000 (Raspberry Pi 4); and a second entry. */
	tree_put(&tree, "ranges", 0x7e000000, 0, 0xfe000000, 0x1800000, 0x40000000, 4, 0, 0x1000);
	tree_node(&tree, "serial@7e201000");
	tree_put(&tree, "reg", 0x7e201000, 0x200);
	tree_end(&tree);
	tree_node(&tree, "bus");
	tree_put(&tree, "#address-cells", 1);
	tree_put(&tree, "#size-cells", 1);
	tree_put(&tree, "ranges", 0, 0x40000000, 0x1000);
	tree_node(&tree, "gpio@10");
	tree_put(&tree, "reg", 0x10, 0x20, 0x2000, 0x10);
	tree_end(&tree);
	tree_end(&tree);
	tree_node(&tree, "i2c@7e205000");
	tree_put(&tree, "#address-cells", 1);
	tree_put(&tree, "#size-cells", 0);
	tree_put(&tree, "reg", 0x7e205000, 0x20);
	tree_node(&tree, "rtc@68");
	tree_put(&tree, "reg", 0x68);
	tree_end(&tree);
	tree_end(&tree);
	tree_end(&tree);
	read_ok(tree_finish(&tree));
	assert_int_equal(view.n_ranges, 3);
	expect(GUEST_DEVICE, 0, 0xfe201000, 0x200, "serial@7e201000");
	expect(GUEST_DEVICE, 1, 0xfe205000, 0x20, "i2c@7e205000");
	expect(GUEST_DEVICE, 2, 0x400000010, 0x20, "gpio@10");
	/* The second address of gpio@10 is on no bus. */
	assert_contains(view.reason, "1 addresses lead nowhere");
	assert_contains(view.reason, "gpio@10");
}

static void gic_v2_and_its_frames_are_told_apart(void **state)
{
	(void)state;
	begin_2_2();
	tree_node(&tree, "intc@8000000");
	tree_ok(fdt_property(tree.blob, "compatible", "arm,gic-400\0arm,cortex-a15-gic", 31));
	tree_put(&tree, "#address-cells", 2);
	tree_put(&tree, "#size-cells", 2);
	tree_put(&tree, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000, 0, 0x8030000, 0,
		 0x10000);
	tree_ok(fdt_property(tree.blob, "ranges", NULL, 0));
	tree_device(&tree, "v2m@8020000", "arm,gic-v2m-frame", 0x8020000, 0x1000);
	tree_end(&tree);
	read_ok(tree_finish(&tree));
	assert_int_equal(view.gic_version, 2);
	assert_int_equal(view.n_ranges, 4);
	expect(GUEST_GIC_DIST, 0, 0x8000000, 0x10000, "intc@8000000");
	expect(GUEST_GIC_CPU, 0, 0x8010000, 0x10000, "intc@8000000");
	expect(GUEST_GIC_V2M, 0, 0x8020000, 0x1000, "v2m@8020000");
	expect(GUEST_DEVICE, 0, 0x8030000, 0x10000, "intc@8000000");
}

static void redistributor_regions_are_counted(void **state)
{
	(void)state;
	begin_2_2();
	tree_node(&tree, "intc@8000000");
	tree_text(&tree, "compatible", "arm,gic-v3");
	tree_put(&tree, "#redistributor-regions", 2);
	tree_put(&tree, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0xf60000, 0x40, 0, 0,
		 0x4000000, 0, 0x8010000, 0, 0x2000);
	tree_end(&tree);
	read_ok(tree_finish(&tree));
	expect(GUEST_GIC_REDIST, 1, 0x4000000000, 0x4000000, "intc@8000000");
	expect(GUEST_GIC_CPU, 0, 0x8010000, 0x2000, "intc@8000000");
}

static void reserved_memory_is_of_both_kinds(void **state)
{
	size_t len;

	(void)state;
	tree_ok(fdt_create(tree.blob, sizeof(tree.blob)));
	tree_ok(fdt_add_reservemap_entry(tree.blob, 0x48000000, 0x10000));
	tree_ok(fdt_finish_reservemap(tree.blob));
	tree_ok(fdt_begin_node(tree.blob, ""));
	tree_put(&tree, "#address-cells", 2);
	tree_put(&tree, "#size-cells", 2);
	tree_node(&tree, "reserved-memory");
	tree_put(&tree, "#address-cells", 2);
	tree_put(&tree, "#size-cells", 2);
	tree_ok(fdt_property(tree.blob, "ranges", NULL, 0));
	tree_device(&tree, "pool@50000000", "restricted-dma-pool", 0x50000000, MIB);
	tree_end(&tree);
	len = tree_finish(&tree);
	read_ok(len);
	expect(GUEST_RESERVED, 0, 0x48000000, 0x10000, "memreserve");
	expect(GUEST_RESERVED, 1, 0x50000000, MIB, "pool@50000000");
}

static void memory_is_known_by_type_and_by_name(void **state)
{
	(void)state;
	begin_2_2();
	tree_device(&tree, "memory@0", "", 0, MIB);
	tree_memory(&tree, "ram@100000000", 4 * GIB, GIB);
	tree_device(&tree, "memory-controller@9000", "x", 0x9000, 0x10);
	tree_memory(&tree, "memory@1c0000000", 7 * GIB, 0);
	read_ok(tree_finish(&tree));
	assert_int_equal(view.n_ranges, 3);
	expect(GUEST_MEMORY, 0, 0, MIB, "memory@0");
	expect(GUEST_MEMORY, 1, 4 * GIB, GIB, "ram@100000000");
	expect(GUEST_DEVICE, 0, 0x9000, 0x10, "memory-controller@9000");
}

/* ---- overhang ------------------------------------------------------------------------------ */

static struct nisv_slot slots[] = {
	{.gpa = 0, .size = 64 * MIB, .id = 1, .flags = NISV_SLOT_READONLY},
	{.gpa = 0x40000000, .size = GIB, .id = 0},
	{.gpa = 0x80000000, .size = 256 * MIB, .id = 2},
	{.gpa = 0xa0000000, .size = 256 * MIB, .id = 3},
	{.gpa = 0xc0000000, .size = GIB, .id = 4, .flags = NISV_SLOT_INVALID},
};
static struct layout layout = {.known = true,
			       .total_slots = ARRAY_SIZE(slots),
			       .n_slots = ARRAY_SIZE(slots),
			       .slots = slots};

static uint64_t overhang_of(uint64_t base, uint64_t size, uint64_t base2, uint64_t size2)
{
	uint64_t bytes;

	setup(NULL);
	begin_2_2();
	tree_memory(&tree, "memory@1", base, size);
	tree_memory(&tree, "memory@2", base2, size2);
	read_ok(tree_finish(&tree));
	bytes = guest_overhang(&view, &layout);
	guest_view_clear(&view);
	return bytes;
}

static void overhang_is_what_no_slot_holds(void **state)
{
	(void)state;
	/* Across two adjoining slots: none. */
	assert_int_equal(overhang_of(0x40000000, GIB + 256 * MIB, 0, 0), 0);
	assert_int_equal(overhang_of(0x40000000, GIB + 256 * MIB + 4096, 0, 0), 4096);
	/* The gap between two slots, and past the last; slots being changed are no memory. */
	assert_int_equal(overhang_of(0x40000000, 3 * GIB, 0, 0), 256 * MIB + 256 * MIB + GIB);
	/* What two nodes both claim counts once. */
	assert_int_equal(overhang_of(0x90000000, 32 * MIB, 0x91000000, 32 * MIB), 48 * MIB);
	assert_int_equal(overhang_of(0x200000000, MIB, 0x200000000, MIB), MIB);
	assert_int_equal(overhang_of(UINT64_MAX - MIB, MIB, 0, 0), MIB);
	/* Before the first slot, and around one. */
	assert_int_equal(overhang_of(0x3fff0000, GIB + 0x20000, 0, 0), 0x10000);
}

static void overhang_of_unknown_layouts_is_none(void **state)
{
	struct layout unknown = {0}, cut = layout;

	(void)state;
	begin_2_2();
	tree_memory(&tree, "memory@1", 0x40000000, 64 * GIB);
	read_ok(tree_finish(&tree));
	assert_int_equal(guest_overhang(&view, &unknown), 0);
	cut.total_slots++;
	assert_int_equal(guest_overhang(&view, &cut), 0);
	view.ranges[0].disabled = true;
	assert_int_equal(guest_overhang(&view, &layout), 0);
}

static void names_are_all_there(void **state)
{
	(void)state;
	for (enum guest_state i = GUEST_UNREAD; i <= GUEST_BAD; i++)
		assert_non_null(guest_state_name(i));
	for (enum guest_kind i = GUEST_MEMORY; i < _GUEST_KIND_MAX; i++)
		assert_non_null(guest_kind_name(i));
	assert_null(guest_source_name(GUEST_NOTHING));
	assert_string_equal(guest_source_name(GUEST_E820), "e820");
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(a_machine_is_read),
		test(disabled_nodes_are_flagged_and_their_cpus_not_counted),
		test(addresses_go_through_all_buses),
		test(gic_v2_and_its_frames_are_told_apart),
		test(redistributor_regions_are_counted),
		test(reserved_memory_is_of_both_kinds),
		test(memory_is_known_by_type_and_by_name),
		cmocka_unit_test(overhang_is_what_no_slot_holds),
		test(overhang_of_unknown_layouts_is_none),
		cmocka_unit_test(names_are_all_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
