/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * crosvm, aarch64/src/lib.rs and x86_64/src/lib.rs: PCI's configuration space and window can be
 * moved by --pci (since 2024-11), the high windows follow the RAM.
 */

#include <stddef.h>
#include <stdio.h>

#include "daemon/core/machine_kit.h"

#define KIB (1ULL << 10)
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

#define AARCH64_PHYS_MEM_START	      0x80000000ULL
#define AARCH64_PLATFORM_MMIO_SIZE    GIB /* 8 MiB before e9dceff6e (2026-02), high MMIO then */
#define AARCH64_PROTECTED_VM_FW_START 0x7fc00000ULL
#define AARCH64_PROTECTED_VM_FW_SIZE  0x400000ULL
#define AARCH64_PVTIME_IPA_START      0x1ff0000ULL
#define AARCH64_PCI_CAM_BASE	      0x10000ULL
#define AARCH64_PCI_CAM_SIZE	      0x1000000ULL
#define AARCH64_PCI_MEM_BASE	      0x2000000ULL
#define AARCH64_PCI_MEM_SIZE	      0x2000000ULL
#define AARCH64_GIC_DIST_BASE	      0x3fff0000ULL
#define AARCH64_GIC_CPUI_BASE	      0x3ffd0000ULL
#define AARCH64_GIC_ITS_BASE	      0x40000000ULL

#define X86_GAP_START	   0xd0000000ULL /* 4 GiB - MEM_32BIT_GAP_SIZE */
#define X86_PCIE_CFG_START 0xf4000000ULL /* DEFAULT_PCIE_CFG_MMIO_START */
#define X86_PCIE_CFG_SIZE  0x4000000ULL
#define X86_PCI_MEM_END	   0xf8000000ULL /* after DEFAULT_PCI_MEM_END */
#define X86_HIGH_MMIO_BITS 46		 /* HIGH_MMIO_MAX_END */
#define FIRST_PAST_32BITS  (4 * GIB)
#define MEMORY_MAX	   (1ULL << 52)

/* NOTIFICATION_BAR_OFFSET in BARs of 32 KiB: devices/src/virtio/virtio_pci_device.rs. */
#define DOORBELLS(from, to)                                                                 \
	(struct kit_doorbells)                                                              \
	{                                                                                   \
		.start = (from), .end = (to), .mask = 0x7fff, .low = 0x3000, .high = 0x4000 \
	}

static uint64_t ram_bytes(const struct machine_facts *facts)
{
	uint64_t ram = facts->options->known ? facts->options->ram_bytes : 0;

	return ram <= MEMORY_MAX ? ram : 0;
}

static void add_ecam(struct machine *machine, const char *name, uint64_t base, uint64_t size,
		     const char *source)
{
	struct machine_region region = {
		.role = ROLE_ECAM, .base = base, .size = size, .source = source};

	snprintf(region.name, sizeof(region.name), "%s", name);
	machine_add(machine, &region);
}

