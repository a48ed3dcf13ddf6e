/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_SCENARIO_MACHINES_H
#define NISVD_TESTS_SCENARIO_MACHINES_H

/*
 * Machines for the scenario, with the regions that rules ask for: small ones, written by hand. The
 * shipped maps with all regions are tested in tests/cli and tests/native.
 */

#include "tests/unit/scenario.h"

#define REGION(name_, base_, size_, class_, role_, ...)                                   \
	{                                                                                 \
		.name = (name_), .base = (base_), .size = (size_), .class = (class_),     \
		.role = (role_), .source = "QEMU hw/arm/virt.c: base_memmap", __VA_ARGS__ \
	}

/* QEMU's virt machine with its high regions, as known by the command line. */
static const struct machine scenario_virt_map = {
	.id = "qemu-virt-arm64",
	.vmm = "qemu",
	.arch = "arm64",
	.match = "virt",
	.n_regions = 16,
	.regions =
		{
			REGION("FLASH", 0, 0x08000000, REGION_ROM, ROLE_FLASH, .vgic = 0),
			REGION("GICv2 distributor", 0x08000000, 0x1000, REGION_KERNEL_DEVICE,
			       ROLE_GIC_DIST, .vgic = NISV_VGIC_V2),
			REGION("GICv3 distributor", 0x08000000, 0x10000, REGION_KERNEL_DEVICE,
			       ROLE_GIC_DIST, .vgic = NISV_VGIC_V3),
			REGION("GICv2 CPU interface", 0x08010000, 0x2000, REGION_KERNEL_DEVICE,
			       ROLE_GIC_CPU, .vgic = NISV_VGIC_V2),
			REGION("GICv2m", 0x08020000, 0x1000, REGION_DEVICE, ROLE_V2M,
			       .vgic = NISV_VGIC_V2),
			REGION("GIC ITS", 0x08080000, 0x20000, REGION_KERNEL_DEVICE, ROLE_ITS,
			       .vgic = NISV_VGIC_V3),
			REGION("GICv3 redistributors", 0x080a0000, 0x20000, REGION_KERNEL_DEVICE,
			       ROLE_REDIST, .vgic = NISV_VGIC_V3),
			REGION("UART0 PL011", 0x09000000, 0x1000, REGION_DEVICE, ROLE_NONE,
			       .vgic = 0),
			REGION("RTC PL031", 0x09010000, 0x1000, REGION_DEVICE, ROLE_NONE,
			       .vgic = 0),
			REGION("ACPI GED", 0x09080000, 0x4, REGION_DEVICE, ROLE_NONE,
			       .optional = true),
			REGION("stolen time", 0x090a0000, 0x10000, REGION_RAM, ROLE_STOLEN_TIME,
			       .optional = true),
			REGION("virtio-mmio", 0x0a000000, 0x4000, REGION_DEVICE, ROLE_VIRTIO_MMIO,
			       .vgic = 0),
			REGION("PCIe MMIO window", 0x10000000, 0x2eff0000, REGION_DEVICE,
			       ROLE_PCI_WINDOW, .is_window = true),
			REGION("PCIe I/O window", 0x3eff0000, 0x10000, REGION_DEVICE, ROLE_PCI_IO,
			       .is_window = true),
			REGION("PCIe ECAM (high)", 0x4010000000, 0x10000000, REGION_DEVICE,
			       ROLE_ECAM, .vgic = 0),
			REGION("PCIe MMIO window (high)", 0x8000000000, 0x8000000000, REGION_DEVICE,
			       ROLE_PCI_WINDOW, .is_window = true),
		},
};

/* The registry: what virt can have with other options, a board, and another VMM's machine. */
static const struct machine scenario_registry_maps[] = {
	{
		.id = "qemu-virt-arm64",
		.vmm = "qemu",
		.arch = "arm64",
		.n_regions = 3,
		.regions =
			{
				REGION("SMMUv3 (iommu=smmuv3)", 0x09050000, 0x20000, REGION_DEVICE,
				       ROLE_NONE, .optional = true),
				REGION("PCIe ECAM (low)", 0x3f000000, 0x01000000, REGION_DEVICE,
				       ROLE_ECAM, .vgic = 0),
				REGION("PCIe MMIO window (other)", 0x4800000000, 0x800000000,
				       REGION_DEVICE, ROLE_PCI_WINDOW, .is_window = true),
			},
	},
	{
		.id = "raspberry-pi-4",
		.arch = "arm64",
		.is_alien = true,
		.n_regions = 4,
		.regions =
			{
				REGION("mailbox", 0xfe00b880, 0x40, REGION_DEVICE, ROLE_NONE,
				       .vgic = 0),
				REGION("GPIO", 0xfe200000, 0xb4, REGION_DEVICE, ROLE_NONE,
				       .vgic = 0),
				REGION("UART0 PL011", 0xfe201000, 0x200, REGION_DEVICE, ROLE_NONE,
				       .vgic = 0),
				REGION("GIC distributor", 0xff841000, 0x1000, REGION_DEVICE,
				       ROLE_GIC_DIST, .vgic = 0),
			},
	},
	{
		.id = "raspberry-pi-3",
		.arch = "arm64",
		.is_alien = true,
		.n_regions = 2,
		.regions =
			{
				REGION("GPIO", 0x3f200000, 0xb4, REGION_DEVICE, ROLE_NONE,
				       .vgic = 0),
				REGION("UART0 PL011", 0x3f201000, 0x200, REGION_DEVICE, ROLE_NONE,
				       .vgic = 0),
			},
	},
	{
		.id = "firecracker-arm64",
		.vmm = "firecracker",
		.arch = "arm64",
		.n_regions = 2,
		.regions =
			{
				REGION("RTC PL031", 0x50001000, 0x1000, REGION_DEVICE, ROLE_NONE,
				       .vgic = 0),
				REGION("serial 16550", 0x50002000, 0x1000, REGION_DEVICE, ROLE_NONE,
				       .vgic = 0),
			},
	},
};

