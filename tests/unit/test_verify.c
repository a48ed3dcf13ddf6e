/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What all checks share: when nothing is said or a check is not done, whether the tree is the
 * guest's own, and what becomes of many findings.
 */

#include "tests/unit/verify_case.h"

static void test_healthy(void **state)
{
	(void)state;
	expect_silence();
	assert_int_equal(n_checks, 13);
	for (size_t i = 0; i < n_checks; i++)
		if (!checks[i].done)
			fail_msg("\"%s\" was not done: %s", checks[i].name, checks[i].reason);
}

static void test_nothing_known(void **state)
{
	(void)state;
	vm.layout = (struct layout){};
	vm.guest = (struct guest_view){};
	vm.backings = (struct backings){};
	vm.options = (struct vmoptions){};
	vm.evidence.machine = NULL;
	vm.evidence.machine_confidence = 0;
	vm.evidence.vmm = "unknown";
	vm.host.page_bytes = 0;
	vm.host.n_maps = 0;
	expect_silence();
	for (size_t i = 0; i < n_checks; i++)
		assert_false(checks[i].done);
}

static void test_guards(void **state)
{
	(void)state;
	range_of(GUEST_MEMORY)->size = GIB;
	vm.layout.total_slots = 9;
	expect_not_done("memory is in memslots", "1 of its 9 memslots");

	healthy(NULL);
	range_of(GUEST_MEMORY)->size = GIB;
	vm.slots[0].flags = NISV_SLOT_INVALID;
	expect_not_done("memory is in memslots", "being changed");

	healthy(NULL);
	range_of(GUEST_MEMORY)->size = GIB;
	vm.layout.state = NISV_LAYOUT_UNSTABLE;
	expect_not_done("memory is in memslots", "changed while");

	healthy(NULL);
	range_of(GUEST_MEMORY)->size = GIB;
	vm.guest.state = GUEST_OFF;
	snprintf(vm.guest.reason, sizeof(vm.guest.reason), "switched off");
	expect_not_done("memory is in memslots", "switched off");

	healthy(NULL);
	vm.guest = (struct guest_view){0};
	expect_not_done("memory is in memslots", "not looked into yet");
	vm.evidence.ended = true;
	expect_not_done("memory is in memslots", "ended before it was looked at");

	healthy(NULL);
	add_range(GUEST_DEVICE, 0x9ff0000, 0x1000, "pl011@9ff0000", "arm,pl011");
	vm.evidence.machine_confidence = 0.6;
	expect_not_done("devices are there", "not sure enough");

	healthy(NULL);
	vm.evidence.machine = NULL;
	expect_not_done("devices are there", "no reference map");

	healthy(NULL);
	vm.layout.n_bus = 1; /* the ITS is not among those that are known */
	expect_not_done("MSI controllers", "1 of the 3 ranges");

	healthy(NULL);
	vm.layout.ipa_bits = 0;
	expect_not_done("addressable", "IPA size is not known");

	healthy(NULL);
	vm.backing[0].kind = BACKING_UNKNOWN;
	expect_not_done("host memory is behind", "1 of its 1 memslots");

	healthy(NULL);
	snprintf(vm.backings.reason, sizeof(vm.backings.reason), "no permission");
	vm.backing[0].covered_bytes = 0;
	expect_not_done("host memory is behind", "no permission");
}

static void test_a_file_in_memory(void **state)
{
	(void)state;
	/* The tree of another board with RAM at the same address, in the guest's page cache. */
	vm.guest.n_ranges = 0;
	vm.guest.address = RAM + 0x123000;
	add_range(GUEST_MEMORY, RAM, GIB, "memory@40000000", "");
	add_range(GUEST_DEVICE, 0xfe201000, 0x200, "serial@7e201000", "arm,pl011");
	add_range(GUEST_DEVICE, 0xfe200000, 0xb4, "gpio@7e200000", "brcm,bcm2711-gpio");
	add_range(GUEST_GIC_DIST, 0xff841000, 0x1000, "interrupt-controller", "arm,gic-v3");
	expect_not_done("memory is in memslots", "mere file");
	expect_not_done("devices are there", "mere file");
	/* Or with its RAM elsewhere, and no interrupt controller that is known. */
	vm.guest.n_ranges = 3;
	vm.ranges[0].base = 0x80000000;
	expect_not_done("memory is in memslots", "mere file");
	/* It is no file where VMMs put one, or where QEMU was told to. */
	vm.guest.address = RAM + 128 * MIB;
	run();
	assert_true(findings.n > 0);
	vm.guest.address = RAM + 140 * MIB;
	expect_not_done("memory is in memslots", "mere file");
	snprintf(vm.options.dtb, sizeof(vm.options.dtb), "board.dtb");
	run();
	assert_true(findings.n > 0);
}

static void test_places_of_trees(void **state)
{
	static const uint64_t places[] = {0, 0x1000, 128 * MIB, 254 * MIB, 510 * MIB};

	(void)state;
	range_of(GUEST_MEMORY)->base = 0x80000000;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		vm.guest.address = RAM + places[i];
		expect("dtb-memory-node-larger-than-ram");
		vm.guest.address += 4096;
		if (places[i])
			expect_silence();
	}
}