static void compute_arm64(const struct machine_facts *facts, struct machine *machine)
{
	const struct vmoptions *options = facts->options;
	uint64_t cam = options->crosvm_cam.start ? options->crosvm_cam.start : AARCH64_PCI_CAM_BASE;
	uint64_t mem = AARCH64_PCI_MEM_BASE, mem_size = AARCH64_PCI_MEM_SIZE;
	uint64_t ram = ram_bytes(facts), end = ram ? AARCH64_PHYS_MEM_START + ram : 0;
	uint32_t bits = facts->layout->known ? facts->layout->ipa_bits : 0;

	if (options->crosvm_mem.start) {
		mem = options->crosvm_mem.start;
		mem_size = options->crosvm_mem.size ? options->crosvm_mem.size : mem_size;
	}
	/* arch_memory_layout() refuses another size of the CAM. */
	add_ecam(machine, "PCI configuration space", cam, AARCH64_PCI_CAM_SIZE,
		 "crosvm aarch64/src/lib.rs: AARCH64_PCI_CAM_BASE_DEFAULT; --pci cam=");
	if (mem_size < MEMORY_MAX && mem < MEMORY_MAX)
		kit_add_window(machine, "PCI MMIO window (low)", ROLE_PCI_WINDOW, mem,
			       mem + mem_size, false,
			       "crosvm aarch64/src/lib.rs: AARCH64_PCI_MEM_BASE_DEFAULT; --pci "
			       "mem=; 0x1010000 before 2022");
	kit_add_gicv3_below(machine, facts, AARCH64_GIC_DIST_BASE,
			    "crosvm devices/src/irqchip/kvm/aarch64.rs: AARCH64_GIC_REDIST_SIZE",
			    VMOPTION_OFF, NULL);
	if (facts->layout->known && kit_on_bus(facts->layout, AARCH64_GIC_ITS_BASE))
		kit_settle(machine, AARCH64_GIC_ITS_BASE, VMOPTION_ON);
	if (!end && facts->layout->known)
		end = kit_run_end(facts->layout, AARCH64_PHYS_MEM_START);
	if (!end)
		return;
	kit_add_window(machine, "platform MMIO window", ROLE_NONE, end,
		       end + AARCH64_PLATFORM_MMIO_SIZE, false,
		       "crosvm aarch64/src/lib.rs: get_system_allocator_config(), plat_mmio_base");
	if (bits && bits <= 52)
		kit_add_window(machine, "PCI MMIO window (high)", ROLE_PCI_WINDOW,
			       end + AARCH64_PLATFORM_MMIO_SIZE, 1ULL << bits, false,
			       "crosvm aarch64/src/lib.rs: get_system_allocator_config(), "
			       "high_mmio_base");
}

/* What is left of [start, end) around the configuration space in it. */
static void add_x86_low_window(struct machine *machine, uint64_t start, uint64_t end,
			       uint64_t cfg_start, uint64_t cfg_end)
{
	static const char source[] = "crosvm x86_64/src/lib.rs: create_arch_memory_layout(), "
				     "pci_mmio_before_32bit; --pci mem=";

	kit_add_window(machine, "PCI MMIO window (low)", ROLE_PCI_WINDOW, start,
		       cfg_start < end ? cfg_start : end, false, source);
	kit_add_window(machine, "PCI MMIO window (low)", ROLE_PCI_WINDOW,
		       cfg_end > start ? cfg_end : start, end, false, source);
}

static void compute_x86(const struct machine_facts *facts, struct machine *machine)
{
	const struct vmoptions *options = facts->options;
	uint64_t cfg = X86_PCIE_CFG_START, cfg_size = X86_PCIE_CFG_SIZE;
	uint64_t low, end = 0, low_end = X86_PCI_MEM_END, vcfg;
	uint64_t ram = ram_bytes(facts);

	if (options->crosvm_ecam.start && options->crosvm_ecam.start < X86_PCI_MEM_END) {
		cfg = options->crosvm_ecam.start;
		cfg_size = options->crosvm_ecam.size ? options->crosvm_ecam.size
						     : X86_PCI_MEM_END - cfg;
		cfg_size = cfg_size < 256 * MIB ? cfg_size : 256 * MIB;
	}
	low = cfg < X86_GAP_START ? cfg : X86_GAP_START;
	if (options->crosvm_mem.start && options->crosvm_mem.start < FIRST_PAST_32BITS) {
		low = options->crosvm_mem.start;
		if (options->crosvm_mem.size && options->crosvm_mem.size < FIRST_PAST_32BITS)
			low_end = low + options->crosvm_mem.size;
	}
	add_ecam(machine, "PCIe ECAM", cfg, cfg_size,
		 "crosvm x86_64/src/lib.rs: DEFAULT_PCIE_CFG_MMIO_START; --pci ecam=");
	add_x86_low_window(machine, low, low_end, cfg, cfg + cfg_size);
	if (ram)
		end = ram > low ? FIRST_PAST_32BITS + ram - low : ram;
	else if (facts->layout->known && kit_ram_at(facts->layout, FIRST_PAST_32BITS))
		end = kit_run_end(facts->layout, FIRST_PAST_32BITS);
	else if (facts->layout->known)
		end = kit_run_end(facts->layout, 0);
	if (!end)
		return;
	vcfg = (end + 2 * MIB - 1) & ~(2 * MIB - 1);
	vcfg = vcfg > FIRST_PAST_32BITS ? vcfg : FIRST_PAST_32BITS;
	kit_add_window(machine, "PCIe virtual configuration space", ROLE_NONE, vcfg,
		       vcfg + 2 * cfg_size, true,
		       "crosvm x86_64/src/lib.rs: get_pcie_vcfg_mmio_range(), since 2021-12");
	/* Or to the end of the CPU's physical addresses, which is not known here. */
	kit_add_window(machine, "PCI MMIO window (high)", ROLE_PCI_WINDOW, vcfg + 2 * cfg_size,
		       1ULL << X86_HIGH_MMIO_BITS, false,
		       "crosvm x86_64/src/lib.rs: get_high_mmio_range(), HIGH_MMIO_MAX_END");
}

