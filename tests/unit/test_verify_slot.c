/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The memslots against what is behind them and around them. */

#include "tests/unit/verify_case.h"

static void test_assigned_devices(void **state)
{
	(void)state;
	add_slot(0x10000000, 0x10000, 0);
	vm.backing[1].kind = BACKING_VFIO;
	vm.backing[1].writable = false;
	add_slot(0x8000000000, 0x10000, 0);
	vm.backing[2].kind = BACKING_MIXED;
	vm.backing[2].writable = false;
	add_slot(0, 0x4000000, NISV_SLOT_READONLY);
	vm.backing[3].kind = BACKING_FILE;
	vm.backing[3].writable = false;
	add_slot(0x8000100000, 0x10000, NISV_SLOT_GUEST_MEMFD);
	vm.backing[4].covered_bytes = 0;
	vm.backing[4].kind = BACKING_NONE;
	/* A platform device's registers. */
	add_slot(0xc000000, 0x1000, 0);
	vm.backing[5].kind = BACKING_VFIO;
	add_range(GUEST_DEVICE, 0xc000000, 0x1000, "pl330", "arm,primecell");
	expect_silence();
}

static void test_backing(void **state)
{
	const struct finding *finding;

	(void)state;
	vm.backing[0].covered_bytes = 256 * MIB;
	vm.backing[0].gap = RAM + 256 * MIB;
	finding = expect("backing-gone");
	assert_int_equal(finding->severity, SEVERITY_ERROR);
	assert_int_equal(finding->address, RAM + 256 * MIB);
	assert_contains(finding->summary, "256 MiB of memslot 0");
	assert_contains(finding->where, "0x7f0010000000");

	vm.backing[0] = (struct backing){.slot_id = 0, .kind = BACKING_NONE, .gap = RAM};
	assert_contains(expect("backing-gone")->summary, "All of memslot 0");

	healthy(NULL);
	vm.backing[0].writable = false;
	finding = expect("backing-not-faultable");
	assert_int_equal(finding->severity, SEVERITY_ERROR);
	assert_contains(finding->summary, "cannot be written");
	vm.backing[0].readable = false;
	assert_contains(expect("backing-not-faultable")->summary, "cannot be accessed");
}

static void test_windows(void **state)
{
	static const char *const vmms[] = {"qemu", "crosvm", "cloud-hypervisor", "libkrun"};
	static const enum backing_kind kinds[] = {BACKING_ANONYMOUS, BACKING_MEMFD, BACKING_MIXED};
	/* Apart from the RAM, right behind it; smaller, larger. */
	static const uint64_t places[] = {0x80000000, RAM + 512 * MIB}, sizes[] = {MIB, 8 * GIB};

	(void)state;
	for (unsigned int i = 0; i < 4 * 3 * 2 * 2 * 2; i++) {
		healthy(NULL);
		vm.evidence.vmm = vmms[i % 4];
		add_slot(places[i / 12 % 2], sizes[i / 24 % 2], 0);
		vm.backing[1].kind = kinds[i / 4 % 3];
		vm.backing[1].readable = vm.backing[1].writable = false;
		if (i / 48)
			vm.guest = (struct guest_view){0};
		expect_silence();
		assert_true(check_named("host memory is behind")->done);
	}
	/* What the guest has as memory is none. */
	healthy(NULL);
	add_slot(RAM + 512 * MIB, 512 * MIB, 0);
	range_of(GUEST_MEMORY)->size = GIB;
	vm.backing[1].readable = vm.backing[1].writable = false;
	assert_int_equal(expect("backing-not-faultable")->severity, SEVERITY_ERROR);
	vm.backing[1].kind = BACKING_MEMFD;
	assert_int_equal(expect("backing-not-faultable")->address, RAM + 512 * MIB);
	/* By its own word: not by a file in its memory. */
	vm.guest.address = RAM + 0x123000;
	expect_silence();
	/* The main RAM is RAM whatever the guest says. */
	healthy(NULL);
	vm.guest = (struct guest_view){0};
	vm.backing[0].readable = vm.backing[0].writable = false;
	assert_int_equal(expect("backing-not-faultable")->severity, SEVERITY_ERROR);
	/* A window that can be read, but not written, is told as a doubt. */
	healthy(NULL);
	add_slot(0x80000000, MIB, 0);
	vm.backing[1].writable = false;
	assert_int_equal(expect("backing-not-faultable")->severity, SEVERITY_WARNING);
}

static void test_pages(void **state)
{
	(void)state;
	/* Memory that a host with larger pages cannot give to the byte. */
	vm.host.page_bytes = 65536;
	range_of(GUEST_MEMORY)->size = 512 * MIB + 0x3000;
	assert_contains(expect("subpage-memslot")->summary, "64 KiB");
	/* KVM takes no such slot; a saved file may say so. */
	healthy(NULL);
	vm.slots[0].size += 0x100;
	vm.backing[0].covered_bytes += 0x100;
	expect("subpage-memslot");
	/* A ROM of the machine that is too small to be a memslot of this host. */
	healthy(NULL);
	vm.host.page_bytes = 65536;
	vm.machine.regions[vm.machine.n_regions++] =
		(struct machine_region)REGION("ROM", 0x20000000000, 0x2000, REGION_ROM, .vgic = 0);
	assert_contains(expect("subpage-memslot")->summary, "ROM");
	vm.machine.regions[vm.machine.n_regions - 1].optional = true;
	expect_silence();
	vm.machine.regions[vm.machine.n_regions - 1].optional = false;
	add_slot(0x20000000000, 0x10000, NISV_SLOT_READONLY);
	expect_silence();
}

static void test_hidden_vgic(void **state)
{
	const struct finding *finding;

	(void)state;
	add_slot(0x8000000, 0x1000, 0);
	finding = expect("memslot-over-vgic");
	assert_contains(finding->summary, "distributor");
	assert_int_equal(finding->address, 0x8000000);
	vm.slots[1] = (struct nisv_slot){.gpa = 0x7ff0000, .size = 0x20000, .id = 1};
	vm.backing[1].covered_bytes = 0x20000;
	assert_int_equal(expect("memslot-over-vgic")->address, 0x8000000);
	vm.slots[1].size = vm.backing[1].covered_bytes = 0x1000;
	vm.slots[1].gpa = 0x80a0000 + 0x20000;
	vm.backing[1].gap = vm.slots[1].gpa + 0x1000;
	finding = expect("memslot-over-vgic");
	assert_contains(finding->summary, "redistributor");
	assert_int_equal(finding->address, 0x80a0000 + 0x20000);
	vm.slots[1].gpa = 0x80a0000 + 2 * 0x20000;
	expect_silence();
	vm.slots[1].gpa = 0x8000000;
	vm.slots[1].as_id = 1; /* nobody's */
	vm.backing[1].as_id = 1;
	expect_silence();
	/* The VMM has not made a vCPU yet: there are no redistributors. */
	vm.slots[1].as_id = vm.backing[1].as_id = 0;
	vm.slots[1].gpa = 0x80a0000;
	vm.layout.vcpus = vm.layout.redist[0].count = 0;
	expect_silence();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VERIFY_TEST(test_assigned_devices), VERIFY_TEST(test_backing),
		VERIFY_TEST(test_windows),	    VERIFY_TEST(test_pages),
		VERIFY_TEST(test_hidden_vgic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
