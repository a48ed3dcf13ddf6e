/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * QEMU's virt machine: what depends on its version, options, RAM, IPA size and vCPUs. The numbers
 * are those that QEMU 7.2 prints (info mtree -f) where it can make the machine, and those of
 * virt_set_memmap() for what needs another version; tests/native compares many more.
 */

#include "tests/unit/machines.h"

#define ECAM_LOW  0x3f000000ULL
#define ECAM_SIZE 0x10000000ULL
#define HIGH_MMIO 0x8000000000ULL

static void virt(uint32_t major, uint32_t minor, uint64_t ram, uint32_t ipa_bits)
{
	machines_begin("arm64", "qemu");
	vm.options.known = true;
	snprintf(vm.options.machine, sizeof(vm.options.machine), "virt");
	vm.options.machine_major = major;
	vm.options.machine_minor = minor;
	vm.options.ram_bytes = ram;
	vm.options.cpus = 1;
	vm.layout.ipa_bits = ipa_bits;
	machines_gicv3(0x08000000, 0x080a0000, 1);
	machines_slot(0x40000000, ram);
}

/* The ECAM is high, at @ecam, and so is the MMIO window. */
static void assert_high(uint64_t ecam, uint64_t mmio)
{
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_nothing(ECAM_LOW);
	assert_device(ecam, ECAM_SIZE);
	assert_device(mmio, 512 * GIB);
	assert_true(assert_at(mmio, mmio, 512 * GIB)->is_window);
	assert_false(assert_at(ecam, ecam, ECAM_SIZE)->is_window);
	assert_nothing(ecam - 1);
	assert_nothing(ecam + ECAM_SIZE);
}

/* The ECAM is low and there is no high MMIO window. */
static void assert_low(void)
{
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_device(ECAM_LOW, 0x1000000);
	for (size_t i = 0; i < made.n_regions; i++)
		assert_true(made.regions[i].base < 4 * GIB);
}

static void high_regions_float_with_ram(void **state)
{
	(void)state;
	virt(7, 1, 4 * GIB, 40);
	assert_high(0x4010000000, HIGH_MMIO);
	virt(7, 1, 255 * GIB, 44);
	assert_high(0x4010000000, HIGH_MMIO);
	virt(7, 1, 256 * GIB, 44);
	assert_high(0x4050000000, HIGH_MMIO);
	virt(7, 1, TIB, 44);
	assert_high(0x10050000000, 0x18000000000);
	virt(9, 2, TIB, 44);
	assert_high(0x10050000000, 0x18000000000);
	/* RAM that does not end at a GiB. */
	virt(9, 2, 255 * GIB + MIB, 44);
	assert_high(0x4050000000, HIGH_MMIO);
}

static void high_regions_float_with_memory_devices(void **state)
{
	(void)state;
	virt(7, 1, 4 * GIB, 44);
	vm.options.max_ram_bytes = 300 * GIB;
	vm.options.ram_slots = 4;
	assert_high(0x4c50000000, HIGH_MMIO);
	assert_at(0x140000000, 0x140000000, 300 * GIB);
	assert_true(assert_at(0x140000000, 0x140000000, 300 * GIB)->class == REGION_RAM);
	virt(7, 1, 2 * GIB, 44);
	vm.options.max_ram_bytes = 4 * GIB;
	vm.options.ram_slots = 2;
	assert_high(0x4010000000, HIGH_MMIO);
	assert_at(0xc0000000, 0xc0000000, 4 * GIB);
}

static void high_regions_must_fit(void **state)
{
	(void)state;
	/* 600 GiB and 40 bits: no room for the MMIO window. */
	virt(7, 1, 600 * GIB, 40);
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_device(0x9650000000, ECAM_SIZE);
	assert_nothing(HIGH_MMIO);
	assert_nothing(0x9650000000 + ECAM_SIZE);
	assert_nothing(0x10000000000);
	/* An IPA of 36 bits: none of it, so the ECAM is low. */
	virt(7, 1, 4 * GIB, 36);
	assert_low();
	virt(9, 2, 4 * GIB, 36);
	assert_low();
	/* 39 bits: all but the MMIO window. */
	virt(9, 2, 4 * GIB, 39);
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_device(0x4010000000, ECAM_SIZE);
	assert_nothing(HIGH_MMIO);
}

