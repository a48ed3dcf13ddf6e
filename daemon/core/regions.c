/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/regions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Room for the slots, the vGIC's frames and the bus devices of @layout; the reference regions, each
 * split at most once per kernel region; and a hole, at most in two parts, before each and at the
 * end.
 */
static size_t room(const struct layout *layout)
{
	size_t kernel = layout->n_slots + layout->n_bus + VGIC_FRAMES_MAX;

	return 2 * (2 * kernel + MACHINE_REGIONS_MAX) + 4;
}

static void add(struct regions *regions, uint64_t start, uint64_t end, enum region_class class,
		const char *name, const char *source)
{
	struct region *region;

	if (start >= end || regions->n >= regions->max)
		return;
	region = &regions->list[regions->n++];
	*region = (struct region){.start = start, .end = end, .class = class, .source = source};
	snprintf(region->name, sizeof(region->name), "%s", name);
}

static uint64_t end_of(uint64_t start, uint64_t size)
{
	return start + size < start ? UINT64_MAX : start + size;
}

static int by_start(const void *a, const void *b)
{
	const struct region *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void add_vgic(struct regions *regions, const struct layout *layout)
{
	struct vgic_frame frames[VGIC_FRAMES_MAX];
	size_t n = layout_vgic_frames(layout, frames);
	char name[sizeof(regions->list->name)];

	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "GICv%" PRIu32 " %s%s", layout->vgic_model,
			 frames[i].name, strcmp(frames[i].name, "redistributor") ? "" : "s");
		add(regions, frames[i].base, end_of(frames[i].base, frames[i].size),
		    REGION_KERNEL_DEVICE, name, "kernel");
	}
}

/* Sorts, and takes from each region what the one before it has already. */
static void sort(struct regions *regions)
{
	size_t kept = 0;

	qsort(regions->list, regions->n, sizeof(*regions->list), by_start);
	for (size_t i = 0; i < regions->n; i++) {
		struct region *region = &regions->list[i];

		if (kept && region->start < regions->list[kept - 1].end)
			region->start = regions->list[kept - 1].end;
		if (region->start < region->end)
			regions->list[kept++] = *region;
	}
	regions->n = kept;
}

/* What KVM has on its bus has no name there: "GIC ITS", "IOAPIC" come from the reference map. */
static void add_bus_device(struct regions *regions, const struct layout *layout,
			   const struct machine *machine, const struct nisv_bus_range *range)
{
	const struct machine_region *known =
		machine_region_at(machine, layout->vgic_model, range->addr);
	bool named = known && known->class == REGION_KERNEL_DEVICE;

	add(regions, range->addr, end_of(range->addr, range->len), REGION_KERNEL_DEVICE,
	    named ? known->name : "in-kernel device", "kernel");
}

/* What the kernel shows, ascending and without overlaps. */
static void add_kernel(struct regions *regions, const struct layout *layout,
		       const struct machine *machine)
{
	for (size_t i = 0; i < layout->n_slots; i++) {
		const struct nisv_slot *slot = &layout->slots[i];
		bool rom = slot->flags & NISV_SLOT_READONLY;

		if (!layout_slot_is_usable(slot))
			continue;
		add(regions, slot->gpa, end_of(slot->gpa, slot->size),
		    rom ? REGION_ROM : REGION_RAM,
		    layout_slot_is_internal(layout, slot) ? "KVM's own memory"
		    : rom				  ? "ROM"
							  : "RAM",
		    "kernel");
	}
	add_vgic(regions, layout);
	for (size_t i = 0; i < layout->n_bus; i++)
		if (!layout->bus[i].is_ioeventfd && !layout_vgic_frame(layout, layout->bus[i].addr))
			add_bus_device(regions, layout, machine, &layout->bus[i]);
	sort(regions);
}

/* The parts of [start, end) that the first @n_kernel regions leave free. */
static void add_reference(struct regions *regions, size_t n_kernel, uint64_t start, uint64_t end,
			  const struct machine_region *from)
{
	/* Memory that no slot is behind is none: an area for hotplug, or an option's. */
	enum region_class class = from->class == REGION_RAM ? REGION_HOLE : from->class;

	for (size_t i = 0; i < n_kernel && start < end; i++) {
		uint64_t kernel_start = regions->list[i].start, kernel_end = regions->list[i].end;

		if (kernel_end <= start || kernel_start >= end)
			continue;
		add(regions, start, kernel_start, class, from->name, "reference");
		start = kernel_end;
	}
	add(regions, start, end, class, from->name, "reference");
}

/* A hole from @start to @end, in two parts if the IPA limit lies in it. */
static void add_hole(struct regions *regions, uint64_t start, uint64_t end, uint64_t limit)
{
	uint64_t middle = limit < start ? start : limit > end ? end : limit;

	add(regions, start, middle, REGION_HOLE, "hole", "kernel");
	add(regions, middle, end, REGION_HOLE, "beyond the IPA limit", "kernel");
}

static void add_holes(struct regions *regions, const struct layout *layout)
{
	uint64_t limit =
		layout->ipa_bits && layout->ipa_bits < 64 ? 1ULL << layout->ipa_bits : UINT64_MAX;
	size_t n = regions->n;
	uint64_t at = 0;

	for (size_t i = 0; i < n; i++) {
		add_hole(regions, at, regions->list[i].start, limit);
		at = regions->list[i].end;
	}
	add_hole(regions, at, UINT64_MAX, limit);
}

struct region *regions_at(const struct regions *regions, uint64_t ipa)
{
	size_t low = 0, high = regions->n;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (regions->list[middle].start <= ipa)
			low = middle;
		else
			high = middle;
	}
	return &regions->list[low];
}

static void count_faults(struct regions *regions, const struct faultmap *faults)
{
	for (size_t i = 0; i < faults->n_sites; i++)
		regions_at(regions, faults->sites[i].ipa)->aborts += faults->sites[i].count;
	for (size_t i = 0; i < faults->n_places; i++)
		regions_at(regions, faults->places[i].ipa)->mmio += faults->places[i].count;
}

int regions_build(const struct layout *layout, const struct machine *machine,
		  const struct faultmap *faults, struct regions *ret)
{
	struct regions regions = {.max = room(layout)};
	size_t n_kernel;

	regions.list = calloc(regions.max, sizeof(*regions.list));
	if (!regions.list)
		return -ENOMEM;
	add_kernel(&regions, layout, machine);
	n_kernel = regions.n;
	for (size_t i = 0; machine && i < machine->n_regions; i++) {
		const struct machine_region *from = &machine->regions[i];

		if (from->vgic && from->vgic != layout->vgic_model)
			continue;
		add_reference(&regions, n_kernel, from->base, end_of(from->base, from->size), from);
	}
	sort(&regions);
	add_holes(&regions, layout);
	sort(&regions);
	if (faults)
		count_faults(&regions, faults);
	*ret = regions;
	return 0;
}

void regions_clear(struct regions *regions)
{
	free(regions->list);
	*regions = (struct regions){};
}
