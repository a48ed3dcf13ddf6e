/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Firecracker, Cloud Hypervisor, crosvm, kvmtool and libkrun on arm64: what their maps compute, and
 * the marks by which their VMs are told apart without a command line. Numbers: the layout sources
 * that the machine_*.c files name.
 */

#include "tests/unit/machines.h"

#define GIC_1G 0x3fff0000ULL /* where four of them have their distributor */

/* A VM that is known by its command line, with RAM but nothing else. */
static void known(const char *vmm, uint64_t ram_base, uint64_t ram)
{
	machines_begin("arm64", vmm);
	vm.options.known = true;
	machines_slot(ram_base, ram);
}

/* The same with only its layout to tell: GICv3 for @vcpus below @dist. */
static void stranger(uint64_t dist, uint32_t vcpus, uint64_t ram_base)
{
	machines_begin("arm64", "unknown");
	machines_slot(ram_base, GIB);
	machines_gicv3(dist, dist - vcpus * 0x20000, vcpus);
}

/* The same with a GICv2. */
static void stranger_gicv2(uint64_t dist, uint64_t cpu)
{
	machines_begin("arm64", "unknown");
	machines_slot(0x80000000, GIB);
	machines_gicv2(dist, cpu);
}

static void firecracker_by_version(void **state)
{
	(void)state;
	/* Nothing tells the version. */
	known("firecracker", 0x80000000, GIB);
	machines_gicv3(GIC_1G, GIC_1G - 0x40000, 2);
	assert_chosen("firecracker-arm64", 0.8);
	assert_contains(choice.reason, "depends on its version");
	assert_device(0x3ffb0000, 0x40000);
	assert_optional(0x3ff90000, 0x20000);
	assert_optional(0x40001000, 0x1000);
	assert_nothing(0x70000000);
	/* A device at the very start of the gap: before 1.13. */
	machines_bus(0x40000050, true);
	assert_chosen("firecracker-arm64", 0.9);
	assert_at(0x40001000, 0x40000000, GIB);
	assert_nothing(0x3ff90000);
	/* An ITS, or devices after the fixed ones only: 1.13 or later. */
	vm.bus[0].addr = 0x40003050;
	assert_chosen("firecracker-arm64", 0.9);
	assert_device(0x40001000, 0x1000);
	assert_device(0x3ff90000, 0x20000);
	assert_true(assert_at(0x40003000, 0x40003000, 0x2fffd000)->is_window);
	vm.layout.n_bus = 0;
	machines_bus(0x3ff90000, false);
	assert_chosen("firecracker-arm64", 0.9);
	assert_device(0x40002000, 0x1000);
	assert_nothing(0x4000000000);
	/* RAM from 256 GiB on: 1.13 and later leave a gap there. */
	vm.layout.n_bus = 0;
	vm.slots[0].size = 300 * GIB;
	assert_chosen("firecracker-arm64", 0.9);
	assert_at(0x40001000, 0x40000000, GIB);
	assert_nothing(0x4000000000);
	/* With PCI. */
	vm.slots[0].size = GIB;
	vm.options.pcie = VMOPTION_ON;
	assert_chosen("firecracker-arm64", 0.9);
	assert_device(0x70000000, 0x100000);
	assert_true(assert_at(0x4000000000, 0x4000000000, 256 * GIB)->is_window);
}

static void firecracker_marks(void **state)
{
	(void)state;
	stranger(GIC_1G, 4, 0x80000000);
	machines_bus(0x40000050, true);
	machines_bus(0x40001050, true);
	assert_chosen("firecracker-arm64", 0.6);
	/* Without the first place older libkrun is as likely, unless there is an ITS. */
	vm.bus[0].addr = 0x40003050;
	vm.bus[1].addr = 0x40004050;
	assert_none("alike: firecracker-arm64, libkrun-arm64");
	machines_bus(GIC_1G - 4 * 0x20000 - 0x20000, false);
	assert_chosen("firecracker-arm64", 0.6);
	/* A doorbell that is no virtio-mmio register of its. */
	machines_bus(0x40005058, true);
	assert_none("fits no");
	/* --enable-pci */
	stranger(GIC_1G, 4, 0x80000000);
	machines_bus(0x4000006000, true);
	machines_bus(0x4000086004, true);
	assert_chosen("firecracker-arm64", 0.6);
	/* It does not take exits on NISV. */
	vm.layout.nisv_to_user = true;
	assert_none("fits no");
	/* A GICv2 right below 1 GiB is only its. */
	stranger_gicv2(0x3ffff000, 0x3fffd000);
	assert_chosen("firecracker-arm64", 0.6);
}

