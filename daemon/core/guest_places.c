/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/guest_places.h"

#define MIB	 (1ULL << 20)
#define RUNS_MAX 8
#define GRID	 (2 * MIB)

struct places {
	const struct layout *layout;
	uint64_t *list;
	size_t n;
};

static void add(struct places *places, uint64_t ipa)
{
	if (places->n < GUEST_PLACES_MAX && layout_slot_at(places->layout, ipa))
		places->list[places->n++] = ipa;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* @run: adjoining slots. */
static void add_run(struct places *places, const struct range *run)
{
	uint64_t size = run->end - run->start;

	/* Cloud Hypervisor (arch/src/aarch64/layout.rs: FDT_START), QEMU with firmware
	 * (hw/arm/boot.c), crosvm --bios (aarch64/src/lib.rs: AARCH64_FDT_OFFSET_IN_BIOS_MODE). */
	add(places, run->start);
	/* libkrun (src/arch/src/aarch64/mod.rs: get_fdt_addr()): a page above that. */
	add(places, run->start + 0x1000);
	/* Firecracker (src/vmm/src/arch/aarch64/mod.rs: get_fdt_addr()), crosvm (fdt_address()),
	 * older libkrun: the last 2 MiB. */
	if (size >= GRID)
		add(places, run->end - GRID);
	/* kvmtool (arm/kvm.c: kvm__arch_load_kernel_image()): below the first 256 MiB's end. */
	size = least(size, 256 * MIB);
	if (size >= GRID)
		add(places, ((run->start + size) & ~(GRID - 1)) - GRID);
}

/*
 * QEMU (hw/arm/boot.c: arm_setup_direct_kernel_boot()): behind the initrd, aligned to 2 MiB;
 * crosvm: behind its payload, so aligned too.
 */
static void add_grid(struct places *places, const struct range *run)
{
	uint64_t end = run->start + least(run->end - run->start, 1024 * MIB);

	for (uint64_t ipa = (run->start + GRID - 1) & ~(GRID - 1); ipa >= run->start && ipa < end;
	     ipa += GRID)
		add(places, ipa);
}

static bool is_ram(const struct nisv_slot *slot)
{
	return slot->as_id == 0 && !(slot->flags & (NISV_SLOT_INVALID | NISV_SLOT_READONLY));
}

static size_t find_runs(const struct layout *layout, struct range runs[RUNS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < layout->n_slots; i++) {
		const struct nisv_slot *slot = &layout->slots[i];

		if (!is_ram(slot))
			continue;
		if (n && runs[n - 1].end == slot->gpa)
			runs[n - 1].end += slot->size;
		else if (n < RUNS_MAX)
			runs[n++] = (struct range){slot->gpa, slot->gpa + slot->size};
		else
			break;
	}
	return n;
}

size_t guest_places(const struct layout *layout, uint64_t ret[GUEST_PLACES_MAX])
{
	struct places places = {.layout = layout, .list = ret};
	struct range runs[RUNS_MAX];
	size_t n = find_runs(layout, runs);

	for (size_t i = 0; i < n; i++)
		add_run(&places, &runs[i]);
	for (size_t i = 0; i < n; i++)
		add_grid(&places, &runs[i]);
	/* QEMU puts it to the loader's start for an image that leaves no other place: flash. */
	for (size_t i = 0; i < layout->n_slots; i++)
		if (layout->slots[i].flags & NISV_SLOT_READONLY)
			add(&places, layout->slots[i].gpa);
	return places.n;
}

size_t guest_search(const struct layout *layout, uint64_t most, struct range ret[2])
{
	struct range ram;

	if (!layout_main_ram(layout, &ram))
		return 0;
	if (ram.end - ram.start <= 2 * most) {
		ret[0] = ram;
		return 1;
	}
	ret[0] = (struct range){ram.start, ram.start + most};
	ret[1] = (struct range){ram.end - most, ram.end};
	return 2;
}
