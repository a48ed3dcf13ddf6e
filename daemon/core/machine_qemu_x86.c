/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * QEMU's q35 and pc (i440FX) machines. Sources are files of QEMU, read from 5.2 to 10.0 and held
 * against what "info mtree" of 7.2 shows.
 */

#include "daemon/core/machine_qemu_x86.h"
#include "daemon/core/machine_kit.h"

#define MIB	  (1ULL << 20)
#define GIB	  (1ULL << 30)
#define FOUR_GIB  (4 * GIB)
#define HIGH_BASE 0x100000 /* RAM above the legacy hole of VGA and ROMs */

#define SOURCE_PC  "QEMU hw/i386/pc.c: "
#define SOURCE_Q35 "QEMU hw/i386/pc_q35.c: pc_q35_init"
#define SOURCE_PCI "QEMU hw/i386/pc_piix.c: pc_init1"

/* Fixed regions of the maps that options settle. */
#define ECAM_BASE     0xb0000000 /* q35 */
#define ECAM_END      0xc0000000
#define IOAPIC_BASE   0xfec00000
#define HPET_BASE     0xfed00000
#define TPM_BASE      0xfed40000
#define TPM_PPI_BASE  0xfed45000
#define BIOS_BASE     0xfffc0000
#define RAM_SLOTS_MAX 256	/* include/hw/acpi/acpi_dev_interface.h: ACPI_MAX_RAM_SLOTS */
#define FLASH_MAX     (8 * MIB) /* pc.c: pcms->max_fw_size */
#define ABOVE_1T_BASE 0x10000000000ULL /* pc.c: AMD_ABOVE_1TB_START (since 7.1) */

#define RAM_MAX (16 * ABOVE_1T_BASE) /* more is no real command line */

/* Where RAM is split and goes on; ends are 0 where there is none or nothing tells. */
struct ram {
	uint64_t visible_end; /* of low RAM, outside of System Management Mode */
	uint64_t low_end;     /* with what only that mode sees */
	uint64_t high_base, high_end;
};

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/* pc_q35.c: pc_q35_init, "Check whether RAM fits below 4G". */
static uint64_t q35_low_ram(const struct vmoptions *options)
{
	uint64_t limit = options->ram_bytes >= 0xb0000000 ? 0x80000000 : 0xb0000000;

	if (options->max_ram_below_4g)
		limit = min(limit, options->max_ram_below_4g);
	return min(limit, options->ram_bytes);
}

/* pc_piix.c: pc_init1, "Calculate ram split"; machines before 2.0 were not aligned to 1 GiB. */
static uint64_t pc_low_ram(const struct vmoptions *options)
{
	uint64_t limit = options->max_ram_below_4g ? options->max_ram_below_4g : 0xe0000000;

	if (options->ram_bytes >= limit && (!options->machine_major || options->machine_major >= 2))
		limit = min(limit, 0xc0000000);
	return min(limit, options->ram_bytes);
}

/*
 * End of the RAM that holds @gpa in an address space: 0, or 1, which a vCPU sees in System
 * Management Mode. Firmware turns the ROMs below 1 MiB on and off (PAM), so RAM may begin at 0, at
 * 0xc0000 or at 1 MiB. 0 if there is none.
 */
static uint64_t ram_end(const struct layout *layout, uint16_t as_id, uint64_t gpa)
{
	uint64_t end = 0;

	for (size_t i = 0; layout->known && i < layout->n_slots; i++) {
		const struct nisv_slot *slot = &layout->slots[i];

		if (slot->as_id != as_id ||
		    (slot->flags & (NISV_SLOT_READONLY | NISV_SLOT_INVALID)))
			continue;
		if (end ? slot->gpa == end : slot->gpa <= gpa && gpa - slot->gpa < slot->size)
			end = slot->gpa + slot->size;
	}
	return end;
}

static uint64_t low_ram_end(const struct layout *layout)
{
	return ram_end(layout, 0, HIGH_BASE) ?: ram_end(layout, 0, 0);
}

/*
 * The memory slots show RAM as it is; the command line tells the rest, and how much of what follows
 * RAM above 4 GiB is hotplugged.
 */
static struct ram find_ram(const struct machine_facts *facts,
			   uint64_t (*low_ram)(const struct vmoptions *options))
{
	const struct layout *layout = facts->layout;
	const struct vmoptions *options = facts->options;
	struct ram ram = {.high_base = FOUR_GIB};

	ram.visible_end = low_ram_end(layout) ?: low_ram(options);
	ram.low_end = ram_end(layout, 1, HIGH_BASE);
	if (ram.low_end < ram.visible_end || ram.low_end > ECAM_BASE)
		ram.low_end = ram.visible_end;
	if (layout->known && !kit_ram_at(layout, FOUR_GIB) && kit_ram_at(layout, ABOVE_1T_BASE))
		ram.high_base = ABOVE_1T_BASE;
	if (options->ram_bytes > ram.low_end && options->ram_bytes <= RAM_MAX)
		ram.high_end = ram.high_base + options->ram_bytes - ram.low_end;
	else if (layout->known && !options->ram_bytes)
		ram.high_end = kit_run_end(layout, ram.high_base);
	return ram;
}

