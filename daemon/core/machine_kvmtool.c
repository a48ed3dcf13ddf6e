/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * kvmtool, arm/include/arm-common/kvm-arch.h, arm/gic.c and x86/include/kvm/kvm-arch.h. It has no
 * versions; the fixed regions are those since 2021-07. On x86 nothing depends on the VM.
 */

#include <stddef.h>

#include "daemon/core/machine_kit.h"

#define ARM_MEMORY_AREA	     0x80000000ULL
#define ARM_PVTIME_BASE	     0x01020000ULL
#define KVM_FLASH_MMIO_BASE  0x02000000ULL
#define KVM_VIRTIO_MMIO_AREA 0x03000000ULL
#define KVM_PCI_MMIO_AREA    0x50000000ULL
#define ARM_GIC_DIST_BASE    0x3fff0000ULL
#define ARM_GIC_CPUI_BASE    0x3ffd0000ULL
#define GICV2M_BASE	     0x3ffcf000ULL

#define X86_GAP_START	    0xd0000000ULL /* KVM_32BIT_GAP_START */
#define X86_PCI_MMIO_AREA   0xd2000000ULL
#define X86_VIRTIO_MMIO	    0xd3000000ULL /* KVM_VIRTIO_MMIO_AREA */
#define X86_VIRTIO_MMIO_END 0xd4000000ULL /* far beyond any number of devices */
#define X86_IOAPIC	    0xfec00000ULL

/* VIRTIO_MMIO_QUEUE_NOTIFY of devices of VIRTIO_MMIO_IO_SIZE, 0x200: virtio/mmio.c. */
#define MMIO_DOORBELLS(from, to)                                                       \
	(struct kit_doorbells)                                                         \
	{                                                                              \
		.start = (from), .end = (to), .mask = 0x1ff, .low = 0x50, .high = 0x51 \
	}

/* Anywhere in a BAR. */
#define PCI_DOORBELLS(from, to)                                              \
	(struct kit_doorbells)                                               \
	{                                                                    \
		.start = (from), .end = (to), .mask = 0, .low = 0, .high = 1 \
	}

static void compute_arm64(const struct machine_facts *facts, struct machine *machine)
{
	const struct layout *layout = facts->layout;
	uint64_t redists =
		ARM_GIC_DIST_BASE - kit_redists(facts, ARM_GIC_DIST_BASE) * VGIC_V3_REDIST_SIZE;
	uint64_t end = redists - KIT_ITS_SIZE;
	bool has_its = layout->known && kit_on_bus(layout, end);
	bool has_virtio_mmio;

	kit_add_gicv3_below(machine, facts, ARM_GIC_DIST_BASE,
			    "kvmtool arm/gic.c: gic__create(), gic_redists_base",
			    has_its ? VMOPTION_ON : VMOPTION_UNSET,
			    "kvmtool arm/gic.c: gic__create(), gic_msi_base; --irqchip gicv3-its");
	if (end > GICV2M_BASE)
		end = GICV2M_BASE;
	has_virtio_mmio = layout->known &&
			  kit_any_doorbell(layout, &MMIO_DOORBELLS(KVM_VIRTIO_MMIO_AREA, end));
	kit_add_window(machine, "virtio-mmio", ROLE_VIRTIO_MMIO, KVM_VIRTIO_MMIO_AREA, end,
		       !has_virtio_mmio,
		       "kvmtool arm/include/arm-common/kvm-arch.h: KVM_VIRTIO_MMIO_AREA; "
		       "--virtio-transport mmio; 0x200 each");
}

static double fingerprint_arm64(const struct machine_facts *facts)
{
	const struct layout *layout = facts->layout;

	/* It never asks for exits on NISV, QEMU always does. */
	if (!kit_ram_at(layout, ARM_MEMORY_AREA) || layout->nisv_to_user)
		return MACHINE_IS_NOT;
	if (layout->vgic_model == NISV_VGIC_V2 ? layout->vgic_dist != ARM_GIC_DIST_BASE ||
							 layout->vgic_cpu != ARM_GIC_CPUI_BASE
					       : !kit_redists_below(layout, ARM_GIC_DIST_BASE))
		return MACHINE_IS_NOT;
	if (kit_on_bus(layout, ARM_GIC_DIST_BASE + 0x10000))
		return MACHINE_IS_NOT; /* crosvm's ITS, where its own has the PCI ECAM */
	if (kit_ram_at(layout, ARM_PVTIME_BASE) ||
	    kit_all_doorbells(layout, &PCI_DOORBELLS(KVM_PCI_MMIO_AREA, ARM_MEMORY_AREA)) ||
	    kit_all_doorbells(layout, &MMIO_DOORBELLS(KVM_VIRTIO_MMIO_AREA, ARM_GIC_CPUI_BASE)))
		return MACHINE_IS;
	return kit_has_doorbells(layout) ? MACHINE_IS_NOT : MACHINE_FITS;
}

static double fingerprint_x86(const struct machine_facts *facts)
{
	const struct layout *layout = facts->layout;
	uint64_t end = kit_run_end(layout, 0);

	if (!end || end > X86_GAP_START)
		return MACHINE_IS_NOT;
	if (!kit_has_doorbells(layout))
		return MACHINE_FITS;
	if (!kit_on_bus(layout, X86_IOAPIC))
		return MACHINE_IS_NOT; /* it uses KVM's IOAPIC: kvm__arch_init() */
	if (kit_all_doorbells(layout, &MMIO_DOORBELLS(X86_VIRTIO_MMIO, X86_VIRTIO_MMIO_END)))
		return MACHINE_IS;
	return kit_all_doorbells(layout, &PCI_DOORBELLS(X86_PCI_MMIO_AREA, X86_VIRTIO_MMIO))
		       ? MACHINE_FITS
		       : MACHINE_IS_NOT;
}

const struct machine_kind machine_kvmtool[] = {
	{.id = "kvmtool-arm64", .fingerprint = fingerprint_arm64, .compute = compute_arm64},
	{.id = "kvmtool-x86_64", .fingerprint = fingerprint_x86},
	{.id = NULL},
};
