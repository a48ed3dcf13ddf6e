/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Firecracker, src/vmm/src/arch/{aarch64,x86_64}/layout.rs. Its command line does not tell its
 * version, but version 1.13 (7c623e89b, 3b943af0e) moved everything: before, all devices were
 * placed one after the other from the start of the MMIO gap, there was no PCI and no ITS.
 */

#include <stddef.h>
#include <string.h>

#include "daemon/core/machine_kit.h"

#define GIB (1ULL << 30)

/* aarch64 */
#define DRAM_MEM_START	   0x80000000ULL
#define MMIO32_MEM_START   0x40000000ULL /* boot timer; MAPPED_IO_START before 1.13 */
#define RTC_MEM_START	   0x40001000ULL
#define SERIAL_MEM_START   0x40002000ULL
#define DEVICES_START	   0x40003000ULL /* MEM_32BIT_DEVICES_START */
#define PCI_MMCONFIG_START 0x70000000ULL
#define GICV3_DIST	   0x3fff0000ULL
#define GICV2_DIST	   0x3ffff000ULL
#define GICV2_CPU	   0x3fffd000ULL
/* x86_64 */
#define X86_GAP_START	   0xc0000000ULL /* MMIO32_MEM_START; boot timer */
#define X86_DEVICES_START  0xc0001000ULL
#define X86_OLD_GAP_START  0xd0000000ULL /* MMIO_MEM_START before 1.13 */
#define X86_MMCONFIG_START 0xeec00000ULL
#define X86_IOAPIC	   0xfec00000ULL
/* both */
#define MMIO64_MEM_START     (256 * GIB)
#define MMIO64_MEM_END	     (512 * GIB)
#define PCI_MMIO_CONFIG_SIZE 0x100000ULL /* of the only segment */

enum version {
	UNKNOWN,
	BEFORE_1_13,
	SINCE_1_13
};

/* The queue notify register (NOTIFY_REG_OFFSET, 0x50) of virtio-mmio devices, one per 4 KiB. */
#define MMIO_DOORBELLS(from, to)                                                       \
	(struct kit_doorbells)                                                         \
	{                                                                              \
		.start = (from), .end = (to), .mask = 0xfff, .low = 0x50, .high = 0x51 \
	}

/* NOTIFICATION_BAR_OFFSET in BARs of CAPABILITY_BAR_SIZE, placed from the start of the window. */
static const struct kit_doorbells pci_doorbells = {
	.start = MMIO64_MEM_START,
	.end = MMIO64_MEM_START + GIB / 2,
	.mask = 0x7ffff,
	.low = 0x6000,
	.high = 0x7000,
};

static bool is_arm64(const struct machine_facts *facts)
{
	return !strcmp(facts->arch, "arm64");
}

static bool has_its(const struct layout *layout)
{
	return kit_redists_below(layout, GICV3_DIST) &&
	       kit_on_bus(layout, layout->redist[0].base - KIT_ITS_SIZE);
}

static enum version version_arm64(const struct layout *layout)
{
	/* There is the first device, whatever it is; and RAM has no gap for 64-bit devices. */
	if (kit_any_doorbell(layout, &MMIO_DOORBELLS(MMIO32_MEM_START, DEVICES_START)) ||
	    kit_run_end(layout, DRAM_MEM_START) > MMIO64_MEM_START)
		return BEFORE_1_13;
	if (has_its(layout) ||
	    kit_any_doorbell(layout, &MMIO_DOORBELLS(DEVICES_START, PCI_MMCONFIG_START)))
		return SINCE_1_13;
	return UNKNOWN;
}

static enum version version_x86(const struct layout *layout)
{
	uint64_t end = kit_run_end(layout, 0);

	if (end > X86_GAP_START ||
	    kit_any_doorbell(layout, &MMIO_DOORBELLS(X86_OLD_GAP_START, X86_IOAPIC)))
		return BEFORE_1_13;
	if (end == X86_GAP_START ||
	    kit_any_doorbell(layout, &MMIO_DOORBELLS(X86_DEVICES_START, X86_OLD_GAP_START)))
		return SINCE_1_13;
	return UNKNOWN;
}

static enum version version_of(const struct machine_facts *facts)
{
	if (facts->options->pcie == VMOPTION_ON)
		return SINCE_1_13;
	if (!facts->layout->known)
		return UNKNOWN;
	if (kit_any_doorbell(facts->layout, &pci_doorbells))
		return SINCE_1_13;
	return is_arm64(facts) ? version_arm64(facts->layout) : version_x86(facts->layout);
}

static enum vmoption since_1_13(enum version version)
{
	return version == SINCE_1_13 ? VMOPTION_ON
	       : version == UNKNOWN  ? VMOPTION_UNSET
				     : VMOPTION_OFF;
}

static enum vmoption pci(const struct machine_facts *facts, enum version version)
{
	if (version == BEFORE_1_13)
		return VMOPTION_OFF;
	if (!facts->options->known)
		return VMOPTION_UNSET;
	return facts->options->pcie == VMOPTION_ON ? VMOPTION_ON : VMOPTION_OFF;
}

