/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The places of MMIO in a fault map: how often, and how fast. */

#include "daemon/core/faultmap_internal.h"

#include <errno.h>
#include <string.h>

#define PLACE_MASK (~((1ULL << NISV_PLACE_SHIFT) - 1))
#define RATE_NS	   500000000ULL /* the shortest time that a rate is measured over */
#define SECOND_NS  1000000000ULL

static size_t place_search(const struct faultmap *map, uint64_t ipa, bool is_write, bool *ret_found)
{
	size_t low = 0, high = map->n_places;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct place *place = &map->places[mid];

		if (place->ipa == ipa && place->is_write == is_write) {
			*ret_found = true;
			return mid;
		}
		if (place->ipa < ipa || (place->ipa == ipa && place->is_write < is_write))
			low = mid + 1;
		else
			high = mid;
	}
	*ret_found = false;
	return low;
}

bool place_is_storm(const struct place *place)
{
	return place->busy_until_ns - place->busy_since_ns >= PLACE_STORM_NS;
}

bool place_is_over(const struct place *place, uint64_t now_ns)
{
	return place_is_storm(place) && place->busy_until_ns + PLACE_QUIET_NS < now_ns;
}

/* Enters what user space served since the last interval; the longest busy time is kept. */
static void measure(const struct faultmap *map, struct place *place, uint64_t now_ns)
{
	uint64_t busy_rate = map->busy_rate ? map->busy_rate : FAULTMAP_BUSY_RATE;
	uint64_t elapsed = now_ns - place->rate_ns, rate;

	if (!place->rate_ns) {
		place->rate_ns = now_ns;
		place->rate_user = place->user;
		return;
	}
	if (elapsed < RATE_NS || now_ns < place->rate_ns)
		return;
	rate = (uint64_t)((double)(place->user - place->rate_user) * SECOND_NS / (double)elapsed);
	if (rate < busy_rate) {
		place->run_since_ns = place->run_per_second = 0;
	} else {
		if (!place->run_since_ns)
			place->run_since_ns = place->rate_ns;
		if (rate > place->run_per_second)
			place->run_per_second = rate;
		if (now_ns - place->run_since_ns > place->busy_until_ns - place->busy_since_ns) {
			place->busy_since_ns = place->run_since_ns;
			place->busy_until_ns = now_ns;
			place->busy_per_second = place->run_per_second;
		}
	}
	place->rate_ns = now_ns;
	place->rate_user = place->user;
}

/* What changes slowly of what a place says: the powers of two of its count and of its storm, and
 * whether that goes on. */
static unsigned int stage_of(const struct place *place)
{
	uint64_t storm = (place->busy_until_ns - place->busy_since_ns) / PLACE_STORM_NS;
	unsigned int stage =
		place->count < 16 ? 0 : 64U - (unsigned int)__builtin_clzll(place->count);

	if (!storm)
		return stage;
	stage += 64 * (64U - (unsigned int)__builtin_clzll(storm));
	return place_is_over(place, place->rate_ns) ? stage + 64 * 64 : stage;
}

struct place *faultmap_place(const struct faultmap *map, uint64_t ipa, bool is_write)
{
	bool found;
	size_t at = place_search(map, ipa & PLACE_MASK, is_write, &found);

	return found ? &map->places[at] : NULL;
}

/* Finds the place or opens it, empty but for its key. */
static int place_get(struct faultmap *map, uint64_t ipa, bool is_write, uint64_t now_ns,
		     struct place **ret)
{
	struct place *place;
	bool found;
	size_t at;
	int r;

	at = place_search(map, ipa, is_write, &found);
	if (!found) {
		if (map->n_places >= FAULTMAP_PLACES_MAX) {
			map->dropped_places++;
			return -ENOSPC;
		}
		r = faultmap_grow((void **)&map->places, map->n_places, sizeof(*map->places));
		if (r < 0)
			return r;
		place = &map->places[at];
		memmove(place + 1, place, (map->n_places - at) * sizeof(*place));
		map->n_places++;
		*place = (struct place){.ipa = ipa, .is_write = is_write, .first_ns = now_ns};
	}
	*ret = &map->places[at];
	return 0;
}

int faultmap_count_place(struct faultmap *map, const struct nisv_place_key *key,
			 const struct nisv_place *value, uint64_t now_ns)
{
	struct place *place;
	unsigned int stage;
	bool is_new;
	int r = place_get(map, key->place << NISV_PLACE_SHIFT, key->is_write != 0, now_ns, &place);

	if (r < 0)
		return r;
	is_new = !place->count;
	stage = stage_of(place);
	if (value->count > place->count) {
		place->count = value->count;
		place->last_ns = now_ns;
	}
	if (value->user > place->user)
		place->user = value->user;
	measure(map, place, now_ns);
	return is_new || stage_of(place) != stage;
}

int faultmap_add_access(struct faultmap *map, uint64_t ipa, bool is_write, uint64_t now_ns)
{
	struct place *place;
	int r = place_get(map, ipa & PLACE_MASK, is_write, now_ns, &place);

	if (r < 0)
		return r;
	measure(map, place, now_ns);
	place->count++;
	place->last_ns = now_ns;
	return 0;
}

void faultmap_add_user(struct faultmap *map, uint64_t ipa, bool is_write)
{
	struct place *place = faultmap_place(map, ipa, is_write);

	if (place)
		place->user++;
}
