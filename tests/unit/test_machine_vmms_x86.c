/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Firecracker, Cloud Hypervisor, crosvm, kvmtool and libkrun on x86: what their maps compute, and
 * their marks. Numbers: the layout sources that the machine_*.c files name.
 */

#include "tests/unit/machines.h"

#define IOAPIC 0xfec00000ULL

static void known(const char *vmm, uint64_t low_ram)
{
	machines_begin("x86_64", vmm);
	vm.options.known = true;
	machines_slot(0, low_ram);
}

static void stranger(uint64_t low_ram, uint64_t doorbell)
{
	machines_begin("x86_64", "unknown");
	machines_slot(0, low_ram);
	if (doorbell)
		machines_bus(doorbell, true);
	machines_bus(IOAPIC, false);
}

static void firecracker_by_version(void **state)
{
	(void)state;
	known("firecracker", GIB);
	assert_chosen("firecracker-x86_64", 0.8);
	/* RAM up to the gap tells where it begins. */
	known("firecracker", 0xc0000000);
	machines_slot(4 * GIB, GIB);
	assert_chosen("firecracker-x86_64", 0.9);
	assert_true(assert_at(0xc0001000, 0xc0001000, 0x2ebff000)->is_window);
	assert_nothing(0xeec00000);
	known("firecracker", 0xd0000000);
	machines_slot(4 * GIB, GIB);
	assert_chosen("firecracker-x86_64", 0.9);
	assert_true(assert_at(0xd0000000, 0xd0000000, 0x2ec00000)->is_window);
	assert_nothing(0xc0000000);
	assert_nothing(0xc0001000);
	/* So does the first device. */
	known("firecracker", GIB);
	machines_bus(0xc0001050, true);
	assert_chosen("firecracker-x86_64", 0.9);
	assert_device(0xc0001000, 0x2ebff000);
	vm.bus[0].addr = 0xd0000050;
	assert_chosen("firecracker-x86_64", 0.9);
	assert_device(0xd0000000, 0x2ec00000);
	vm.options.pcie = VMOPTION_ON;
	assert_chosen("firecracker-x86_64", 0.9);
	assert_device(0xeec00000, 0x10000000);
}

static void firecracker_marks(void **state)
{
	(void)state;
	stranger(GIB, 0xc0001050);
	assert_chosen("firecracker-x86_64", 0.6);
	stranger(GIB, 0x4000006000);
	assert_chosen("firecracker-x86_64", 0.6);
	stranger(GIB, 0xd0000050);
	assert_none("alike: firecracker-x86_64, libkrun-x86_64");
	/* QEMU's microvm: 512 bytes a device. */
	stranger(GIB, 0xfeb00e50);
	assert_none("its layout fits no reference map");
}

static void cloud_hypervisor_above_ram(void **state)
{
	(void)state;
	known("cloud-hypervisor", GIB);
	vm.options.ram_bytes = GIB;
	vm.options.phys_bits = 46;
	assert_chosen("cloud-hypervisor-x86_64", 0.9);
	assert_device(4 * GIB, (1ULL << 46) - 0x110000 - 4 * GIB);
	assert_device((1ULL << 46) - 0x110000, MIB);
	vm.options.ram_bytes = 16 * GIB;
	assert_chosen("cloud-hypervisor-x86_64", 0.9);
	assert_at(20 * GIB, 17 * GIB, (1ULL << 46) - 0x110000 - 17 * GIB);
	/* Where the address space ends is not known: no ACPI devices at a guessed place. */
	vm.options.phys_bits = 0;
	assert_chosen("cloud-hypervisor-x86_64", 0.9);
	assert_nothing((1ULL << 46) - 0x110000);
	vm.options = (struct vmoptions){.known = true};
	vm.slots[0].size = 0xc0000000;
	machines_slot(4 * GIB, GIB);
	assert_chosen("cloud-hypervisor-x86_64", 0.9);
	assert_at(8 * GIB, 5 * GIB, (1ULL << 46) - 0x110000 - 5 * GIB);
}

static void cloud_hypervisor_marks(void **state)
{
	(void)state;
	machines_begin("x86_64", "unknown");
	machines_slot(0, 0xc0000000);
	machines_slot(0xf8000000, 0x3000);
	assert_chosen("cloud-hypervisor-x86_64", 0.6);
	machines_bus(IOAPIC, false); /* it has one of its own */
	assert_none("its layout fits these alike: firecracker-x86_64, crosvm-x86_64, "
		    "kvmtool-x86_64, libkrun-x86_64");
}

static void crosvm_around_ram(void **state)
{
	(void)state;
	known("crosvm", GIB);
	vm.options.ram_bytes = GIB;
	assert_chosen("crosvm-x86_64", 0.9);
	assert_device(0xf4000000, 0x4000000);
	assert_true(assert_at(0xd0000000, 0xd0000000, 0x24000000)->is_window);
	assert_optional(4 * GIB, 0x8000000);
	assert_device(4 * GIB + 0x8000000, (1ULL << 46) - 4 * GIB - 0x8000000);
	/* RAM above 4 GiB moves what follows it. */
	vm.options.ram_bytes = 8 * GIB;
	assert_chosen("crosvm-x86_64", 0.9);
	assert_optional(8 * GIB + 0x30000000, 0x8000000);
	/* --pci */
	vm.options.ram_bytes = GIB;
	vm.options.crosvm_ecam.start = 0xe0000000;
	vm.options.crosvm_ecam.size = 0x10000000;
	vm.options.crosvm_mem.start = 0xc0000000;
	assert_chosen("crosvm-x86_64", 0.9);
	assert_device(0xe0000000, 0x10000000);
	assert_device(0xc0000000, 0x20000000);
	assert_device(0xf0000000, 0x8000000);
}

static void crosvm_marks(void **state)
{
	(void)state;
	machines_begin("x86_64", "unknown");
	machines_slot(0, 640 * KIB);
	machines_slot(640 * KIB, 384 * KIB);
	machines_slot(MIB, GIB);
	assert_chosen("crosvm-x86_64", 0.6);
	/* The PC's hole instead: QEMU's. */
	vm.slots[1].gpa = 0xc0000;
	vm.slots[1].size = 256 * KIB;
	assert_none("its layout fits these alike: firecracker-x86_64, cloud-hypervisor-x86_64, "
		    "crosvm-x86_64, kvmtool-x86_64, libkrun-x86_64");
}

static void kvmtool_and_libkrun(void **state)
{
	(void)state;
	stranger(GIB, 0xd3000050);
	assert_chosen("kvmtool-x86_64", 0.6);
	machines_bus(0xd3000250, true);
	assert_chosen("kvmtool-x86_64", 0.6);
	stranger(GIB, 0xd2000038);
	assert_none("fits kvmtool-x86_64, but nothing in it is proof");
	known("libkrun", GIB);
	assert_chosen("libkrun-x86_64", 0.9);
	stranger(0xe0000000, 0);
	assert_none("fits no");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(firecracker_by_version),
		cmocka_unit_test(firecracker_marks),
		cmocka_unit_test(cloud_hypervisor_above_ram),
		cmocka_unit_test(cloud_hypervisor_marks),
		cmocka_unit_test(crosvm_around_ram),
		cmocka_unit_test(crosvm_marks),
		cmocka_unit_test(kvmtool_and_libkrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
