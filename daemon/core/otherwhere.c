/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/otherwhere.h"

#include <string.h>

#define DEVICE_MAX (16ULL << 20) /* what is larger is a window in all but name */
#define DEVICES_AT 8

static bool is_device(const struct machine_region *region)
{
	return (region->class == REGION_DEVICE || region->class == REGION_KERNEL_DEVICE) &&
	       !region->is_window && region->role != ROLE_ECAM && region->size < DEVICE_MAX;
}

static bool is_touched(const struct machine_region *region, uint64_t ipa, uint64_t extent)
{
	return ipa - region->base < region->size || region->base - ipa < extent;
}

_Static_assert(OTHERWHERE_MAPS_MAX <= UINT8_MAX + 1, "an index fits");

void otherwhere_set(struct otherwhere *ret, const struct machine *maps, size_t n_maps,
		    const char *arch, const char *own_id)
{
	*ret = (struct otherwhere){.maps = maps};
	for (int boards = 1; boards >= 0; boards--)
		for (size_t i = 0; i < n_maps && i < OTHERWHERE_MAPS_MAX; i++)
			if (maps[i].is_alien == boards && !strcmp(maps[i].arch, arch) &&
			    strcmp(maps[i].id, own_id) != 0)
				ret->others[ret->n_others++] = (uint8_t)i;
}

size_t otherwhere_at(const struct otherwhere *o, uint64_t ipa, uint64_t extent,
		     struct other_device *ret, size_t max)
{
	size_t found = 0;

	for (size_t i = 0; i < o->n_others && found < max; i++) {
		const struct machine *map = &o->maps[o->others[i]];

		for (size_t k = 0; k < map->n_regions; k++) {
			if (!is_touched(&map->regions[k], ipa, extent) ||
			    !is_device(&map->regions[k]))
				continue;
			ret[found++] = (struct other_device){o->others[i], &map->regions[k]};
			break;
		}
	}
	return found;
}

_Static_assert(MACHINE_REGIONS_MAX <= 64, "a bit for each region of a map");

static uint64_t bit_of(const struct otherwhere *o, const struct other_device *device)
{
	return 1ULL << (device->region - o->maps[device->map].regions);
}

void otherwhere_touch(struct otherwhere *o, uint64_t ipa, uint64_t extent)
{
	struct other_device devices[DEVICES_AT];
	size_t n = otherwhere_at(o, ipa, extent, devices, DEVICES_AT);

	for (size_t i = 0; i < n; i++)
		o->touched[devices[i].map] |= bit_of(o, &devices[i]);
}

bool otherwhere_best(const struct otherwhere *o, uint64_t ipa, uint64_t extent,
		     struct other_device *ret, unsigned int *ret_hits)
{
	struct other_device devices[DEVICES_AT];
	size_t n = otherwhere_at(o, ipa, extent, devices, DEVICES_AT);
	unsigned int best = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned int hits = (unsigned int)__builtin_popcountll(o->touched[devices[i].map]);

		if (hits <= best)
			continue;
		best = hits;
		*ret = devices[i];
		*ret_hits = hits;
	}
	return best > 0;
}