static double fingerprint_arm64(const struct machine_facts *facts)
{
	const struct layout *layout = facts->layout;
	uint64_t end = kit_run_end(layout, AARCH64_PHYS_MEM_START);

	/* It never asks for exits on NISV, QEMU always does. */
	if (!end || layout->nisv_to_user)
		return MACHINE_IS_NOT;
	if (layout->vgic_model == NISV_VGIC_V2) {
		if (layout->vgic_dist != AARCH64_GIC_DIST_BASE ||
		    layout->vgic_cpu != AARCH64_GIC_CPUI_BASE)
			return MACHINE_IS_NOT;
	} else if (!kit_redists_below(layout, AARCH64_GIC_DIST_BASE) ||
		   kit_on_bus(layout, layout->redist[0].base - KIT_ITS_SIZE)) {
		return MACHINE_IS_NOT; /* an ITS there is kvmtool's or Firecracker's */
	}
	if (kit_on_bus(layout, AARCH64_GIC_ITS_BASE) ||
	    kit_ram_at(layout, AARCH64_PVTIME_IPA_START) ||
	    kit_slot_is(layout, AARCH64_PROTECTED_VM_FW_START, AARCH64_PROTECTED_VM_FW_SIZE) ||
	    kit_all_doorbells(layout, &DOORBELLS(AARCH64_PCI_MEM_BASE, AARCH64_GIC_CPUI_BASE)) ||
	    kit_all_doorbells(layout, &DOORBELLS(end, UINT64_MAX)))
		return MACHINE_IS;
	return kit_has_doorbells(layout) ? MACHINE_IS_NOT : MACHINE_FITS;
}

static double fingerprint_x86(const struct machine_facts *facts)
{
	const struct layout *layout = facts->layout;
	uint64_t end = kit_run_end(layout, 0);

	if (!end || end > X86_GAP_START)
		return MACHINE_IS_NOT;
	/* arch_memory_regions(), since 4241a0ec9 (2024-12): RAM behind what a PC has its VGA and
	 * ROMs in, as a slot of its own. */
	if (kit_slot_is(layout, 0, 640 * KIB) && kit_slot_is(layout, 640 * KIB, 384 * KIB) &&
	    kit_ram_at(layout, MIB))
		return MACHINE_IS;
	/* QEMU's virtio devices have their doorbells alike: no proof. */
	return !kit_has_doorbells(layout) ||
			       kit_all_doorbells(layout, &DOORBELLS(X86_GAP_START, UINT64_MAX))
		       ? MACHINE_FITS
		       : MACHINE_IS_NOT;
}

const struct machine_kind machine_crosvm[] = {
	{.id = "crosvm-arm64", .fingerprint = fingerprint_arm64, .compute = compute_arm64},
	{.id = "crosvm-x86_64", .fingerprint = fingerprint_x86, .compute = compute_x86},
	{.id = NULL},
};