static void compute_arm64(const struct machine_facts *facts, struct machine *machine)
{
	enum version version = version_of(facts);
	enum vmoption fixed = since_1_13(version);

	kit_settle(machine, RTC_MEM_START, fixed);
	kit_settle(machine, SERIAL_MEM_START, fixed);
	kit_settle(machine, PCI_MMCONFIG_START, pci(facts, version));
	if (version == BEFORE_1_13) {
		kit_settle(machine, MMIO32_MEM_START, VMOPTION_OFF);
		kit_settle(machine, DEVICES_START, VMOPTION_OFF);
		kit_add_window(machine, "virtio-mmio, serial, RTC", ROLE_VIRTIO_MMIO,
			       MMIO32_MEM_START, DRAM_MEM_START, false,
			       "Firecracker src/vmm/src/arch/aarch64/mod.rs: MMIO_MEM_START, "
			       "before 1.13; 0x1000 each");
	}
	kit_add_gicv3_below(machine, facts, GICV3_DIST,
			    "Firecracker src/vmm/src/arch/aarch64/gic/gicv3/mod.rs: "
			    "get_redists_addr()",
			    fixed,
			    "Firecracker src/vmm/src/arch/aarch64/gic/gicv3/mod.rs: "
			    "get_msi_address(), since 1.13");
	kit_settle(machine, MMIO64_MEM_START, pci(facts, version));
	if (version == UNKNOWN)
		machine->doubt = "where its devices are depends on its version, 1.13 or before";
}

static void compute_x86(const struct machine_facts *facts, struct machine *machine)
{
	enum version version = version_of(facts);

	if (version == BEFORE_1_13) {
		kit_settle(machine, X86_GAP_START, VMOPTION_OFF);
		kit_settle(machine, X86_DEVICES_START, VMOPTION_OFF);
	}
	kit_settle(machine, X86_MMCONFIG_START, pci(facts, version));
	/* Free as far as the fixed regions that are left allow. */
	if (version == BEFORE_1_13)
		kit_add_window(machine, "virtio-mmio", ROLE_VIRTIO_MMIO, X86_OLD_GAP_START,
			       X86_IOAPIC, false,
			       "Firecracker src/vmm/src/arch/x86_64/mod.rs: MMIO_MEM_START, "
			       "before 1.13; 0x1000 each");
	kit_settle(machine, MMIO64_MEM_START, pci(facts, version));
	if (version == UNKNOWN)
		machine->doubt = "where its devices are depends on its version, 1.13 or before";
}

static double fingerprint_arm64(const struct machine_facts *facts)
{
	const struct layout *layout = facts->layout;
	const struct kit_doorbells mmio = MMIO_DOORBELLS(MMIO32_MEM_START, PCI_MMCONFIG_START);
	const struct kit_doorbells first = MMIO_DOORBELLS(MMIO32_MEM_START, RTC_MEM_START);

	/* It never asks for exits on NISV, QEMU always does. */
	if (!kit_ram_at(layout, DRAM_MEM_START) || layout->nisv_to_user)
		return MACHINE_IS_NOT;
	if (layout->vgic_model == NISV_VGIC_V2)
		return layout->vgic_dist == GICV2_DIST && layout->vgic_cpu == GICV2_CPU
			       ? MACHINE_IS
			       : MACHINE_IS_NOT;
	if (!kit_redists_below(layout, GICV3_DIST))
		return MACHINE_IS_NOT;
	if (kit_all_doorbells(layout, &pci_doorbells))
		return MACHINE_IS;
	/* Older libkrun has the same vGIC and doorbells, from the second place on, but no ITS. */
	if (kit_all_doorbells(layout, &mmio))
		return kit_any_doorbell(layout, &first) || has_its(layout) ? MACHINE_IS
									   : MACHINE_FITS;
	return kit_has_doorbells(layout) ? MACHINE_IS_NOT : MACHINE_FITS;
}

static double fingerprint_x86(const struct machine_facts *facts)
{
	const struct layout *layout = facts->layout;
	uint64_t end = kit_run_end(layout, 0);

	if (!end || end > X86_OLD_GAP_START)
		return MACHINE_IS_NOT;
	if (!kit_has_doorbells(layout))
		return MACHINE_FITS;
	if (!kit_on_bus(layout, X86_IOAPIC))
		return MACHINE_IS_NOT; /* it uses KVM's IOAPIC: KvmVm::setup_irqchip() */
	if (kit_all_doorbells(layout, &pci_doorbells) ||
	    kit_all_doorbells(layout, &MMIO_DOORBELLS(X86_DEVICES_START, X86_OLD_GAP_START)))
		return MACHINE_IS;
	/* So does libkrun. */
	return kit_all_doorbells(layout, &MMIO_DOORBELLS(X86_OLD_GAP_START, X86_IOAPIC))
		       ? MACHINE_FITS
		       : MACHINE_IS_NOT;
}

const struct machine_kind machine_firecracker[] = {
	{.id = "firecracker-arm64", .fingerprint = fingerprint_arm64, .compute = compute_arm64},
	{.id = "firecracker-x86_64", .fingerprint = fingerprint_x86, .compute = compute_x86},
	{.id = NULL},
};