static void test_a_tree_anywhere(void **state)
{
	const struct finding *finding;

	(void)state;
	/* If the memory, the GIC and the CPUs are this VM's; with a doubt, as files may be so. */
	vm.guest.address = RAM + 0x123000;
	expect_silence();
	assert_true(check_named("memory is in memslots")->done);
	range_of(GUEST_MEMORY)->base = RAM + 2 * MIB;
	range_of(GUEST_MEMORY)->size = 512 * MIB;
	finding = expect("dtb-memory-node-larger-than-ram");
	assert_true(finding->confidence <= 0.6);
	assert_contains(finding->confidence_reason, "mere file");
	vm.guest.cpus = 4;
	expect_not_done("memory is in memslots", "mere file");
	vm.guest.cpus = 0;
	expect_not_done("memory is in memslots", "mere file");
	vm.guest.cpus = 2;
	vm.host.page_bytes = 65536;
	range_of(GUEST_MEMORY)->size = 510 * MIB + 0x3000;
	finding = expect("subpage-memslot");
	assert_true(finding->confidence <= 0.6);
	assert_contains(finding->confidence_reason, "mere file");
	/* What does not rest on the tree is as sure as ever. */
	healthy(NULL);
	vm.guest.address = RAM + 0x123000;
	vm.backing[0].covered_bytes = 0;
	vm.backing[0].gap = RAM;
	assert_true(expect("backing-gone")->confidence > 0.9);
}

static void test_signature(void **state)
{
	char signature[33];

	(void)state;
	vm.guest.cpus = 4;
	snprintf(signature, sizeof(signature), "%s", expect("redist-beyond-vcpus")->signature);
	/* Not by what differs between VMs of one fault. */
	vm.guest.address = RAM;
	vm.guest.bytes++;
	assert_string_equal(expect("redist-beyond-vcpus")->signature, signature);
	vm.guest.cpus = 5;
	assert_string_not_equal(expect("redist-beyond-vcpus")->signature, signature);
}

static void test_worst_first(void **state)
{
	(void)state;
	vm.guest.cpus = 4;
	range_of(GUEST_MEMORY)->size = GIB;
	vm.backing[0].writable = false;
	run();
	assert_int_equal(findings.n, 3);
	assert_string_equal(findings.list[0].cause, "dtb-memory-node-larger-than-ram");
	assert_string_equal(findings.list[1].cause, "backing-not-faultable");
	assert_string_equal(findings.list[2].cause, "redist-beyond-vcpus");
}

static void test_bounds(void **state)
{
	static struct nisv_slot slots[NISV_SLOTS_MAX];
	static struct backing backing[NISV_SLOTS_MAX];
	const size_t n = NISV_SLOTS_MAX;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		slots[i] = (struct nisv_slot){.gpa = RAM + i * 2 * MIB,
					      .size = MIB,
					      .hva = RAM_HVA + i * MIB,
					      .id = (int16_t)i};
		backing[i] = (struct backing){.slot_id = (int16_t)i, .gap = slots[i].gpa};
		backing[i].kind = BACKING_NONE;
	}
	vm.layout.slots = slots;
	vm.layout.n_slots = vm.layout.total_slots = (uint32_t)n;
	vm.backings.list = backing;
	vm.backings.n = n;
	run();
	assert_int_equal(findings.n, FINDINGS_MAX);
	assert_int_equal(findings.n_omitted, n + 1 - FINDINGS_MAX);
}

/* Whatever a tree says: no crash, and no text without an end (under the sanitizers). */
static void test_hostile(void **state)
{
	static const uint64_t bases[] = {0,	     0x8000000,		  RAM - 1,
					 RAM,	     RAM + 512 * MIB - 1, 1ULL << 39,
					 1ULL << 63, UINT64_MAX - 1};
	static const uint64_t sizes[] = {1, 4096, 0x20000, GIB, 1ULL << 40, 1ULL << 62};
	uint64_t random = 1;

	(void)state;
	for (unsigned int round = 0; round < 3000; round++) {
		healthy(NULL);
		for (unsigned int i = 0; i < 12; i++) {
			struct guest_range *range =
				&vm.ranges[unit_random(&random) % vm.guest.n_ranges];

			range->kind = unit_random(&random) % _GUEST_KIND_MAX;
			range->base = bases[unit_random(&random) % ARRAY_SIZE(bases)];
			range->size = sizes[unit_random(&random) % ARRAY_SIZE(sizes)];
			if (range->size > UINT64_MAX - range->base)
				range->size = UINT64_MAX - range->base;
			memset(range->name, 'x', sizeof(range->name) - 1);
			range->disabled = unit_random(&random) % 8 == 0;
		}
		vm.guest.cpus = unit_random(&random);
		vm.guest.gic_version = unit_random(&random) % 4;
		vm.layout.vcpus = unit_random(&random) % 5;
		vm.layout.redist[0].count = unit_random(&random);
		vm.layout.ipa_bits = unit_random(&random) % 65;
		vm.options.phys_bits = unit_random(&random) % 70;
		vm.host.arch = unit_random(&random) % 4 ? "arm64" : "x86_64";
		run();
		for (size_t i = 0; i < findings.n; i++)
			assert_int_equal(strlen(findings.list[i].signature), 32);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VERIFY_TEST(test_healthy),	   VERIFY_TEST(test_nothing_known),
		VERIFY_TEST(test_guards),	   VERIFY_TEST(test_a_file_in_memory),
		VERIFY_TEST(test_places_of_trees), VERIFY_TEST(test_a_tree_anywhere),
		VERIFY_TEST(test_signature),	   VERIFY_TEST(test_worst_first),
		VERIFY_TEST(test_bounds),	   VERIFY_TEST(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
