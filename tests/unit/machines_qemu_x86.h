/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_MACHINES_QEMU_X86_H
#define NISVD_TESTS_MACHINES_QEMU_X86_H

/*
 * What the tests of QEMU's machines on x86 share. Their numbers are those of "info mtree" of QEMU
 * 7.2 with the options named, under KVM, before firmware ran, unless a source is named.
 */

#include "tests/unit/machines.h"

#define FOUR_GIB (4 * GIB)

/* The fixed regions that code decides about; the shipped files have them all. */
static const struct machine qemu_x86_maps[] = {
	{
		.id = "qemu-q35-x86_64",
		.vmm = "qemu",
		.arch = "x86_64",
		.match = "q35",
		.n_regions = 6,
		.regions =
			{{"ECAM", 0xb0000000, 0x10000000, REGION_DEVICE, ROLE_NONE, 0, true, false,
			  ""},
			 {"IOAPIC", 0xfec00000, 0x1000, REGION_KERNEL_DEVICE, ROLE_NONE, 0, false,
			  false, ""},
			 {"HPET", 0xfed00000, 0x400, REGION_DEVICE, ROLE_NONE, 0, false, false, ""},
			 {"TPM", 0xfed40000, 0x5000, REGION_DEVICE, ROLE_NONE, 0, true, false, ""},
			 {"TPM PPI", 0xfed45000, 0x400, REGION_DEVICE, ROLE_NONE, 0, true, false,
			  ""},
			 {"BIOS", 0xfffc0000, 0x40000, REGION_ROM, ROLE_NONE, 0, false, false, ""}},
	},
	{
		.id = "qemu-pc-x86_64",
		.vmm = "qemu",
		.arch = "x86_64",
		.match = "pc",
		.n_regions = 5,
		.regions =
			{{"IOAPIC", 0xfec00000, 0x1000, REGION_KERNEL_DEVICE, ROLE_NONE, 0, false,
			  false, ""},
			 {"HPET", 0xfed00000, 0x400, REGION_DEVICE, ROLE_NONE, 0, false, false, ""},
			 {"TPM", 0xfed40000, 0x5000, REGION_DEVICE, ROLE_NONE, 0, true, false, ""},
			 {"TPM PPI", 0xfed45000, 0x400, REGION_DEVICE, ROLE_NONE, 0, true, false,
			  ""},
			 {"BIOS", 0xfffc0000, 0x40000, REGION_ROM, ROLE_NONE, 0, false, false, ""}},
	},
	{
		.id = "qemu-microvm-x86_64",
		.vmm = "qemu",
		.arch = "x86_64",
		.match = "microvm",
		.n_regions = 10,
		.regions = {{"PCIe window", 0xc0000000, 0x20000000, REGION_DEVICE, ROLE_NONE, 0,
			     true, true, ""},
			    {"ECAM", 0xe0000000, 0x10000000, REGION_DEVICE, ROLE_NONE, 0, true,
			     false, ""},
			    {"XHCI", 0xfe900000, 0x4000, REGION_DEVICE, ROLE_NONE, 0, true, false,
			     ""},
			    {"GED", 0xfea00000, 4, REGION_DEVICE, ROLE_NONE, 0, false, false, ""},
			    {"GED registers", 0xfea00200, 3, REGION_DEVICE, ROLE_NONE, 0, false,
			     false, ""},
			    {"virtio", 0xfeb00000, 0x1000, REGION_DEVICE, ROLE_NONE, 0, false,
			     false, ""},
			    {"virtio 8-23", 0xfeb01000, 0x2000, REGION_DEVICE, ROLE_NONE, 0, true,
			     false, ""},
			    {"IOAPIC", 0xfec00000, 0x1000, REGION_DEVICE, ROLE_NONE, 0, false,
			     false, ""},
			    {"IOAPIC2", 0xfec10000, 0x1000, REGION_DEVICE, ROLE_NONE, 0, true,
			     false, ""},
			    {"BIOS", 0xfffe0000, 0x20000, REGION_ROM, ROLE_NONE, 0, false, false,
			     ""}},
	},
	{.id = "firecracker-x86_64", .vmm = "firecracker", .arch = "x86_64"},
	{.id = "cloud-hypervisor-x86_64", .vmm = "cloud-hypervisor", .arch = "x86_64"},
	{.id = "crosvm-x86_64", .vmm = "crosvm", .arch = "x86_64"},
	{.id = "kvmtool-x86_64", .vmm = "kvmtool", .arch = "x86_64"},
	{.id = "libkrun-x86_64", .vmm = "libkrun", .arch = "x86_64"},
};

static inline void begin_as(const char *vmm)
{
	machines_begin("x86_64", vmm);
	vm.maps = qemu_x86_maps;
	vm.n_maps = ARRAY_SIZE(qemu_x86_maps);
}

/* A VM known by its command line, not by its layout. */
static inline void begin(const char *type, uint64_t ram)
{
	begin_as("qemu");
	vm.options.known = true;
	snprintf(vm.options.machine, sizeof(vm.options.machine), "%s", type);
	vm.options.ram_bytes = ram;
}

/* A VM known by its layout alone. */
static inline void begin_unknown(void)
{
	begin_as("unknown");
}

static inline void assert_window(uint64_t start, uint64_t end)
{
	assert_true(assert_at(start, start, end - start)->is_window);
	assert_true(assert_at(end - 1, start, end - start)->is_window);
}

/* As assert_chosen(); and no region is in another, since none depends on a vGIC. */
static inline void must_be(const char *id, double confidence)
{
	assert_chosen(id, confidence);
	for (size_t i = 0; i + 1 < made.n_regions; i++)
		assert_true(made.regions[i].base + made.regions[i].size <=
			    made.regions[i + 1].base);
}

/* Numbers that no VM has neither wrap around nor reach beyond what a guest can address. */
static inline void assert_hostile_options_are_survived(const char *type)
{
	static const uint64_t sizes[] = {1, 0xfffff, UINT64_MAX, UINT64_MAX - GIB, 1ULL << 63};

	for (size_t i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(sizes); i++) {
		begin(type, sizes[i % ARRAY_SIZE(sizes)]);
		vm.options.max_ram_bytes = sizes[i / ARRAY_SIZE(sizes)];
		vm.options.max_ram_below_4g = sizes[i / ARRAY_SIZE(sizes)];
		vm.options.ram_slots = UINT32_MAX;
		assert_true(machines_choose());
		assert_string_equal(made.match, type);
		for (size_t r = 0; r < made.n_regions; r++)
			assert_true(made.regions[r].size && made.regions[r].size < 1ULL << 52 &&
				    made.regions[r].base < 1ULL << 52);
	}
}

#endif
