/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What else is known of the VM: its guest's view, its history, its host's mappings, its traffic. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/corpus/constructed/random_kit.h"

#define PLACE_MASK (~((1ULL << NISV_PLACE_SHIFT) - 1))

/* A list that its owner frees, one longer. */
static void *longer(struct maker *m, void *list, size_t n, size_t size)
{
	void *bigger = realloc(list, (n + 1) * size);

	if (!bigger) {
		m->failed = true;
		abort();
	}
	return bigger;
}

/* ---- the guest's view ----------------------------------------------------------------------- */

/* Where VMMs put the tree that they make: guest_places.c. */
static uint64_t tree_place(const struct maker *m)
{
	uint64_t half;

	switch (m->vmm) {
	case QEMU: /* booted by -kernel without an initrd: virt's half of RAM, at most 128 MiB */
		half = (m->ram / 2 + 2 * MIB - 1) & ~(2 * MIB - 1);
		return m->ram_base + (half < 128 * MIB ? half : 128 * MIB);
	case FIRECRACKER:
	case LIBKRUN:
		return m->ram_end - 2 * MIB;
	case KVMTOOL:
		return m->ram_base + (m->ram < 256 * MIB ? m->ram : 256 * MIB) - 2 * MIB;
	default:
		return m->ram_base;
	}
}

struct guest_range *told(struct maker *m, enum guest_kind kind, uint64_t base, uint64_t size,
			 const char *name, const char *compatible)
{
	struct guest_view *guest = &m->c->guest;
	struct guest_range *range;

	guest->ranges = longer(m, guest->ranges, guest->n_ranges, sizeof(*range));
	range = &guest->ranges[guest->n_ranges++];
	*range = (struct guest_range){.kind = kind, .base = base, .size = size};
	snprintf(range->name, sizeof(range->name), "%s", name);
	snprintf(range->compatible, sizeof(range->compatible), "%s", compatible);
	return range;
}

static void told_gic(struct maker *m)
{
	const struct nisv_rec_layout *rec = &m->rec;

	m->c->guest.gic_version = rec->vgic_model;
	if (rec->vgic_model == NISV_VGIC_V3) {
		told(m, GUEST_GIC_DIST, rec->vgic_dist, VGIC_V3_DIST_SIZE, "intc", "arm,gic-v3");
		told(m, GUEST_GIC_REDIST, rec->redist[0].base, m->vcpus * VGIC_V3_REDIST_SIZE,
		     "intc", "arm,gic-v3");
	} else if (rec->vgic_model == NISV_VGIC_V2) {
		told(m, GUEST_GIC_DIST, rec->vgic_dist, VGIC_V2_DIST_SIZE, "intc",
		     "arm,cortex-a15-gic");
		told(m, GUEST_GIC_CPU, rec->vgic_cpu, VGIC_V2_CPU_SIZE, "intc",
		     "arm,cortex-a15-gic");
	}
}

void told_truth(struct maker *m, bool with_memory)
{
	struct guest_view *guest = &m->c->guest;

	guest->state = GUEST_FOUND;
	guest->source = m->is_x86 ? GUEST_E820 : GUEST_DEVICE_TREE;
	guest->bytes = 4096;
	guest->cpus = m->is_x86 ? 0 : m->vcpus;
	guest->address = m->is_x86 ? 0x7000 : tree_place(m);
	guest->read_ns = m->now_ns - SECOND;
	if (with_memory)
		for (uint32_t i = 0; i < m->rec.n_slots; i++)
			if (!(m->rec.slots[i].flags & NISV_SLOT_READONLY))
				told(m, GUEST_MEMORY, m->rec.slots[i].gpa, m->rec.slots[i].size,
				     "memory", "");
	if (!m->is_x86)
		told_gic(m);
}

static void draw_guest(struct maker *m)
{
	static const enum guest_state none[] = {GUEST_UNREAD, GUEST_NOT_FOUND, GUEST_UNREADABLE,
						GUEST_OFF};

	if (m->keep & KEEP_GUEST)
		return;
	if (draw_one_in(m, 3)) {
		told_truth(m, true);
		/* Firmware moves it. */
		if (!m->is_x86 && draw_one_in(m, 4))
			m->c->guest.address += 0x123000;
	} else {
		guest_view_set(&m->c->guest, DRAW_OF(m, none), "not looked into");
	}
}

/* ---- memslots ------------------------------------------------------------------------------- */

void slot_change(struct maker *m, enum nisv_slot_change what, uint64_t ns,
		 const struct nisv_slot *slot)
{
	struct nisv_rec_slot rec = {.hdr = {.time_ns = ns}, .change = what};
	struct nisv_slot none = {.id = -1};

	rec.before = what == NISV_SLOT_CREATED ? none : *slot;
	rec.after = what == NISV_SLOT_DELETED ? none : *slot;
	slot_history_record(&m->c->slots, &rec);
}

