/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/facts.h"

#include <string.h>

#include "daemon/core/guest_trust.h"

/* Smaller ones are BARs, unless the RAM itself is small. */
#define RAM_SLOT_MIN  (64ULL << 20)
#define RAM_SLOT_PART 8

/* A BAR, or memory that a device shares: where the machine has a window, it is no RAM. */
static bool is_in_window(const struct evidence *e, const struct nisv_slot *slot)
{
	const struct machine_region *region =
		machine_region_at(e->machine, e->layout->vgic_model, slot->gpa);

	return region && region->class == REGION_DEVICE &&
	       slot->size <= region->size - (slot->gpa - region->base);
}

static bool can_be_ram(const struct nisv_slot *slot, const void *userdata)
{
	const struct evidence *e = userdata;

	return layout_slot_is_usable(slot) && !(slot->flags & NISV_SLOT_READONLY) &&
	       !layout_slot_is_internal(e->layout, slot) && !is_in_window(e, slot);
}

bool facts_slot_is_ram(const struct facts *facts, const struct nisv_slot *slot)
{
	struct range run;

	if (!slot || !can_be_ram(slot, facts->evidence))
		return false;
	if (slot->size >= RAM_SLOT_MIN || !facts->has_ram)
		return true;
	/* A small part of a larger piece is RAM as the rest of it. */
	run = layout_run_of(facts->evidence->layout, slot);
	return run.end - run.start >= RAM_SLOT_MIN ||
	       run.end - run.start >= (facts->ram.end - facts->ram.start) / RAM_SLOT_PART;
}

const struct guest_range *facts_guest_at(const struct facts *facts, unsigned int kinds,
					 uint64_t ipa, uint64_t extent)
{
	const struct guest_view *guest = facts->evidence->guest;
	const struct guest_range *best = NULL;

	for (size_t i = 0; facts->has_guest && i < guest->n_ranges; i++) {
		const struct guest_range *range = &guest->ranges[i];

		if (!(kinds & GUEST_BIT(range->kind)) || range->disabled)
			continue;
		if (ipa - range->base >= range->size && range->base - ipa >= extent)
			continue;
		if (!best || range->size < best->size)
			best = range;
	}
	return best;
}

static void set_sibling(struct facts *facts, const struct evidence *e)
{
	const struct machine_facts machine_facts = {e->host->arch, e->vmm, e->options, e->layout};
	const struct machine *map =
		e->machine ? machine_find(e->host->maps, e->host->n_maps, e->machine->id) : NULL;

	facts->has_sibling = map != NULL;
	if (map)
		machine_with_other_options(map, &machine_facts, &facts->sibling);
}

void facts_set(struct facts *ret, const struct evidence *e)
{
	const struct layout *layout = e->layout;
	char reason[GUEST_TRUST_REASON];

	*ret = (struct facts){
		.evidence = e,
		.is_x86 = !strcmp(e->host->arch, "x86_64"),
		.has_all_slots = layout->known && layout->total_slots <= layout->n_slots,
	};
	otherwhere_set(&ret->otherwhere, e->host->maps, e->host->n_maps, e->host->arch,
		       e->machine ? e->machine->id : "");
	/* Not layout_main_ram(): device memory may be larger than the RAM. */
	ret->has_ram = layout->known && layout_largest_run(layout, can_be_ram, e, &ret->ram);
	for (size_t i = 0; layout->known && i < layout->n_slots; i++)
		if (facts_slot_is_ram(ret, &layout->slots[i]))
			ret->ram_bytes += layout->slots[i].size;
	set_sibling(ret, e);
	ret->has_guest = guest_trust(e, &ret->guest_may_be_file, reason);
}