/* pc.c: pc_get_device_memory_range; the end of it, or of RAM where there is none. */
static uint64_t add_hotplug_area(const struct machine_facts *facts, const struct ram *ram,
				 struct machine *machine)
{
	const struct vmoptions *options = facts->options;
	uint64_t end = ram->high_end ? ram->high_end : ram->high_base;
	struct machine_region area = {
		.name = "memory hotplug area",
		.base = round_up(end, GIB),
		.class = REGION_RAM,
		.optional = true,
		.is_window = true,
		.source = SOURCE_PC "pc_get_device_memory_range",
	};

	if (!options->ram_bytes || options->max_ram_bytes <= options->ram_bytes ||
	    options->max_ram_bytes > RAM_MAX)
		return end;
	area.size = options->max_ram_bytes - options->ram_bytes +
		    min(options->ram_slots, RAM_SLOTS_MAX) * GIB;
	machine_add(machine, &area);
	return area.base + area.size;
}

/* Where the firmware ends up below 4 GiB: the read-only slots that end there; 0 if none does. */
static uint64_t rom_base(const struct layout *layout)
{
	uint64_t base = FOUR_GIB;

	for (size_t i = layout->n_slots; layout->known && i > 0; i--) {
		const struct nisv_slot *slot = &layout->slots[i - 1];

		if (!slot->as_id && (slot->flags & NISV_SLOT_READONLY) &&
		    slot->gpa + slot->size == base)
			base = slot->gpa;
	}
	return base < FOUR_GIB ? base : 0;
}

/*
 * A BIOS image of 256 KiB, unless flash or another image is there (pc_sysfw.c: pc_system_flash_map;
 * x86.c: x86_bios_rom_init). Flash that a guest commands has no slot for that time.
 */
static void settle_firmware(const struct machine_facts *facts, struct machine *machine)
{
	uint64_t base = rom_base(facts->layout);
	bool given = facts->options->firmware == VMOPTION_ON;
	struct machine_region firmware = {
		.name = "firmware",
		.class = REGION_ROM,
		.optional = !base,
		.source = "QEMU hw/i386/pc_sysfw.c: pc_system_flash_map, x86_bios_rom_init",
	};

	if (!given && (!base || base == BIOS_BASE))
		return;
	if (!base)
		base = FOUR_GIB - FLASH_MAX;
	firmware.base = base;
	firmware.size = FOUR_GIB - base;
	kit_settle(machine, BIOS_BASE, VMOPTION_OFF);
	machine_add(machine, &firmware);
}

/* With kernel_irqchip=split, and with TCG, the IOAPIC is QEMU's own. */
static void settle_ioapic(const struct machine_facts *facts, struct machine *machine)
{
	if (!facts->layout->known)
		return;
	for (size_t i = 0; i < machine->n_regions; i++)
		if (machine->regions[i].base == IOAPIC_BASE)
			machine->regions[i].class = kit_on_bus(facts->layout, IOAPIC_BASE)
							    ? REGION_KERNEL_DEVICE
							    : REGION_DEVICE;
}

enum vmoption qemu_x86_only_if_on(const struct vmoptions *options, enum vmoption option)
{
	if (option != VMOPTION_UNSET)
		return option;
	return options->known ? VMOPTION_OFF : VMOPTION_UNSET;
}

enum vmoption qemu_x86_unless_off(const struct vmoptions *options, enum vmoption option)
{
	if (option != VMOPTION_UNSET)
		return option;
	return options->known ? VMOPTION_ON : VMOPTION_UNSET;
}

/* What q35 and pc share; returns where RAM and the hotplug area end. */
static uint64_t compute_common(const struct machine_facts *facts, const struct ram *ram,
			       struct machine *machine)
{
	const struct vmoptions *options = facts->options;
	enum vmoption tpm = qemu_x86_only_if_on(options, options->tpm);

	kit_settle(machine, HPET_BASE, qemu_x86_unless_off(options, options->hpet));
	kit_settle(machine, TPM_BASE, tpm);
	kit_settle(machine, TPM_PPI_BASE, tpm == VMOPTION_OFF ? VMOPTION_OFF : VMOPTION_UNSET);
	settle_ioapic(facts, machine);
	settle_firmware(facts, machine);
	return add_hotplug_area(facts, ram, machine);
}