static void draw_history(struct maker *m)
{
	uint64_t start = m->now_ns - 60 * SECOND;

	if (m->keep & KEEP_HISTORY || draw_one_in(m, 2))
		return;
	for (uint32_t i = 0; i < m->rec.n_slots; i++)
		slot_change(m, NISV_SLOT_CREATED, start + i * MS, &m->rec.slots[i]);
}

struct backing *backing_add(struct maker *m, const struct nisv_slot *slot, enum backing_kind kind)
{
	struct backings *backings = &m->c->backings;
	struct backing *backing;

	backings->list = longer(m, backings->list, backings->n, sizeof(*backing));
	backing = &backings->list[backings->n++];
	*backing = (struct backing){
		.slot_id = slot->id,
		.as_id = slot->as_id,
		.kind = kind,
		.readable = true,
		.writable = true,
		.covered_bytes = kind == BACKING_NONE ? 0 : slot->size,
		.gap = slot->gpa,
		.page_bytes = 4096,
	};
	backings->read_ns = m->now_ns;
	return backing;
}

static void draw_backings(struct maker *m)
{
	static const enum backing_kind kinds[] = {BACKING_ANONYMOUS, BACKING_MEMFD,
						  BACKING_HUGETLB};
	enum backing_kind kind = DRAW_OF(m, kinds);

	if (m->keep & KEEP_BACKINGS || draw_one_in(m, 2))
		return;
	for (uint32_t i = 0; i < m->rec.n_slots; i++)
		backing_add(m, &m->rec.slots[i], kind);
}

/* ---- traffic -------------------------------------------------------------------------------- */

void traffic(struct maker *m, uint64_t ipa, bool is_write, uint64_t count, uint64_t user,
	     unsigned int seconds)
{
	struct nisv_place_key key = {.place = ipa >> NISV_PLACE_SHIFT, .is_write = is_write};
	struct nisv_place value = {0};

	for (unsigned int i = 1; i <= seconds; i++) {
		value.count += count;
		value.user += user;
		if (faultmap_count_place(m->c->faults, &key, &value,
					 m->now_ns - (seconds - i) * SECOND) < 0)
			m->failed = true;
	}
}

void traffic_of_vmm(struct maker *m, uint64_t ipa, bool is_write, uint64_t count,
		    unsigned int seconds)
{
	traffic(m, ipa, is_write, count, count, seconds);
}

void traffic_of_devices(struct maker *m, uint64_t ipa)
{
	for (uint32_t i = draw(m, 4); i > 0; i--) {
		uint64_t at = device_draw(m, 4);
		uint64_t count = 1 + draw(m, 600);

		if (at && (at & PLACE_MASK) != (ipa & PLACE_MASK))
			traffic(m, at, draw_one_in(m, 3), count, count, 3);
	}
	/* The vGIC is KVM's: nothing of it reaches user space. */
	if (m->gic && draw_one_in(m, 2) && (m->rec.vgic_dist & PLACE_MASK) != (ipa & PLACE_MASK))
		traffic(m, m->rec.vgic_dist, draw_one_in(m, 2), 1 + draw(m, 900), 0, 2);
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* Whether the map has something there: 2 for certain, 1 with an option, 0 not. */
static int region_of(const struct random_case *c, uint64_t ipa)
{
	const struct machine_region *region =
		machine_region_at(c->evidence.machine, c->layout.vgic_model, ipa);

	return !region ? 0 : region->optional ? 1 : 2;
}

/* The command line was cut, or belongs to a process that is gone; the VMM's name is known. */
static void lose_cmdline(struct maker *m, uint64_t ipa)
{
	int before, after;
	struct random_case *c = m->c;
	size_t length = m->line_len;
	char id[sizeof(c->machine.id)];

	if (m->keep & KEEP_CMDLINE || !draw_one_in(m, 6))
		return;
	before = region_of(c, ipa);
	snprintf(id, sizeof(id), "%s", c->machine.id);
	m->line_len = 0;
	vm_settle(m);
	after = region_of(c, ipa);
	if (c->evidence.machine && !strcmp(c->machine.id, id) && before == after) {
		note(m, "command line not readable; ");
		return;
	}
	/* No label rests on a machine that nobody knows, or a device that may be there. */
	m->line_len = length;
	vm_settle(m);
}

void world_draw(struct maker *m, uint64_t ipa)
{
	draw_guest(m);
	draw_history(m);
	draw_backings(m);
	if (!(m->keep & KEEP_QUIET))
		traffic_of_devices(m, ipa);
	lose_cmdline(m, ipa);
	m->c->evidence.now_ns = m->now_ns + draw(m, 5) * SECOND;
	m->c->evidence.ended = draw_one_in(m, 5);
}