static void highmem_off_is_low(void **state)
{
	(void)state;
	virt(7, 2, 2 * GIB, 40);
	vm.options.highmem = VMOPTION_OFF;
	assert_low();
	/* It does not depend on the version, nor on what the kernel shows. */
	vm.options.machine_major = 0;
	vm.layout.ipa_bits = 0;
	assert_low();
}

static void old_machines_have_a_low_ecam(void **state)
{
	(void)state;
	virt(2, 12, 4 * GIB, 40);
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_device(ECAM_LOW, 0x1000000);
	assert_nothing(0x4010000000);
	assert_device(HIGH_MMIO, 512 * GIB);
	virt(3, 0, 4 * GIB, 40);
	assert_high(0x4010000000, HIGH_MMIO);
	virt(9, 2, 4 * GIB, 40);
	vm.options.highmem_ecam = VMOPTION_OFF;
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_device(ECAM_LOW, 0x1000000);
	/* Firmware of a 32-bit guest. */
	virt(9, 2, GIB, 40);
	vm.layout.is_32bit = true;
	assert_high(0x4010000000, HIGH_MMIO);
	vm.options.firmware = VMOPTION_ON;
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_device(ECAM_LOW, 0x1000000);
}

static void compact_layout_by_version(void **state)
{
	(void)state;
	/* Without the 64 MiB of redistributors the ECAM moves down to 256 GiB; before, it stays. */
	virt(7, 1, 4 * GIB, 40);
	vm.options.highmem_redists = VMOPTION_OFF;
	assert_high(0x4010000000, HIGH_MMIO);
	vm.options.machine_major = 8;
	assert_high(0x4000000000, HIGH_MMIO);
	vm.options.compact_highmem = VMOPTION_OFF;
	assert_high(0x4010000000, HIGH_MMIO);
	vm.options.machine_major = 7;
	vm.options.compact_highmem = VMOPTION_ON;
	assert_high(0x4000000000, HIGH_MMIO);
	/* virt-7.2 is compact in QEMU 8.0, but not in 7.2; a plain virt is any version. */
	vm.options.compact_highmem = VMOPTION_UNSET;
	vm.options.machine_minor = 2;
	assert_chosen("qemu-virt-arm64", 0.8);
	assert_contains(choice.reason, "depends on the version of QEMU");
	vm.options.machine_major = vm.options.machine_minor = 0;
	assert_chosen("qemu-virt-arm64", 0.8);
	assert_optional(0x4000000000, ECAM_SIZE);
	/* Where it does not matter the version need not be known. */
	vm.options.highmem_redists = VMOPTION_UNSET;
	assert_high(0x4010000000, HIGH_MMIO);
}

static void high_mmio_of_another_size(void **state)
{
	(void)state;
	virt(10, 0, 4 * GIB, 48);
	vm.options.highmem_mmio_size = 2 * TIB;
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_device(2 * TIB, 2 * TIB);
	vm.options.highmem_mmio_size = 2 * TIB + 1; /* QEMU refuses it */
	assert_high(0x4010000000, HIGH_MMIO);
	vm.options.highmem_mmio = VMOPTION_OFF;
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_nothing(HIGH_MMIO);
}

