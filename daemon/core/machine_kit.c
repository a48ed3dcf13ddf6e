/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/machine_kit.h"

#include <stdio.h>
#include <string.h>

#define VCPUS_MAX 4096 /* of a VM that any VMM here makes: bounds what a layout can ask for */

static bool is_ram(const struct nisv_slot *slot)
{
	return layout_slot_is_usable(slot) && !(slot->flags & NISV_SLOT_READONLY);
}

static const struct nisv_slot *ram_at(const struct layout *layout, uint64_t gpa)
{
	for (size_t i = 0; i < layout->n_slots; i++)
		if (layout->slots[i].gpa == gpa && is_ram(&layout->slots[i]))
			return &layout->slots[i];
	return NULL;
}

bool kit_ram_at(const struct layout *layout, uint64_t gpa)
{
	return ram_at(layout, gpa);
}

bool kit_slot_is(const struct layout *layout, uint64_t gpa, uint64_t size)
{
	for (size_t i = 0; i < layout->n_slots; i++)
		if (!layout->slots[i].as_id && layout->slots[i].gpa == gpa &&
		    layout->slots[i].size == size)
			return true;
	return false;
}

/* Slots ascend by address and do not wrap around, layout.h: one pass is enough. */
uint64_t kit_run_end(const struct layout *layout, uint64_t gpa)
{
	uint64_t end = 0;

	for (size_t i = 0; i < layout->n_slots; i++) {
		const struct nisv_slot *slot = &layout->slots[i];

		if (is_ram(slot) && slot->gpa == (end ? end : gpa))
			end = slot->gpa + slot->size;
	}
	return end;
}

bool kit_on_bus(const struct layout *layout, uint64_t addr)
{
	for (size_t i = 0; i < layout->n_bus; i++)
		if (!layout->bus[i].is_ioeventfd && layout->bus[i].addr == addr)
			return true;
	return false;
}

static bool is_doorbell(const struct kit_doorbells *doorbells, uint64_t addr)
{
	uint64_t masked = addr & doorbells->mask;

	return addr >= doorbells->start && addr < doorbells->end && masked >= doorbells->low &&
	       masked < doorbells->high;
}

static void count_doorbells(const struct layout *layout, const struct kit_doorbells *doorbells,
			    size_t *ret_theirs, size_t *ret_all)
{
	*ret_theirs = *ret_all = 0;
	for (size_t i = 0; i < layout->n_bus; i++)
		if (layout->bus[i].is_ioeventfd) {
			*ret_theirs += is_doorbell(doorbells, layout->bus[i].addr);
			++*ret_all;
		}
}

bool kit_has_doorbells(const struct layout *layout)
{
	for (size_t i = 0; i < layout->n_bus; i++)
		if (layout->bus[i].is_ioeventfd)
			return true;
	return false;
}

bool kit_all_doorbells(const struct layout *layout, const struct kit_doorbells *doorbells)
{
	size_t theirs, all;

	count_doorbells(layout, doorbells, &theirs, &all);
	return all > 0 && theirs == all;
}

bool kit_any_doorbell(const struct layout *layout, const struct kit_doorbells *doorbells)
{
	size_t theirs, all;

	count_doorbells(layout, doorbells, &theirs, &all);
	return theirs > 0;
}

bool kit_redists_below(const struct layout *layout, uint64_t dist)
{
	uint64_t below;

	if (layout->vgic_model != NISV_VGIC_V3 || layout->vgic_dist != dist || !layout->n_redist ||
	    layout->redist[0].base >= dist)
		return false;
	below = dist - layout->redist[0].base;
	return below % VGIC_V3_REDIST_SIZE == 0 && below / VGIC_V3_REDIST_SIZE >= layout->vcpus;
}

uint64_t kit_redists(const struct machine_facts *facts, uint64_t dist)
{
	const struct vmoptions *options = facts->options;

	if (facts->layout->known && kit_redists_below(facts->layout, dist))
		return (dist - facts->layout->redist[0].base) / VGIC_V3_REDIST_SIZE;
	if (options->known && options->max_cpus)
		return options->max_cpus;
	if (options->known && options->cpus)
		return options->cpus;
	return facts->layout->known ? facts->layout->vcpus : 0;
}

void kit_add_gicv3_below(struct machine *machine, const struct machine_facts *facts, uint64_t dist,
			 const char *redist_source, enum vmoption its, const char *its_source)
{
	uint64_t n = kit_redists(facts, dist);
	uint64_t redists = dist - n * VGIC_V3_REDIST_SIZE;

	if (!n || n > VCPUS_MAX || n * VGIC_V3_REDIST_SIZE + KIT_ITS_SIZE > dist)
		return;
	machine_add(machine, &(struct machine_region){
				     .name = "GICv3 redistributors",
				     .base = redists,
				     .size = n * VGIC_V3_REDIST_SIZE,
				     .class = REGION_KERNEL_DEVICE,
				     .role = ROLE_REDIST,
				     .vgic = NISV_VGIC_V3,
				     .source = redist_source,
			     });
	if (its != VMOPTION_OFF)
		machine_add(machine, &(struct machine_region){
					     .name = "GIC ITS",
					     .base = redists - KIT_ITS_SIZE,
					     .size = KIT_ITS_SIZE,
					     .class = REGION_KERNEL_DEVICE,
					     .role = ROLE_ITS,
					     .vgic = NISV_VGIC_V3,
					     .optional = its == VMOPTION_UNSET,
					     .source = its_source,
				     });
}

void kit_settle(struct machine *machine, uint64_t base, enum vmoption present)
{
	size_t kept = 0;

	for (size_t i = 0; i < machine->n_regions; i++) {
		struct machine_region *region = &machine->regions[i];

		if (region->base == base) {
			if (present == VMOPTION_OFF)
				continue;
			region->optional = present == VMOPTION_UNSET;
		}
		machine->regions[kept++] = *region;
	}
	machine->n_regions = kept;
}

void kit_add_window(struct machine *machine, const char *name, enum region_role role,
		    uint64_t start, uint64_t end, bool optional, const char *source)
{
	struct machine_region region = {
		.base = start,
		.class = REGION_DEVICE,
		.role = role,
		.is_window = true,
		.optional = optional,
		.source = source,
	};

	if (start >= end)
		return;
	region.size = end - start;
	snprintf(region.name, sizeof(region.name), "%s", name);
	machine_add(machine, &region);
}
