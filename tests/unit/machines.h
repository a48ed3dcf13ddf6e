/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_MACHINES_H
#define NISVD_TESTS_MACHINES_H

/*
 * VMs as the kernel and a command line show them, for the tests of reference maps. The maps here
 * have the fixed regions that the code of their VMM decides about, or none; the shipped files with
 * all of them are tested in tests/cli and tests/native.
 */

#include "tests/unit/unit.h"

#include "daemon/core/machine.h"

#define KIB (1ULL << 10)
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define TIB (1ULL << 40)

#define SLOTS_MAX 16
#define BUS_MAX	  16

struct machine_vm {
	const struct machine
		*maps; /* those to choose from: test_maps unless a test says otherwise */
	size_t n_maps;
	const char *arch, *vmm;
	struct vmoptions options;
	struct layout layout;
	struct nisv_slot slots[SLOTS_MAX];
	struct nisv_bus_range bus[BUS_MAX];
};

static const struct machine test_maps[] =
	{
		{
			.id = "qemu-virt-arm64",
			.vmm = "qemu",
			.arch = "arm64",
			.match = "virt",
			.n_regions = 11,
			.regions =
				{
					{"v2 dist", 0x08000000, 0x1000, REGION_KERNEL_DEVICE,
					 ROLE_NONE, NISV_VGIC_V2, false, false, ""},
					{"v3 dist", 0x08000000, 0x10000, REGION_KERNEL_DEVICE,
					 ROLE_NONE, NISV_VGIC_V3, false, false, ""},
					{"ITS", 0x08080000, 0x20000, REGION_KERNEL_DEVICE,
					 ROLE_NONE, NISV_VGIC_V3, false, false, ""},
					{"UART0", 0x09000000, 0x1000, REGION_DEVICE, ROLE_NONE, 0,
					 false, false, ""},
					{"GPIO", 0x09030000, 0x1000, REGION_DEVICE, ROLE_NONE, 0,
					 false, false, ""},
					{"SMMU", 0x09050000, 0x20000, REGION_DEVICE, ROLE_NONE, 0,
					 true, false, ""},
					{"GED", 0x09080000, 4, REGION_DEVICE, ROLE_NONE, 0, true,
					 false, ""},
					{"NVDIMM", 0x09090000, 4, REGION_DEVICE, ROLE_NONE, 0, true,
					 false, ""},
					{"PVTIME", 0x090a0000, 0x10000, REGION_RAM, ROLE_NONE, 0,
					 true, false, ""},
					{"window", 0x10000000, 0x2eff0000, REGION_DEVICE, ROLE_NONE,
					 0, false, true, ""},
					{"ECAM low", 0x3f000000, 0x1000000, REGION_DEVICE,
					 ROLE_NONE, 0, false, false, ""},
				},
		},
		{
			.id = "firecracker-arm64",
			.vmm = "firecracker",
			.arch = "arm64",
			.n_regions = 6,
			.regions =
				{
					{"v3 dist", 0x3fff0000, 0x10000, REGION_KERNEL_DEVICE,
					 ROLE_NONE, NISV_VGIC_V3, false, false, ""},
					{"RTC", 0x40001000, 0x1000, REGION_DEVICE, ROLE_NONE, 0,
					 false, false, ""},
					{"serial", 0x40002000, 0x1000, REGION_DEVICE, ROLE_NONE, 0,
					 false, false, ""},
					{"devices", 0x40003000, 0x2fffd000, REGION_DEVICE,
					 ROLE_NONE, 0, false, true, ""},
					{"ECAM", 0x70000000, 0x100000, REGION_DEVICE, ROLE_NONE, 0,
					 true, false, ""},
					{"64-bit window", 0x4000000000, 0x4000000000, REGION_DEVICE,
					 ROLE_NONE, 0, true, true, ""},
				},
		},
		{
			.id = "cloud-hypervisor-arm64",
			.vmm = "cloud-hypervisor",
			.arch = "arm64",
			.n_regions = 1,
			.regions = {{"v3 dist", 0x08ff0000, 0x10000, REGION_KERNEL_DEVICE,
				     ROLE_NONE, NISV_VGIC_V3, false, false, ""}},
		},
		{
			.id = "crosvm-arm64",
			.vmm = "crosvm",
			.arch = "arm64",
			.n_regions = 2,
			.regions =
				{
					{"v3 dist", 0x3fff0000, 0x10000, REGION_KERNEL_DEVICE,
					 ROLE_NONE, NISV_VGIC_V3, false, false, ""},
					{"ITS", 0x40000000, 0x20000, REGION_KERNEL_DEVICE,
					 ROLE_NONE, NISV_VGIC_V3, true, false, ""},
				},
		},
		{
			.id = "kvmtool-arm64",
			.vmm = "kvmtool",
			.arch = "arm64",
			.n_regions = 1,
			.regions = {{"v3 dist", 0x3fff0000, 0x10000, REGION_KERNEL_DEVICE,
				     ROLE_NONE, NISV_VGIC_V3, false, false, ""}},
		},
		{
			.id = "libkrun-arm64",
			.vmm = "libkrun",
			.arch = "arm64",
			.n_regions = 1,
			.regions = {{"v3 dist", 0x09ff0000, 0x10000, REGION_KERNEL_DEVICE,
				     ROLE_NONE, NISV_VGIC_V3, false, false, ""}},
		},
		{
			.id = "firecracker-x86_64",
			.vmm = "firecracker",
			.arch = "x86_64",
			.n_regions = 4,
			.regions =
				{
					{"boot timer", 0xc0000000, 0x1000, REGION_DEVICE, ROLE_NONE,
					 0, true, false, ""},
					{"devices", 0xc0001000, 0x2ebff000, REGION_DEVICE,
					 ROLE_NONE, 0, false, true, ""},
					{"ECAM", 0xeec00000, 0x10000000, REGION_DEVICE, ROLE_NONE,
					 0, true, false, ""},
					{"IOAPIC", 0xfec00000, 0x1000, REGION_KERNEL_DEVICE,
					 ROLE_NONE, 0, false, false, ""},
				},
		},
		{.id = "cloud-hypervisor-x86_64", .vmm = "cloud-hypervisor", .arch = "x86_64"},
		{.id = "crosvm-x86_64", .vmm = "crosvm", .arch = "x86_64"},
		{.id = "kvmtool-x86_64", .vmm = "kvmtool", .arch = "x86_64"},
		{.id = "libkrun-x86_64", .vmm = "libkrun", .arch = "x86_64"},
		{.id = "a-board", .vmm = "", .arch = "arm64", .is_alien = true},
};