static void redistributors_by_vcpus(void **state)
{
	static const struct {
		uint32_t cpus;
		uint64_t low, high;
	} cases[] = {
		{1, 0x20000, 0},
		{8, 0x100000, 0},
		{123, 0xf60000, 0},
		{124, 0xf60000, 0x20000},
		{256, 0xf60000, 133 * 0x20000},
		{512, 0xf60000, 389 * 0x20000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		virt(9, 2, 4 * GIB, 40);
		vm.options.cpus = cases[i].cpus;
		assert_chosen("qemu-virt-arm64", 0.9);
		assert_device(0x080a0000, cases[i].low);
		if (cases[i].high)
			assert_device(0x4000000000, cases[i].high);
		else
			assert_nothing(0x4000000000);
	}
	/* A machine without the high ones. */
	vm.options.highmem_redists = VMOPTION_OFF;
	vm.options.machine_major = 7;
	vm.options.machine_minor = 1;
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_nothing(0x4000000000);
	/* Without -smp the kernel's count. */
	virt(9, 2, 4 * GIB, 40);
	vm.options.cpus = 0;
	vm.layout.vcpus = 4;
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_device(0x080a0000, 4 * 0x20000);
}

static void devices_by_option_and_version(void **state)
{
	(void)state;
	virt(9, 2, GIB, 40);
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_device(0x09030000, 0x1000); /* GPIO */
	assert_nothing(0x09080000);	   /* GED */
	assert_nothing(0x09050000);	   /* SMMU */
	assert_nothing(0x09090000);	   /* NVDIMM */
	assert_device(0x08080000, 0x20000);
	assert_optional(0x090a0000, 0x10000); /* stolen time */

	vm.options.firmware = VMOPTION_ON;
	vm.options.smmuv3 = VMOPTION_ON;
	vm.options.nvdimm = VMOPTION_ON;
	vm.options.its = VMOPTION_OFF;
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_nothing(0x09030000);
	assert_device(0x09080000, 4);
	assert_device(0x09050000, 0x20000);
	assert_device(0x09090000, 4);
	assert_nothing(0x08080000);

	vm.options.acpi = VMOPTION_OFF;
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_device(0x09030000, 0x1000);
	assert_nothing(0x09080000);

	vm.options.acpi = VMOPTION_UNSET;
	vm.options.machine_major = 4; /* virt-4.1: no_ged; virt-5.1: no stolen time */
	vm.options.machine_minor = 1;
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_device(0x09030000, 0x1000);
	assert_nothing(0x09080000);
	assert_nothing(0x090a0000);

	vm.options.its = VMOPTION_UNSET;
	vm.options.machine_major = 2;
	vm.options.machine_minor = 7; /* no_its */
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_nothing(0x08080000);
}

static void an_unread_command_line_decides_nothing(void **state)
{
	(void)state;
	virt(0, 0, GIB, 40);
	vm.options = (struct vmoptions){};
	vm.vmm = "unknown";
	vm.layout.nisv_to_user = true;
	assert_chosen("qemu-virt-arm64", 0.6);
	assert_optional(0x09030000, 0x1000);
	assert_optional(0x09080000, 4);
	assert_optional(0x09050000, 0x20000);
	assert_optional(ECAM_LOW, 0x1000000);
	assert_optional(0x4010000000, ECAM_SIZE);
	assert_optional(HIGH_MMIO, 512 * GIB);
	/* RAM is what the memslots show. */
	vm.slots[0].size = 256 * GIB;
	vm.layout.ipa_bits = 44;
	assert_chosen("qemu-virt-arm64", 0.6);
	assert_optional(0x4050000000, ECAM_SIZE);
}

static void hostile_options_are_survived(void **state)
{
	static const uint64_t sizes[] = {0,	     1,		GIB, 1ULL << 52, (1ULL << 52) + 1,
					 1ULL << 63, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t j = 0; j < ARRAY_SIZE(sizes); j++)
			for (uint32_t bits = 0; bits < 70; bits += 23) {
				virt(9, 2, GIB, bits);
				vm.options.ram_bytes = sizes[i];
				vm.options.max_ram_bytes = sizes[j];
				vm.options.highmem_mmio_size = sizes[j];
				vm.options.ram_slots = (uint32_t)sizes[i];
				vm.options.cpus = vm.options.max_cpus = (uint32_t)sizes[j];
				assert_true(machines_choose());
			}
}

static void a_gicv2_has_its_own_mark(void **state)
{
	(void)state;
	machines_begin("arm64", "unknown");
	machines_gicv2(0x08000000, 0x08010000);
	machines_slot(0x40000000, GIB);
	assert_none("its layout fits qemu-virt-arm64, but nothing in it is proof");
	vm.layout.nisv_to_user = true;
	assert_chosen("qemu-virt-arm64", 0.6);
	vm.layout.vgic_cpu = 0x08002000;
	assert_none("fits no");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(high_regions_float_with_ram),
		cmocka_unit_test(high_regions_float_with_memory_devices),
		cmocka_unit_test(high_regions_must_fit),
		cmocka_unit_test(highmem_off_is_low),
		cmocka_unit_test(old_machines_have_a_low_ecam),
		cmocka_unit_test(compact_layout_by_version),
		cmocka_unit_test(high_mmio_of_another_size),
		cmocka_unit_test(redistributors_by_vcpus),
		cmocka_unit_test(devices_by_option_and_version),
		cmocka_unit_test(an_unread_command_line_decides_nothing),
		cmocka_unit_test(hostile_options_are_survived),
		cmocka_unit_test(a_gicv2_has_its_own_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
