/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whether what was found in a guest's memory is what the guest goes by. */

#include "tests/unit/scenario.h"

#include "daemon/core/guest_trust.h"

static char reason[GUEST_TRUST_REASON];
static bool may_be_file;

static bool trust(void)
{
	memset(reason, 0, sizeof(reason));
	return guest_trust(&sc.evidence, &may_be_file, reason);
}

/* A tree at @offset of RAM that is @size large; it fits the VM if @fits. */
static void tree_at(uint64_t offset, uint64_t size, bool fits)
{
	scenario_reset();
	sc.rec.slots[0].size = size;
	scenario_vgic_v3();
	sc.guest.address = RAM_BASE + offset;
	scenario_told(GUEST_MEMORY, RAM_BASE, size, "memory");
	scenario_told(GUEST_GIC_DIST, fits ? 0x08000000 : 0x2f000000, 0x10000, "intc");
	sc.guest.cpus = 1;
}

static void what_was_not_found_is_not_trusted(void **state)
{
	(void)state;
	assert_false(trust());
	assert_string_equal(reason, "what the guest believes is not known: not looked into yet");
	sc.evidence.ended = true;
	assert_false(trust());
	assert_contains(reason, "the VM ended before it was looked at");
	sc.guest.state = GUEST_PROTECTED;
	assert_false(trust());
	assert_contains(reason, "is not known: protected");
	snprintf(sc.guest.reason, sizeof(sc.guest.reason), "%0127d", 0);
	assert_false(trust());
	assert_contains(reason, "is not known: 0000");
	assert_true(strlen(reason) < sizeof(reason));
	assert_false(may_be_file);
}

static void an_e820_table_is_the_guests(void **state)
{
	(void)state;
	scenario_told(GUEST_MEMORY, 0, MIB, "RAM");
	sc.guest.source = GUEST_E820;
	sc.guest.address = 0x77000;
	/* No memslot is where its memory begins: of another VM. */
	assert_true(trust());
	assert_true(may_be_file);
	sc.layout.known = false;
	assert_true(trust());
	assert_false(may_be_file);
	scenario_slot(1, 0, 64 * MIB, 0);
	assert_true(trust());
	assert_false(may_be_file);
}