/* q35.c and i440fx.c: hole64; firmware that knows of more address bits may use more of them. */
static void add_pci_above_ram(struct machine *machine, uint64_t end, uint64_t size,
			      const char *source)
{
	uint64_t start = round_up(end, GIB);

	kit_add_window(machine, "PCI MMIO window (64-bit)", ROLE_PCI_WINDOW, start, start + size,
		       true, source);
}

/*
 * TSEG, the top of low RAM that firmware keeps for System Management Mode: outside of it QEMU
 * answers all ones (q35.c: mch_update_smram, tseg_blackhole).
 */
static void add_tseg(const struct ram *ram, struct machine *machine)
{
	machine_add(machine, &(struct machine_region){
				     .name = "SMRAM (TSEG)",
				     .base = ram->visible_end,
				     .size = ram->low_end - ram->visible_end,
				     .class = REGION_DEVICE,
				     .source = "QEMU hw/pci-host/q35.c: mch_update_smram, "
					       "tseg_blackhole",
			     });
}

static void compute_q35(const struct machine_facts *facts, struct machine *machine)
{
	const struct vmoptions *options = facts->options;
	struct ram ram = find_ram(facts, q35_low_ram);
	uint64_t end = compute_common(facts, &ram, machine);

	/* SeaBIOS keeps PCIEXBAR at its default, OVMF has had it elsewhere. */
	if (options->known && options->firmware != VMOPTION_ON)
		kit_settle(machine, ECAM_BASE, VMOPTION_ON);
	if (ram.low_end) {
		add_tseg(&ram, machine);
		kit_add_window(machine, "PCI MMIO window (below ECAM)", ROLE_PCI_WINDOW,
			       ram.low_end, ECAM_BASE, false, SOURCE_Q35);
	}
	kit_add_window(machine, "PCI MMIO window", ROLE_PCI_WINDOW, ECAM_END, IOAPIC_BASE, false,
		       SOURCE_Q35);
	if (ram.low_end)
		add_pci_above_ram(machine, end, 32 * GIB,
				  "QEMU hw/pci-host/q35.c: Q35_PCI_HOST_HOLE64_SIZE_DEFAULT");
}

static void compute_pc(const struct machine_facts *facts, struct machine *machine)
{
	struct ram ram = find_ram(facts, pc_low_ram);
	uint64_t end = compute_common(facts, &ram, machine);

	if (!ram.low_end)
		return;
	kit_add_window(machine, "PCI MMIO window", ROLE_PCI_WINDOW, ram.low_end, IOAPIC_BASE, false,
		       SOURCE_PCI);
	add_pci_above_ram(machine, end, 2 * GIB,
			  "QEMU hw/pci-host/i440fx.c: I440FX_PCI_HOST_HOLE64_SIZE_DEFAULT");
}

/*
 * q35 and pc have their firmware in a read-only slot below 4 GiB (x86.c: x86_bios_rom_init; flash
 * is one as long as it is read): no other VMM here makes that.
 */
static bool is_pc_like(const struct layout *layout)
{
	return layout->known && rom_base(layout) && kit_ram_at(layout, 0) &&
	       ram_end(layout, 0, HIGH_BASE);
}

static bool has_tseg(const struct layout *layout)
{
	return ram_end(layout, 1, HIGH_BASE) > ram_end(layout, 0, HIGH_BASE);
}

/*
 * q35 never has low RAM beyond 0xb0000000, and only q35 has TSEG. All else can be either: even
 * q35's usual split at 0x80000000 is pc's with max-ram-below-4g=2G.
 */
static double looks_like_q35(const struct machine_facts *facts)
{
	const struct layout *layout = facts->layout;

	if (!is_pc_like(layout))
		return MACHINE_IS_NOT;
	if (has_tseg(layout))
		return MACHINE_IS;
	return ram_end(layout, 0, HIGH_BASE) > 0xb0000000 ? MACHINE_IS_NOT : MACHINE_FITS;
}

static double looks_like_pc(const struct machine_facts *facts)
{
	const struct layout *layout = facts->layout;

	if (!is_pc_like(layout) || has_tseg(layout))
		return MACHINE_IS_NOT;
	return ram_end(layout, 0, HIGH_BASE) > 0xb0000000 ? MACHINE_IS : MACHINE_FITS;
}

const struct machine_kind machine_qemu_x86[] = {
	{"qemu-q35-x86_64", looks_like_q35, compute_q35},
	{"qemu-pc-x86_64", looks_like_pc, compute_pc},
	{"qemu-microvm-x86_64", qemu_microvm_likeness, qemu_microvm_compute},
	{NULL, NULL, NULL},
};
