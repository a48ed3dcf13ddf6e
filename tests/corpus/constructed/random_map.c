/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where in the VM's address space: on a device, on nothing. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/corpus/constructed/random_kit.h"

/* What another machine has there counts only where it is a device: otherwhere.h. */
#define DEVICE_MAX (16 * MIB)

static bool overlaps(uint64_t base, uint64_t size, uint64_t other, uint64_t other_size)
{
	return base < other + other_size && other < base + size;
}

const struct nisv_slot *vm_slot_at(const struct maker *m, uint64_t ipa)
{
	for (uint32_t i = 0; i < m->rec.n_slots; i++)
		if (ipa - m->rec.slots[i].gpa < m->rec.slots[i].size)
			return &m->rec.slots[i];
	return NULL;
}

static bool has_slot(const struct maker *m, uint64_t base, uint64_t size)
{
	for (uint32_t i = 0; i < m->rec.n_slots; i++)
		if (overlaps(base, size, m->rec.slots[i].gpa, m->rec.slots[i].size))
			return true;
	return false;
}

static bool has_bus(const struct maker *m, uint64_t base, uint64_t size)
{
	for (uint32_t i = 0; i < m->rec.n_bus; i++)
		if (overlaps(base, size, m->rec.bus[i].addr & ~0x1ffULL, m->rec.bus[i].len + 0x200))
			return true;
	return false;
}

static bool has_region(const struct machine *map, uint64_t base, uint64_t size)
{
	for (size_t i = 0; i < map->n_regions; i++)
		if (map->regions[i].class != REGION_HOLE &&
		    overlaps(base, size, map->regions[i].base, map->regions[i].size))
			return true;
	return false;
}

bool vm_is_empty(const struct maker *m, uint64_t base, uint64_t size)
{
	return !has_slot(m, base, size) && !has_bus(m, base, size) &&
	       !has_region(&m->map, base, size) && !has_region(&m->others, base, size);
}

bool vm_is_others(const struct maker *m, uint64_t base, uint64_t size)
{
	size_t n;
	const struct machine *maps = registry(&n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(maps[i].arch, m->c->host.arch) || !strcmp(maps[i].id, m->map.id))
			continue;
		for (size_t k = 0; k < maps[i].n_regions; k++) {
			const struct machine_region *region = &maps[i].regions[k];

			if ((region->class == REGION_DEVICE ||
			     region->class == REGION_KERNEL_DEVICE) &&
			    !region->is_window && region->size < DEVICE_MAX &&
			    overlaps(base, size, region->base, region->size))
				return true;
		}
	}
	return false;
}

const struct machine_region *map_draw(struct maker *m, const struct machine *map, region_test *test)
{
	const struct machine_region *found[MACHINE_REGIONS_MAX];
	uint32_t n = 0;

	for (size_t i = 0; i < map->n_regions; i++)
		if (test(m, &map->regions[i]))
			found[n++] = &map->regions[i];
	return n ? found[draw(m, n)] : NULL;
}

bool region_is_free(const struct maker *m, const struct machine_region *region)
{
	return !has_slot(m, region->base, region->size) &&
	       !has_bus(m, region->base, region->size) &&
	       !has_region(&m->map, region->base, region->size);
}

/* ---- devices -------------------------------------------------------------------------------- */

static bool is_device(const struct maker *m, const struct machine_region *region)
{
	return region->class == REGION_DEVICE && !region->optional && !region->is_window &&
	       region->role != ROLE_ECAM && region->role != ROLE_V2M && region->size < DEVICE_MAX &&
	       (!region->vgic || region->vgic == m->gic) &&
	       !has_slot(m, region->base, region->size);
}

/* Of a transport in a window, or a BAR: its doorbell shows it. */
static uint64_t doorbell_draw(struct maker *m)
{
	uint64_t found[16];
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->rec.n_bus; i++)
		if (m->rec.bus[i].is_ioeventfd && n < ARRAY_SIZE(found))
			found[n++] = m->rec.bus[i].addr & ~0x1ffULL;
	return n ? found[draw(m, n)] : 0;
}

uint64_t device_draw(struct maker *m, uint64_t align)
{
	const struct machine_region *region = map_draw(m, &m->map, is_device);
	uint64_t doorbell = doorbell_draw(m);

	if (doorbell && (!region || draw_one_in(m, 3)))
		return draw_in(m, doorbell, doorbell + 0x200, align);
	return region ? draw_in(m, region->base, region->base + region->size, align) : 0;
}

/* ---- nothing -------------------------------------------------------------------------------- */

#define TRIES 2000

/* A maker asked for what its VM does not have: a mistake of the maker's. */
static _Noreturn void give_up(const struct maker *m, uint64_t start, uint64_t end)
{
	fprintf(stderr, "nothing is free from 0x%" PRIx64 " to 0x%" PRIx64 ": %s\n", start, end,
		m->c->note);
	abort();
}

uint64_t past_end_limit(const struct maker *m)
{
	uint64_t part = (m->ram_end - m->ram_base) / 4;

	return part > 64 * MIB ? part : 64 * MIB;
}

bool is_far_from_ram(const struct maker *m, uint64_t ipa)
{
	for (uint32_t i = 0; i < m->rec.n_slots; i++) {
		uint64_t end = m->rec.slots[i].gpa + m->rec.slots[i].size;

		/* A BAR is no RAM. */
		if (machine_region_at(&m->map, m->gic, m->rec.slots[i].gpa))
			continue;
		if (ipa >= end && ipa - end < past_end_limit(m) + m->rec.slots[i].size / 4)
			return false;
	}
	return true;
}

uint64_t empty_draw(struct maker *m, uint64_t start, uint64_t end, uint64_t size)
{
	for (int i = 0; i < TRIES; i++) {
		/* Of any magnitude: some VMMs have windows all the way up. */
		uint64_t ipa = draw_in(m, start, start + ((end - start) >> draw(m, 14)), PAGE);

		if (vm_is_empty(m, ipa, size) && !vm_is_others(m, ipa, size))
			return ipa + (size > 0x1000 ? 0 : draw(m, 0x80) * 16);
	}
	give_up(m, start, end);
}

bool is_by_redists(const struct maker *m, uint64_t ipa)
{
	uint64_t first = m->rec.redist[0].base;
	uint64_t some = (24 + 2 * m->vcpus) * VGIC_V3_REDIST_SIZE;

	return m->gic == NISV_VGIC_V3 && ipa + some >= first && ipa < first + some;
}

uint64_t nowhere_draw(struct maker *m, uint64_t start, uint64_t end, uint64_t size)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t ipa = empty_draw(m, start, end, size);

		if (is_far_from_ram(m, ipa) && !is_by_redists(m, ipa))
			return ipa;
	}
	give_up(m, start, end);
}