static void cloud_hypervisor_above_ram(void **state)
{
	(void)state;
	known("cloud-hypervisor", 0x40000000, GIB);
	vm.options.ram_bytes = GIB;
	vm.options.max_cpus = 8;
	vm.layout.ipa_bits = 40;
	assert_chosen("cloud-hypervisor-arm64", 0.9);
	assert_device(0x08ff0000 - 8 * 0x20000, 8 * 0x20000);
	assert_device(0x08ff0000 - 9 * 0x20000, 0x20000);
	/* mmio_address_space_size(): 64 KiB less than 1 TiB, of which the last MiB is for ACPI. */
	assert_device(4 * GIB, TIB - 0x110000 - 4 * GIB);
	assert_device(TIB - 0x110000, MIB);
	assert_nothing(TIB - 0x10000);
	/* 4 GiB: 3008 MiB of it fit below the reserved 64 MiB. */
	vm.options.ram_bytes = 4 * GIB;
	assert_chosen("cloud-hypervisor-arm64", 0.9);
	assert_at(8 * GIB, 0x144000000, TIB - 0x110000 - 0x144000000);
	/* Memory to be plugged: aligned to 128 MiB, then its size. */
	vm.options.max_ram_bytes = 12 * GIB;
	assert_chosen("cloud-hypervisor-arm64", 0.9);
	assert_at(0x400000000, 0x348000000, TIB - 0x110000 - 0x348000000);
	assert_nothing(0x347ffffff);
	/* Fewer physical bits asked for than the host has. */
	vm.options.max_ram_bytes = 0;
	vm.options.phys_bits = 36;
	assert_chosen("cloud-hypervisor-arm64", 0.9);
	assert_at(0x200000000, 0x144000000, 0x1000000000 - 0x110000 - 0x144000000);
	/* The memslots tell where the command line does not: zones, the API. */
	vm.options = (struct vmoptions){.known = true};
	vm.slots[0].size = 0xfc000000 - 0x40000000;
	machines_slot(4 * GIB, GIB);
	assert_chosen("cloud-hypervisor-arm64", 0.9);
	assert_at(8 * GIB, 5 * GIB, TIB - 0x110000 - 5 * GIB);
}

static void cloud_hypervisor_marks(void **state)
{
	(void)state;
	stranger(0x08ff0000, 2, 0x40000000);
	assert_chosen("cloud-hypervisor-arm64", 0.6);
	vm.layout.redist[0].base += 0x10000;
	assert_none("fits no");
	stranger(0x08ff0000, 2, 0x80000000); /* before version 15 */
	assert_none("fits no");
}

static void crosvm_around_ram(void **state)
{
	(void)state;
	known("crosvm", 0x80000000, 2 * GIB);
	vm.options.ram_bytes = 2 * GIB;
	vm.options.cpus = 2;
	vm.layout.ipa_bits = 40;
	assert_chosen("crosvm-arm64", 0.9);
	assert_device(0x10000, 0x1000000);
	assert_true(assert_at(0x2000000, 0x2000000, 0x2000000)->is_window);
	assert_device(GIC_1G - 0x40000, 0x40000);
	assert_optional(0x40000000, 0x20000);
	assert_true(assert_at(4 * GIB, 4 * GIB, GIB)->is_window);
	assert_true(assert_at(5 * GIB, 5 * GIB, TIB - 5 * GIB)->is_window);
	assert_nothing(TIB);
	/* --pci */
	vm.options.crosvm_cam.start = 0x30000000;
	vm.options.crosvm_mem.start = 0x70000000;
	vm.options.crosvm_mem.size = 0x1000000;
	assert_chosen("crosvm-arm64", 0.9);
	assert_nothing(0x10000);
	assert_nothing(0x2000000);
	assert_device(0x30000000, 0x1000000);
	assert_device(0x70000000, 0x1000000);
	/* The memslots, and an ITS. */
	vm.options = (struct vmoptions){.known = true};
	machines_gicv3(GIC_1G, GIC_1G - 0x20000, 1);
	machines_bus(0x40000000, false);
	vm.slots[0].size = GIB;
	assert_chosen("crosvm-arm64", 0.9);
	assert_device(0x40000000, 0x20000);
	assert_device(3 * GIB, GIB);
}

