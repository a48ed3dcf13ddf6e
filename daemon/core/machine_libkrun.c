/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * libkrun, src/arch/src/{aarch64,x86_64}/layout.rs and src/vmm/src/device_manager/kvm/mmio.rs.
 * Version 1.16 (b7c0810c) moved the vGIC and the devices of arm64 guests from below and above 1 GiB
 * to where they always were with EFI firmware.
 */

#include <stddef.h>

#include "daemon/core/machine_kit.h"

#define MMIO_LEN	    0x1000ULL
#define MAPPED_IO_START	    0x0a000000ULL
#define OLD_MAPPED_IO_START 0x40000000ULL /* before 1.16 */
#define DRAM_START_EFI	    0x40000000ULL
#define DRAM_START_KERNEL   0x80000000ULL
#define GICV3_DIST_SIZE	    0x10000ULL
#define GICV2_DIST	    0x09fff000ULL
#define GICV2_CPU	    0x09ffd000ULL
#define X86_MMIO_MEM_START  0xd0000000ULL
#define X86_IOAPIC	    0xfec00000ULL

/* The queue notify register (NOTIFY_REG_OFFSET, 0x50) of devices of MMIO_LEN. */
#define MMIO_DOORBELLS(from, to)                                                       \
	(struct kit_doorbells)                                                         \
	{                                                                              \
		.start = (from), .end = (to), .mask = 0xfff, .low = 0x50, .high = 0x51 \
	}

static uint64_t dist_of(uint64_t mapped_io_start)
{
	return mapped_io_start - GICV3_DIST_SIZE;
}

static void compute_arm64(const struct machine_facts *facts, struct machine *machine)
{
	const struct layout *layout = facts->layout;
	bool placed = layout->known && layout->vgic_model != NISV_VGIC_NONE &&
		      layout->vgic_dist != NISV_ADDR_UNSET;
	bool old = placed && layout->vgic_dist == dist_of(OLD_MAPPED_IO_START);
	uint64_t start = old ? OLD_MAPPED_IO_START : MAPPED_IO_START;

	if (old) {
		kit_settle(machine, GICV2_DIST, VMOPTION_OFF);
		kit_settle(machine, GICV2_CPU, VMOPTION_OFF);
		kit_settle(machine, dist_of(MAPPED_IO_START), VMOPTION_OFF);
		machine_add(machine,
			    &(struct machine_region){
				    .name = "GICv3 distributor",
				    .base = dist_of(OLD_MAPPED_IO_START),
				    .size = GICV3_DIST_SIZE,
				    .class = REGION_KERNEL_DEVICE,
				    .role = ROLE_GIC_DIST,
				    .vgic = NISV_VGIC_V3,
				    .source = "libkrun src/devices/src/legacy/kvmgicv3.rs: "
					      "KvmGicV3::new(), before 1.16",
			    });
	}
	kit_add_gicv3_below(machine, facts, dist_of(start),
			    "libkrun src/devices/src/legacy/kvmgicv3.rs: KvmGicV3::new()",
			    VMOPTION_OFF, NULL);
	/* MMIODeviceManager::new() leaves the first place free on arm64. */
	kit_add_window(machine, "serial, RTC, virtio-mmio", ROLE_VIRTIO_MMIO, start + MMIO_LEN,
		       old ? DRAM_START_KERNEL : DRAM_START_EFI, false,
		       "libkrun src/vmm/src/device_manager/kvm/mmio.rs: MMIODeviceManager::new(); "
		       "0x1000 each");
	if (!placed)
		machine->doubt = "where its devices are depends on its version, 1.16 or before";
}

static double fingerprint_arm64(const struct machine_facts *facts)
{
	const struct layout *layout = facts->layout;
	const struct kit_doorbells devices =
		MMIO_DOORBELLS(OLD_MAPPED_IO_START + MMIO_LEN, DRAM_START_KERNEL);

	/* It never asks for exits on NISV, QEMU always does. */
	if (layout->nisv_to_user ||
	    (!kit_ram_at(layout, DRAM_START_KERNEL) && !kit_ram_at(layout, DRAM_START_EFI)))
		return MACHINE_IS_NOT;
	if (layout->vgic_model == NISV_VGIC_V2)
		return layout->vgic_dist == GICV2_DIST && layout->vgic_cpu == GICV2_CPU
			       ? MACHINE_IS
			       : MACHINE_IS_NOT;
	if (kit_redists_below(layout, dist_of(MAPPED_IO_START)))
		return MACHINE_IS;
	/* Firecracker's, crosvm's and kvmtool's vGIC is there too; it has no ITS. */
	if (!kit_redists_below(layout, dist_of(OLD_MAPPED_IO_START)) ||
	    kit_on_bus(layout, layout->redist[0].base - KIT_ITS_SIZE) ||
	    kit_on_bus(layout, OLD_MAPPED_IO_START))
		return MACHINE_IS_NOT;
	return !kit_has_doorbells(layout) || kit_all_doorbells(layout, &devices) ? MACHINE_FITS
										 : MACHINE_IS_NOT;
}

static double fingerprint_x86(const struct machine_facts *facts)
{
	const struct layout *layout = facts->layout;
	uint64_t end = kit_run_end(layout, 0);

	/* Firecracker before 1.13 looks the same. */
	if (!end || end > X86_MMIO_MEM_START)
		return MACHINE_IS_NOT;
	return !kit_has_doorbells(layout) ||
			       kit_all_doorbells(layout,
						 &MMIO_DOORBELLS(X86_MMIO_MEM_START, X86_IOAPIC))
		       ? MACHINE_FITS
		       : MACHINE_IS_NOT;
}

const struct machine_kind machine_libkrun[] = {
	{.id = "libkrun-arm64", .fingerprint = fingerprint_arm64, .compute = compute_arm64},
	{.id = "libkrun-x86_64", .fingerprint = fingerprint_x86},
	{.id = NULL},
};