/* A VMM's own tree fits its VM: what lies in its place and does not is not the VMM's. */
static void a_tree_in_a_place_of_vmms_for_another_machine(void **state)
{
	static const struct {
		uint64_t memory, dist;
		uint32_t cpus;
		bool is_trusted, may_be_file;
	} cases[] = {
		{RAM_BASE, 0x08000000, 1, true, false},
		{RAM_BASE, 0x08000000, 8, true,
		 false}, /* one difference may be the fault's cause */
		{RAM_BASE, 0x2f000000, 1, true, false},
		{RAM_BASE, 0x2f000000, 8, true, true}, /* a board's with RAM at the same address */
		{0x80000000, 0x08000000, 1, true, true},
		{0x80000000, 0x08000000, 8, false, true},
		{0x80000000, 0x2f000000, 1, false, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tree_at(0, 16 * MIB, true);
		sc.ranges[0].base = cases[i].memory;
		sc.ranges[1].base = cases[i].dist;
		sc.guest.cpus = cases[i].cpus;
		if (trust() != cases[i].is_trusted || may_be_file != cases[i].may_be_file)
			fail_msg("case %zu", i);
		if (!cases[i].is_trusted)
			assert_contains(reason, "is not for this VM's memory, GIC and CPUs");
		/* QEMU was given it, and makes but its memory fit. */
		snprintf(sc.options.dtb, sizeof(sc.options.dtb), "board.dtb");
		assert_true(trust());
		assert_false(may_be_file);
	}
}

/* The VM was looked at before its vCPUs and its vGIC were made. */
static void what_the_kernel_does_not_show_cannot_differ(void **state)
{
	(void)state;
	tree_at(0, 16 * MIB, false);
	sc.guest.cpus = 8;
	sc.layout.vcpus = 0;
	sc.layout.vgic_dist = NISV_ADDR_UNSET;
	assert_true(trust());
	assert_false(may_be_file);
}

/* Where VMMs put a tree; one in any other place that does not fit the VM is a file. */
static void places_of_vmms(void **state)
{
	static const struct {
		uint64_t offset, size;
		bool is_place;
	} cases[] = {
		{0, 16 * MIB, true},
		{0x1000, 16 * MIB, true},
		{0x2000, 16 * MIB, false},
		{8 * MIB, 16 * MIB, true},  /* half of it: QEMU, behind the initrd */
		{14 * MIB, 16 * MIB, true}, /* 2 MiB before the end */
		{10 * MIB, 18 * MIB, true}, /* half of it, to 2 MiB */
		{128 * MIB, 1024 * MIB, true},
		{254 * MIB, 1024 * MIB, true},
		{1022 * MIB, 1024 * MIB, true},
		{512 * MIB, 1024 * MIB, false},
		{128 * MIB + 8, 1024 * MIB, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tree_at(cases[i].offset, cases[i].size, false);
		if (trust() != cases[i].is_place)
			fail_msg("case %zu", i);
		if (!cases[i].is_place)
			assert_contains(reason, "may be a mere file");
		assert_int_equal(may_be_file, !cases[i].is_place);
	}
}

/* RAM is one to those who put a tree into it, whatever memslots it is made of. */
static void places_in_ram_of_several_memslots(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		tree_at(i ? 128 * MIB : 1022 * MIB, 64 * MIB, false);
		scenario_slot(1, RAM_BASE + 64 * MIB, 24 * MIB, 0);
		scenario_slot(2, RAM_BASE + 88 * MIB, 936 * MIB, 0);
		scenario_slot(3, RAM_BASE + 1024 * MIB, MIB, NISV_SLOT_READONLY);
		assert_true(trust());
		assert_false(may_be_file);
		sc.guest.address = RAM_BASE + 64 * MIB;
		assert_false(trust());
	}
}

/* It was put there before the memory beside it came. */
static void a_place_in_ram_that_grew(void **state)
{
	(void)state;
	tree_at(64 * MIB, 128 * MIB, true);
	scenario_slot(1, RAM_BASE + 128 * MIB, 128 * MIB, 0);
	assert_true(trust());
	assert_false(may_be_file);
}

/* In no memslot: nobody put it there. */
static void a_place_outside_of_memory(void **state)
{
	(void)state;
	tree_at(0, 16 * MIB, false);
	sc.guest.address = 0x90000000;
	assert_false(trust());
	assert_contains(reason, "the tree at 0x90000000 is not for this VM's memory, GIC and CPUs");
}

/* Firmware moves a tree: what fits in all that counts may be rested on with care. */
static void a_tree_elsewhere_that_fits(void **state)
{
	(void)state;
	tree_at(0x123000, 16 * MIB, true);
	assert_true(trust());
	assert_true(may_be_file);
	sc.guest.cpus = 2;
	assert_false(trust());
	sc.guest.cpus = 1;
	sc.ranges[1].base = 0x2f000000; /* a board's GIC */
	assert_false(trust());
	sc.guest.n_ranges = 1; /* it has none: then it cannot differ */
	assert_true(trust());
	sc.ranges[0].base = RAM_BASE + 2 * MIB; /* Firecracker leaves that out */
	assert_true(trust());
	sc.ranges[0].base = RAM_BASE + 2 * MIB + 1;
	assert_false(trust());
	sc.ranges[0].base = 0x90000000;
	assert_false(trust());
	sc.ranges[0].base = RAM_BASE;
	sc.ranges[0].kind = GUEST_RESERVED;
	assert_false(trust());
}

static void a_tree_that_the_vmm_was_given(void **state)
{
	(void)state;
	tree_at(6 * MIB, 16 * MIB, false);
	assert_false(trust());
	snprintf(sc.options.dtb, sizeof(sc.options.dtb), "my.dtb");
	assert_true(trust());
	assert_false(may_be_file);
	sc.guest.address += 0x1000; /* QEMU aligns it to 2 MiB */
	assert_false(trust());
}

static void without_memslots_nothing_speaks_against_it(void **state)
{
	(void)state;
	tree_at(0, 16 * MIB, true);
	sc.layout.known = false;
	sc.layout.n_slots = 0;
	assert_true(trust());
	assert_true(may_be_file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(what_was_not_found_is_not_trusted),
		SCENARIO_TEST(an_e820_table_is_the_guests),
		SCENARIO_TEST(a_tree_in_a_place_of_vmms_for_another_machine),
		SCENARIO_TEST(what_the_kernel_does_not_show_cannot_differ),
		SCENARIO_TEST(places_of_vmms),
		SCENARIO_TEST(places_in_ram_of_several_memslots),
		SCENARIO_TEST(a_place_in_ram_that_grew),
		SCENARIO_TEST(a_place_outside_of_memory),
		SCENARIO_TEST(a_tree_elsewhere_that_fits),
		SCENARIO_TEST(a_tree_that_the_vmm_was_given),
		SCENARIO_TEST(without_memslots_nothing_speaks_against_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