static void crosvm_marks(void **state)
{
	(void)state;
	stranger(GIC_1G, 2, 0x80000000);
	machines_bus(0x40000000, false);
	assert_chosen("crosvm-arm64", 0.6);
	stranger(GIC_1G, 2, 0x80000000);
	machines_slot(0x7fc00000, 0x400000);
	assert_chosen("crosvm-arm64", 0.6);
	stranger(GIC_1G, 2, 0x80000000);
	machines_bus(0x2003000, true);
	machines_bus(0x200b004, true);
	assert_chosen("crosvm-arm64", 0.6);
	vm.bus[0].addr = 0x100003000;
	vm.bus[1].addr = 0x10000b000;
	assert_chosen("crosvm-arm64", 0.6);
	stranger_gicv2(GIC_1G, 0x3ffd0000);
	assert_none("alike: crosvm-arm64, kvmtool-arm64");
	machines_slot(0x1ff0000, 0x10000);
	assert_chosen("crosvm-arm64", 0.6);
}

static void kvmtool_below_the_gic(void **state)
{
	(void)state;
	known("kvmtool", 0x80000000, GIB);
	vm.options.cpus = 4;
	assert_chosen("kvmtool-arm64", 0.9);
	assert_device(GIC_1G - 0x80000, 0x80000);
	assert_optional(GIC_1G - 0xa0000, 0x20000);
	assert_optional(0x03000000, GIC_1G - 0xa0000 - 0x03000000);
	machines_gicv3(GIC_1G, GIC_1G - 0x80000, 4);
	machines_bus(GIC_1G - 0xa0000, false);
	machines_bus(0x03000250, true);
	assert_chosen("kvmtool-arm64", 0.9);
	assert_device(GIC_1G - 0xa0000, 0x20000);
	assert_device(0x03000000, GIC_1G - 0xa0000 - 0x03000000);
	/* More than can be. */
	known("kvmtool", 0x80000000, GIB);
	vm.options.cpus = UINT32_MAX;
	assert_chosen("kvmtool-arm64", 0.9);
	assert_nothing(GIC_1G - 1);
	assert_optional(0x03000000, 0x3ffcf000 - 0x03000000);
}

static void kvmtool_marks(void **state)
{
	(void)state;
	stranger(GIC_1G, 2, 0x80000000);
	machines_bus(GIC_1G - 0x60000, false);
	machines_bus(0x50000838, true);
	assert_chosen("kvmtool-arm64", 0.6);
	vm.bus[1].addr = 0x03000050;
	assert_chosen("kvmtool-arm64", 0.6);
	machines_bus(0x03000250, true);
	assert_chosen("kvmtool-arm64", 0.6);
	stranger(GIC_1G, 2, 0x80000000);
	machines_slot(0x01020000, 0x10000);
	assert_chosen("kvmtool-arm64", 0.6);
	/* An ITS alone is Firecracker's too. */
	stranger(GIC_1G, 2, 0x80000000);
	machines_bus(GIC_1G - 0x60000, false);
	assert_none("alike: firecracker-arm64, kvmtool-arm64");
}

static void libkrun_by_version(void **state)
{
	(void)state;
	known("libkrun", 0x80000000, GIB);
	assert_chosen("libkrun-arm64", 0.8);
	assert_true(assert_at(0x0a001000, 0x0a001000, 0x35fff000)->is_window);
	assert_nothing(0x0a000000);
	machines_gicv3(0x09ff0000, 0x09fd0000, 1);
	assert_chosen("libkrun-arm64", 0.9);
	assert_device(0x09fd0000, 0x20000);
	machines_gicv3(GIC_1G, GIC_1G - 0x20000, 1);
	assert_chosen("libkrun-arm64", 0.9);
	assert_device(GIC_1G, 0x10000);
	assert_device(GIC_1G - 0x20000, 0x20000);
	assert_at(0x40001000, 0x40001000, 0x3ffff000);
	assert_nothing(0x0a001000);
}

static void libkrun_marks(void **state)
{
	(void)state;
	stranger(0x09ff0000, 2, 0x80000000);
	assert_chosen("libkrun-arm64", 0.6);
	stranger(0x09ff0000, 2, 0x40000000);
	assert_chosen("libkrun-arm64", 0.6);
	stranger_gicv2(0x09fff000, 0x09ffd000);
	assert_chosen("libkrun-arm64", 0.6);
	/* Before 1.16 nothing in its layout is its alone. */
	stranger(GIC_1G, 2, 0x80000000);
	machines_bus(0x40002050, true);
	assert_none("alike: ");
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
		cmocka_unit_test(kvmtool_below_the_gic),
		cmocka_unit_test(kvmtool_marks),
		cmocka_unit_test(libkrun_by_version),
		cmocka_unit_test(libkrun_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