static inline void scenario_registry(void)
{
	sc.host.maps = scenario_registry_maps;
	sc.host.n_maps = ARRAY_SIZE(scenario_registry_maps);
}

static inline void scenario_qemu_virt(void)
{
	sc.machine = scenario_virt_map;
	sc.evidence.vmm = "qemu";
	sc.evidence.machine = &sc.machine;
	sc.evidence.machine_confidence = 0.9;
}

/* With a GICv3 and its ITS in the kernel. */
static inline void scenario_qemu_virt_v3(void)
{
	scenario_qemu_virt();
	scenario_vgic_v3();
	scenario_bus(0x08080000, 0x20000, false);
}

/* From the beginning: the same with its registry, its command line read to its end. */
static inline void scenario_known_virt(void)
{
	scenario_reset();
	scenario_qemu_virt_v3();
	scenario_registry();
	sc.options.known = true;
}

static inline struct machine_region *scenario_region_named(const char *name)
{
	for (size_t i = 0; i < sc.machine.n_regions; i++)
		if (!strcmp(sc.machine.regions[i].name, name))
			return &sc.machine.regions[i];
	fail_msg("there is no region \"%s\"", name);
	return NULL;
}

/* This VM's options leave it out. */
static inline void scenario_without(const char *name)
{
	struct machine_region *region = scenario_region_named(name);
	size_t i = (size_t)(region - sc.machine.regions);

	memmove(region, region + 1, (sc.machine.n_regions - i - 1) * sizeof(*region));
	sc.machine.n_regions--;
}

/* An x86 VM with 128 MiB of RAM and nothing else; its fault's layout has no IPA size. */
static inline void scenario_x86(void)
{
	sc.host.arch = "x86_64";
	sc.rec.ipa_bits = 0;
	sc.machine = (struct machine){.id = "bare", .vmm = "firecracker", .arch = "x86_64"};
	scenario_no_slots();
	scenario_slot(0, 0, 128 * MIB, 0);
}

/* QEMU's q35 with 2 GiB below 0x80000000 and 1 GiB above 4 GiB, HPET on, no TPM. */
static inline void scenario_q35(void)
{
	static const struct machine registry[] = {
		{
			.id = "qemu-q35-x86_64",
			.vmm = "qemu",
			.arch = "x86_64",
			.n_regions = 2,
			.regions =
				{
					REGION("HPET", 0xfed00000, 0x400, REGION_DEVICE, ROLE_HPET,
					       .vgic = 0),
					REGION("TPM", 0xfed40000, 0x5000, REGION_DEVICE, ROLE_TPM,
					       .optional = true),
				},
		},
	};

	scenario_x86();
	scenario_no_slots();
	scenario_slot(0, 0, 2 * GIB, 0);
	scenario_slot(1, 4 * GIB, GIB, 0);
	sc.machine = (struct machine){
		.id = "qemu-q35-x86_64", .vmm = "qemu", .arch = "x86_64", .match = "q35"};
	sc.evidence.vmm = "qemu";
	scenario_region("PCIe ECAM", 0xb0000000, 0x10000000, REGION_DEVICE, ROLE_ECAM);
	scenario_region("PCI MMIO window", 0xc0000000, 0x3ec00000, REGION_DEVICE, ROLE_PCI_WINDOW)
		->is_window = true;
	scenario_region("IOAPIC", 0xfec00000, 0x1000, REGION_KERNEL_DEVICE, ROLE_APIC);
	scenario_region("HPET", 0xfed00000, 0x400, REGION_DEVICE, ROLE_HPET);
	sc.host.maps = registry;
	sc.host.n_maps = ARRAY_SIZE(registry);
}

#endif
