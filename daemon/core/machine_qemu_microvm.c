/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * QEMU's microvm machine. Sources: hw/i386/microvm.c and include/hw/i386/microvm.h of 4.2 to 10.0,
 * held against what "info mtree" of 7.2 shows.
 */

#include "daemon/core/machine_kit.h"
#include "daemon/core/machine_qemu_x86.h"

#define MIB	  (1ULL << 20)
#define FOUR_GIB  (1ULL << 32)
#define HIGH_BASE MIB

#define GED_BASE      0xfea00000
#define GED_REGS_BASE 0xfea00200
#define XHCI_BASE     0xfe900000
#define MICRO_PCIE    0xc0000000
#define MICRO_ECAM    0xe0000000
#define VIRTIO_BASE   0xfeb00000
#define VIRTIO_8      0xfeb01000 /* the ninth transport */
#define VIRTIO_OLD    0xc0000000 /* QEMU 4.2 to 5.1 */
#define IOAPIC2_BASE  0xfec10000
#define MICRO_BIOS    0xfffe0000
#define QBOOT_BASE    0xffff0000

/* Queue-notify registers: offset 0x50 of each 512 bytes (virtio 1.1, 4.2.2 MMIO QueueNotify). */
static const struct kit_doorbells new_transports = {VIRTIO_BASE, VIRTIO_BASE + 24 * 0x200, 0x1ff,
						    0x50, 0x51};
static const struct kit_doorbells last_transports = {VIRTIO_8, VIRTIO_BASE + 24 * 0x200, 0x1ff,
						     0x50, 0x51};
static const struct kit_doorbells old_transports = {VIRTIO_OLD, VIRTIO_OLD + 8 * 0x200, 0x1ff, 0x50,
						    0x51};

/* Where the BIOS below 4 GiB begins whose end is mapped below 1 MiB, too, both writable; or 0
 * (microvm.c: x86_bios_rom_init with isapc_ram_fw). */
static uint64_t aliased_bios(const struct layout *layout)
{
	for (size_t i = 0; i < layout->n_slots; i++) {
		const struct nisv_slot *low = &layout->slots[i];

		if (low->as_id || low->gpa + low->size != MIB ||
		    (low->gpa != 0xe0000 && low->gpa != 0xf0000))
			continue;
		for (size_t j = i + 1; j < layout->n_slots; j++) {
			const struct nisv_slot *high = &layout->slots[j];

			if (!high->as_id && high->gpa + high->size == FOUR_GIB &&
			    !(high->flags & NISV_SLOT_READONLY) &&
			    high->hva + high->size == low->hva + low->size)
				return high->gpa;
		}
	}
	return 0;
}

double qemu_microvm_likeness(const struct machine_facts *facts)
{
	const struct layout *layout = facts->layout;
	uint64_t low_end = kit_run_end(layout, HIGH_BASE);

	if (low_end > 0xc0000000 || (kit_ram_at(layout, FOUR_GIB) && low_end != 0xc0000000))
		return MACHINE_IS_NOT;
	if (aliased_bios(layout) || kit_all_doorbells(layout, &new_transports))
		return MACHINE_IS;
	return MACHINE_IS_NOT;
}

static void use_old_transports(struct machine *machine)
{
	static const uint64_t since_5_2[] = {MICRO_PCIE,    MICRO_ECAM,	 XHCI_BASE, GED_BASE,
					     GED_REGS_BASE, VIRTIO_BASE, VIRTIO_8,  IOAPIC2_BASE};

	for (size_t i = 0; i < sizeof(since_5_2) / sizeof(since_5_2[0]); i++)
		kit_settle(machine, since_5_2[i], VMOPTION_OFF);
	machine_add(machine, &(struct machine_region){
				     .name = "virtio-mmio",
				     .base = VIRTIO_OLD,
				     .size = 8 * 0x200,
				     .class = REGION_DEVICE,
				     .role = ROLE_VIRTIO_MMIO,
				     .source = "QEMU include/hw/i386/microvm.h: VIRTIO_MMIO_BASE, "
					       "VIRTIO_NUM_TRANSPORTS (4.2 to 5.1)",
			     });
}

static void settle_microvm_bios(const struct machine_facts *facts, struct machine *machine)
{
	uint64_t base = facts->layout->known ? aliased_bios(facts->layout) : 0;
	struct machine_region bios = {
		.name = "BIOS",
		.class = REGION_ROM,
		.source = "QEMU hw/i386/microvm.c: MICROVM_BIOS_FILENAME, MICROVM_QBOOT_FILENAME",
	};

	if (!base && facts->options->acpi == VMOPTION_OFF &&
	    facts->options->firmware != VMOPTION_ON)
		base = QBOOT_BASE;
	if (!base)
		return;
	bios.base = base;
	bios.size = FOUR_GIB - base;
	kit_settle(machine, MICRO_BIOS, VMOPTION_OFF);
	machine_add(machine, &bios);
}

void qemu_microvm_compute(const struct machine_facts *facts, struct machine *machine)
{
	const struct vmoptions *options = facts->options;
	const struct layout *layout = facts->layout;
	enum vmoption acpi = qemu_x86_unless_off(options, options->acpi), second = VMOPTION_UNSET;
	enum vmoption usb =
		acpi == VMOPTION_OFF ? acpi : qemu_x86_only_if_on(options, options->usb);
	enum vmoption pcie =
		acpi == VMOPTION_OFF ? acpi : qemu_x86_only_if_on(options, options->pcie);

	settle_microvm_bios(facts, machine);
	if (layout->known && kit_any_doorbell(layout, &old_transports) &&
	    !kit_any_doorbell(layout, &new_transports)) {
		use_old_transports(machine);
		return;
	}
	if (acpi == VMOPTION_OFF)
		second = VMOPTION_OFF;
	else if (layout->known && kit_any_doorbell(layout, &last_transports))
		second = VMOPTION_ON;
	else
		machine->doubt = "how many virtio-mmio transports it has depends on the version "
				 "of QEMU";
	kit_settle(machine, VIRTIO_8, second);
	kit_settle(machine, IOAPIC2_BASE, second);
	kit_settle(machine, GED_BASE, acpi);
	kit_settle(machine, GED_REGS_BASE, acpi);
	kit_settle(machine, XHCI_BASE, usb);
	kit_settle(machine, MICRO_PCIE, pcie);
	kit_settle(machine, MICRO_ECAM, pcie);
}
