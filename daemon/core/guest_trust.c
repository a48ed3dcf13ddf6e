/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/guest_trust.h"

#include <inttypes.h>
#include <stdio.h>

#define MIB (1ULL << 20)

/* Its memory begins where a memslot does; Firecracker leaves its first 2 MiB out. */
static bool fits_memory(const struct evidence *e)
{
	for (size_t i = 0; i < e->guest->n_ranges; i++) {
		const struct guest_range *range = &e->guest->ranges[i];
		const struct nisv_slot *slot = layout_slot_at(e->layout, range->base);

		if (range->kind == GUEST_MEMORY && slot && range->base - slot->gpa <= 2 * MIB)
			return true;
	}
	return false;
}

static const struct guest_range *first_of(const struct evidence *e, enum guest_kind kind)
{
	for (size_t i = 0; i < e->guest->n_ranges; i++)
		if (e->guest->ranges[i].kind == kind)
			return &e->guest->ranges[i];
	return NULL;
}

/* Boards have their interrupt controllers everywhere: it tells them from VMs with the same RAM. */
static bool fits_gic(const struct evidence *e)
{
	const struct guest_range *dist = first_of(e, GUEST_GIC_DIST);

	return !dist || dist->base == e->layout->vgic_dist;
}

/* What it does not have, and what the kernel does not show (yet), cannot differ. */
static bool differs_in_memory(const struct evidence *e)
{
	return e->layout->known && first_of(e, GUEST_MEMORY) && !fits_memory(e);
}

static bool differs_in_gic(const struct evidence *e)
{
	return e->layout->known && e->layout->vgic_dist != NISV_ADDR_UNSET && !fits_gic(e);
}

static bool differs_in_cpus(const struct evidence *e)
{
	return e->guest->cpus && e->layout->vcpus && e->guest->cpus != e->layout->vcpus;
}

/*
 * Where VMMs put the tree that they make, to the byte; sources are in guest_places.c. QEMU puts it
 * behind the initrd, which it puts to the half of the RAM, at most 128 MiB up.
 */
static bool is_boot_place_of(struct range ram, uint64_t address)
{
	uint64_t size = ram.end - ram.start, offset = address - ram.start;
	uint64_t first = size < 256 * MIB ? size : 256 * MIB;
	uint64_t half = (first / 2 + 2 * MIB - 1) & ~(2 * MIB - 1);

	return offset == 0 || offset == 0x1000 || offset == half || offset + 2 * MIB == size ||
	       offset + 2 * MIB == first;
}

/* RAM may be several memslots, or have memory behind it that came later. */
static bool is_boot_place(const struct layout *layout, uint64_t address)
{
	const struct nisv_slot *slot = layout_slot_at(layout, address);
	struct range ram;

	if (!slot)
		return false;
	ram = layout_run_of(layout, slot);
	if (is_boot_place_of(ram, address))
		return true;
	ram.end = slot->gpa + slot->size;
	return ram.start == slot->gpa && is_boot_place_of(ram, address);
}

/* In its place, by the command line or by the VMM's habits. */
static bool is_given(const struct evidence *e)
{
	return e->options->dtb[0] && e->guest->source != GUEST_E820 &&
	       e->guest->address % (2 * MIB) == 0;
}

static bool is_in_place(const struct evidence *e)
{
	return e->guest->source == GUEST_E820 || is_boot_place(e->layout, e->guest->address);
}

static const char *why_unknown(const struct evidence *e)
{
	if (e->guest->reason[0])
		return e->guest->reason;
	if (e->guest->state != GUEST_UNREAD)
		return guest_state_name(e->guest->state);
	return e->ended ? "the VM ended before it was looked at" : "not looked into yet";
}

bool guest_trust(const struct evidence *e, bool *ret_may_be_file,
		 char ret_reason[GUEST_TRUST_REASON])
{
	const struct guest_view *guest = e->guest;
	unsigned int others;
	bool place;

	*ret_may_be_file = false;
	if (guest->state != GUEST_FOUND) {
		snprintf(ret_reason, GUEST_TRUST_REASON,
			 "what the guest believes is not known: %.88s", why_unknown(e));
		return false;
	}
	/* The VMM's own place is free memory where it put none, or where the guest gave it back: a
	 * tree there that is of another machine may be an image's, or what is left of a file. */
	place = is_in_place(e);
	others = differs_in_gic(e) + differs_in_cpus(e);
	if (is_given(e) || (place && !differs_in_memory(e) && others < 2))
		return true;
	/* A file may be for a VM like this one: firmware moves a tree, but does not change these.
	 */
	*ret_may_be_file = true;
	if (!e->layout->known)
		return true;
	if (place ? !differs_in_memory(e) || !others
		  : fits_memory(e) && fits_gic(e) && guest->cpus == e->layout->vcpus)
		return true;
	snprintf(ret_reason, GUEST_TRUST_REASON,
		 "the tree at 0x%" PRIx64
		 " is not for this VM's memory, GIC and CPUs: it may be a mere file",
		 guest->address);
	return false;
}