static struct machine_vm vm;
static struct machine made;
static struct machine_choice choice;

/* A VM of which nothing is known. */
static inline void machines_begin(const char *arch, const char *vmm)
{
	memset(&vm, 0, sizeof(vm));
	memset(&made, 0, sizeof(made));
	vm.maps = test_maps;
	vm.n_maps = ARRAY_SIZE(test_maps);
	vm.arch = arch;
	vm.vmm = vmm;
	vm.layout.vgic_dist = vm.layout.vgic_cpu = NISV_ADDR_UNSET;
}

static inline void machines_slot(uint64_t gpa, uint64_t size)
{
	assert_true(vm.layout.n_slots < SLOTS_MAX);
	vm.slots[vm.layout.n_slots++] = (struct nisv_slot){.gpa = gpa, .size = size};
	vm.layout.known = true;
}

static inline void machines_bus(uint64_t addr, bool is_ioeventfd)
{
	assert_true(vm.layout.n_bus < BUS_MAX);
	vm.bus[vm.layout.n_bus++] =
		(struct nisv_bus_range){.addr = addr, .len = 4, .is_ioeventfd = is_ioeventfd};
	vm.layout.total_bus = vm.layout.n_bus;
}

static inline void machines_gicv3(uint64_t dist, uint64_t redist, uint32_t vcpus)
{
	vm.layout.vgic_model = NISV_VGIC_V3;
	vm.layout.vgic_dist = dist;
	vm.layout.n_redist = 1;
	vm.layout.redist[0].base = redist;
	vm.layout.vcpus = vcpus;
}

static inline void machines_gicv2(uint64_t dist, uint64_t cpu)
{
	vm.layout.vgic_model = NISV_VGIC_V2;
	vm.layout.vgic_dist = dist;
	vm.layout.vgic_cpu = cpu;
	vm.layout.vcpus = 1;
}

static inline bool machines_choose(void)
{
	const struct machine_facts facts = {
		.arch = vm.arch,
		.vmm = vm.vmm,
		.options = &vm.options,
		.layout = &vm.layout,
	};
	bool found;

	vm.layout.slots = vm.slots;
	vm.layout.bus = vm.bus;
	found = machine_choose(vm.maps, vm.n_maps, &facts, &made, &choice);
	for (size_t i = 0; found && i + 1 < made.n_regions; i++)
		assert_true(made.regions[i].base <= made.regions[i + 1].base);
	for (size_t i = 0; found && i < made.n_regions; i++)
		assert_non_null(made.regions[i].source);
	if (!found)
		assert_true(choice.confidence == 0 && choice.reason[0]);
	return found;
}

static inline void assert_chosen(const char *id, double confidence)
{
	if (!machines_choose())
		fail_msg("no map: %s", choice.reason);
	assert_string_equal(made.id, id);
	if (choice.confidence != confidence)
		fail_msg("confidence %g, not %g: %s", choice.confidence, confidence, choice.reason);
}

static inline void assert_none(const char *reason)
{
	if (machines_choose())
		fail_msg("%s was chosen: %s", made.id, choice.reason);
	assert_contains(choice.reason, reason);
}

/* The region at @ipa in the map that was made: exactly [@base, @base + @size). */
static inline const struct machine_region *assert_at(uint64_t ipa, uint64_t base, uint64_t size)
{
	const struct machine_region *region =
		machine_region_at(&made, vm.layout.vgic_model ?: NISV_VGIC_V3, ipa);

	if (!region)
		fail_msg("nothing at 0x%llx", (unsigned long long)ipa);
	if (region->base != base || region->size != size)
		fail_msg("%s is 0x%llx + 0x%llx", region->name, (unsigned long long)region->base,
			 (unsigned long long)region->size);
	return region;
}

/* It is there for certain. */
static inline void assert_device(uint64_t base, uint64_t size)
{
	assert_false(assert_at(base, base, size)->optional);
}

/* It may be there. */
static inline void assert_optional(uint64_t base, uint64_t size)
{
	assert_true(assert_at(base, base, size)->optional);
}

static inline void assert_nothing(uint64_t ipa)
{
	const struct machine_region *region =
		machine_region_at(&made, vm.layout.vgic_model ?: NISV_VGIC_V3, ipa);

	if (region)
		fail_msg("%s is at 0x%llx", region->name, (unsigned long long)ipa);
}

#endif
