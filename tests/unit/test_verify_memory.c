/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The guest's memory against the memslots, and what is beyond the addressable space. */

#include "tests/unit/verify_case.h"

static void test_memory(void **state)
{
	const struct finding *finding;

	(void)state;
	range_of(GUEST_MEMORY)->size = GIB;
	finding = expect("dtb-memory-node-larger-than-ram");
	assert_int_equal(finding->severity, SEVERITY_ERROR);
	assert_true(finding->has_address);
	assert_int_equal(finding->address, 0x60000000);
	assert_contains(finding->summary, "536870912 bytes");
	assert_contains(finding->summary, "512 MiB");
	assert_contains(finding->advice[0], "-m 1024M");
	assert_contains(finding->region, "memslot 0");

	/* By one host page; and by less than one, which no memslot could hold. */
	range_of(GUEST_MEMORY)->size = 512 * MIB + 4096;
	assert_contains(expect("dtb-memory-node-larger-than-ram")->summary, "4096 bytes");
	range_of(GUEST_MEMORY)->size = 512 * MIB - 4096;
	expect_silence();

	/* A hole. */
	healthy(NULL);
	add_slot(RAM + GIB, 512 * MIB, 0);
	range_of(GUEST_MEMORY)->size = GIB + 512 * MIB;
	finding = expect("dtb-memory-node-larger-than-ram");
	assert_int_equal(finding->address, 0x60000000);
	assert_contains(finding->where, "0x80000000");

	/* Two adjoining slots are as good as one. */
	healthy(NULL);
	add_slot(RAM + 512 * MIB, 512 * MIB, 0);
	range_of(GUEST_MEMORY)->size = GIB;
	expect_silence();
}

static void test_memory_to_give(void **state)
{
	(void)state;
	/* What the command line gives, and not what is no RAM. */
	range_of(GUEST_MEMORY)->size = GIB;
	add_slot(0x10000000000 - GIB, GIB, 0);
	assert_contains(expect("dtb-memory-node-larger-than-ram")->advice[0], "-m 1024M");
	vm.options.ram_bytes = 256 * MIB;
	assert_contains(expect("dtb-memory-node-larger-than-ram")->advice[0], "-m 768M");
	/* Or else the stretch that the node starts in. */
	vm.options.ram_bytes = 0;
	assert_contains(expect("dtb-memory-node-larger-than-ram")->advice[0], "-m 1024M");
	vm.slots[0].size = vm.backing[0].covered_bytes = 256 * MIB;
	add_slot(RAM + 256 * MIB, 128 * MIB, 0);
	assert_contains(expect("dtb-memory-node-larger-than-ram")->advice[0], "-m 1024M");
	/* More RAM is of no use to a node that starts in none. */
	range_of(GUEST_MEMORY)->base = 0x2000000000;
	assert_null(strstr(expect("dtb-memory-node-larger-than-ram")->advice[0], "give the VM"));
}

static void test_memory_on_each_architecture(void **state)
{
	const struct finding *finding;

	(void)state;
	range_of(GUEST_MEMORY)->size = GIB;
	finding = expect("dtb-memory-node-larger-than-ram");
	assert_contains(finding->where, "ldp, stp");
	assert_contains(finding->where, "abort.");
	assert_null(strstr(finding->where, "each access"));
	/* What KVM cannot describe kills the VM only where the VMM did not ask for the choice. */
	vm.layout.nisv_to_user = false;
	finding = expect("dtb-memory-node-larger-than-ram");
	assert_contains(finding->where, "kill the VM");
	vm.layout.nisv_to_user = true;
	finding = expect("dtb-memory-node-larger-than-ram");
	assert_contains(finding->where, "KVM_EXIT_ARM_NISV; QEMU injects an abort");
	assert_null(strstr(finding->where, "kill the VM"));
}

static void test_memory_given_by_file(void **state)
{
	const struct finding *finding;

	(void)state;
	range_of(GUEST_MEMORY)->size = GIB;
	snprintf(vm.options.dtb, sizeof(vm.options.dtb), "my\x1b.dtb");
	finding = expect("dtb-memory-node-larger-than-ram");
	for (size_t i = 0; i < finding->n_evidence; i++)
		assert_null(strchr(finding->evidence[i], '\x1b'));
}

static void test_e820(void **state)
{
	const struct finding *finding;

	(void)state;
	vm.host.arch = "x86_64";
	vm.evidence.machine = NULL;
	vm.layout.ipa_bits = 0;
	vm.layout.vgic_model = NISV_VGIC_NONE;
	vm.guest.source = GUEST_E820;
	vm.guest.n_ranges = 0;
	vm.guest.cpus = 0;
	vm.layout.n_slots = vm.layout.total_slots = 0;
	vm.backings.n = 0;
	add_slot(0, 512 * MIB, 0);
	add_range(GUEST_MEMORY, 0, 0x9fc00, "RAM", "");
	add_range(GUEST_RESERVED, 0x9fc00, 0x400, "reserved", "");
	add_range(GUEST_RESERVED, 0xfeffc000, 0x4000, "reserved", "");
	add_range(GUEST_MEMORY, MIB, 511 * MIB, "RAM", "");
	expect_silence();
	assert_int_equal(n_checks, 5);
	assert_true(check_named("memory is in memslots")->done);
	vm.ranges[3].size += MIB;
	finding = expect("dtb-memory-node-larger-than-ram");
	assert_contains(finding->summary, "E820");
	assert_contains(finding->where, "each access leaves KVM as MMIO");
	assert_contains(finding->advice[2], "memmap=");
	for (size_t i = 0; i < finding->n_advice; i++) {
		assert_null(strstr(finding->advice[i], "dtb"));
		assert_null(strstr(finding->advice[i], "evice tree"));
	}
	assert_null(strstr(finding->documentation, "devicetree"));

	vm.ranges[3].size -= MIB;
	vm.options.phys_bits = 36;
	expect_silence();
	add_slot(1ULL << 36, GIB, 0);
	assert_int_equal(expect("beyond-ipa-limit")->address, 1ULL << 36);
}

static void test_ipa_limit(void **state)
{
	const struct finding *finding;

	(void)state;
	vm.layout.ipa_bits = 39;
	finding = expect("beyond-ipa-limit");
	assert_int_equal(finding->address, 1ULL << 39);
	assert_int_equal(finding->severity, SEVERITY_WARNING);
	assert_contains(finding->summary, "39 bits");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VERIFY_TEST(test_memory),
		VERIFY_TEST(test_memory_to_give),
		VERIFY_TEST(test_memory_on_each_architecture),
		VERIFY_TEST(test_memory_given_by_file),
		VERIFY_TEST(test_e820),
		VERIFY_TEST(test_ipa_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
