/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Cloud Hypervisor, arch/src/{aarch64,x86_64}/layout.rs and vmm/src/memory_manager.rs: the RAM
 * fills the space below the 32-bit hole, then goes on from 4 GiB; PCI's 64-bit window follows it to
 * nearly the end of the address space, whose last part holds the ACPI devices.
 */

#include <stddef.h>

#include "daemon/core/machine_kit.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

#define GIC_V3_DIST_START	  0x08ff0000ULL
#define RAM_64BIT_START		  (4 * GIB)
#define PLATFORM_DEVICE_AREA_SIZE (1 * MIB)
#define ADDRESS_SPACE_CUT	  0x10000ULL  /* mmio_address_space_size() */
#define HOTPLUG_ALIGN		  (128 * MIB) /* MemoryManager::start_addr() */
#define MEMORY_MAX		  (1ULL << 52)
#define X86_IOAPIC		  0xfec00000ULL

struct arch {
	uint64_t ram_start;
	uint64_t reserved_start; /* MEM_32BIT_RESERVED_START */
	uint32_t likely_bits;	 /* of physical addresses, where neither host nor option tells */
};

static const struct arch arm64 = {
	.ram_start = 0x40000000, .reserved_start = 0xfc000000, .likely_bits = 40};
static const struct arch x86 = {.ram_start = 0, .reserved_start = 0xc0000000, .likely_bits = 46};

/* The first byte after the boot RAM; 0 unknown. */
static uint64_t ram_end(const struct arch *arch, const struct machine_facts *facts)
{
	uint64_t low = arch->reserved_start - arch->ram_start;
	uint64_t ram = facts->options->known ? facts->options->ram_bytes : 0;
	uint64_t end;

	if (ram > MEMORY_MAX)
		return 0;
	if (ram)
		return ram <= low ? arch->ram_start + ram : RAM_64BIT_START + ram - low;
	if (!facts->layout->known)
		return 0;
	end = kit_run_end(facts->layout, arch->ram_start);
	if (end == arch->reserved_start && kit_ram_at(facts->layout, RAM_64BIT_START))
		end = kit_run_end(facts->layout, RAM_64BIT_START);
	return end;
}

static uint64_t hotplug_bytes(const struct vmoptions *options)
{
	if (!options->known || options->max_ram_bytes <= options->ram_bytes ||
	    options->max_ram_bytes > MEMORY_MAX)
		return 0;
	return options->max_ram_bytes - options->ram_bytes;
}

/* start_of_device_area; 0 unknown. */
static uint64_t devices_start(const struct arch *arch, const struct machine_facts *facts)
{
	uint64_t start = ram_end(arch, facts), hotplug = hotplug_bytes(facts->options);

	if (!start)
		return 0;
	if (hotplug)
		start = (start + HOTPLUG_ALIGN - 1) & ~(HOTPLUG_ALIGN - 1);
	if (start <= arch->reserved_start)
		start = RAM_64BIT_START;
	return start + hotplug;
}

/* Smallest of what KVM gave and what was asked for; 0 unknown. */
static uint32_t phys_bits(const struct machine_facts *facts)
{
	uint32_t host = facts->layout->known ? facts->layout->ipa_bits : 0;
	uint32_t asked = facts->options->known ? facts->options->phys_bits : 0;
	uint32_t bits = asked && (!host || asked < host) ? asked : host;

	return bits >= 33 && bits <= 52 ? bits : 0;
}

static void compute_high(const struct arch *arch, const struct machine_facts *facts,
			 struct machine *machine)
{
	uint64_t start = devices_start(arch, facts);
	uint32_t bits = phys_bits(facts);
	uint64_t end = (1ULL << (bits ? bits : arch->likely_bits)) - ADDRESS_SPACE_CUT;

	if (start)
		kit_add_window(machine, "PCI MMIO window (64-bit)", ROLE_PCI_WINDOW, start,
			       end - PLATFORM_DEVICE_AREA_SIZE, false,
			       "Cloud Hypervisor vmm/src/memory_manager.rs: start_of_device_area, "
			       "end_of_device_area");
	if (bits)
		kit_add_window(machine, "ACPI devices", ROLE_NONE, end - PLATFORM_DEVICE_AREA_SIZE,
			       end, false,
			       "Cloud Hypervisor vmm/src/memory_manager.rs: "
			       "start_of_platform_device_area");
}

static void compute_arm64(const struct machine_facts *facts, struct machine *machine)
{
	kit_add_gicv3_below(machine, facts, GIC_V3_DIST_START,
			    "Cloud Hypervisor devices/src/gic.rs: redists_addr", VMOPTION_ON,
			    "Cloud Hypervisor devices/src/gic.rs: msi_addr");
	compute_high(&arm64, facts, machine);
}

static void compute_x86(const struct machine_facts *facts, struct machine *machine)
{
	compute_high(&x86, facts, machine);
}

static double fingerprint_arm64(const struct machine_facts *facts)
{
	/* No other VMM has its distributor there. */
	return kit_redists_below(facts->layout, GIC_V3_DIST_START) &&
			       kit_ram_at(facts->layout, arm64.ram_start)
		       ? MACHINE_IS
		       : MACHINE_IS_NOT;
}

static double fingerprint_x86(const struct machine_facts *facts)
{
	const struct layout *layout = facts->layout;
	uint64_t end = kit_run_end(layout, x86.ram_start);

	/* It has an IOAPIC of its own: KVM's irqchip is split. */
	if (!end || end > x86.reserved_start || kit_on_bus(layout, X86_IOAPIC))
		return MACHINE_IS_NOT;
	/* layout.rs: KVM_TSS_START and KVM_IDENTITY_MAP_START. KVM makes slots of them only on
	 * Intel, and only without unrestricted guest (vmx_set_tss_addr()). */
	return kit_slot_is(layout, 0xf8000000, 0x3000) || kit_slot_is(layout, 0xf8003000, 0x1000)
		       ? MACHINE_IS
		       : MACHINE_FITS;
}

const struct machine_kind machine_cloud_hypervisor[] = {
	{.id = "cloud-hypervisor-arm64",
	 .fingerprint = fingerprint_arm64,
	 .compute = compute_arm64},
	{.id = "cloud-hypervisor-x86_64", .fingerprint = fingerprint_x86, .compute = compute_x86},
	{.id = NULL},
};
