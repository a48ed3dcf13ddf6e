/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "cli/reply.h"
#include "cli/top.h"

#define PAGE_SHIFT 12

bool top_site_is_mmio(const struct top_site *site)
{
	return strncmp(site->kind, "mmio-", 5) == 0;
}

bool top_site_has_address(const struct top_site *site)
{
	return site->ipa || strcmp(site->kind, "emulation") != 0;
}

/* Of an abort the address may be any of the page. */
static int by_identity(const void *a, const void *b)
{
	const struct top_site *x = a, *y = b;
	int order = strcmp(x->kind, y->kind);

	if (order)
		return order;
	if (x->ipa >> PAGE_SHIFT != y->ipa >> PAGE_SHIFT)
		return x->ipa < y->ipa ? -1 : 1;
	if (top_site_is_mmio(x) && x->ipa != y->ipa)
		return x->ipa < y->ipa ? -1 : 1;
	return x->pc < y->pc ? -1 : x->pc > y->pc;
}

static bool read_sites(struct json_object *list, struct top_map *map)
{
	map->n_sites = reply_length(list);
	map->sites = calloc(map->n_sites + 1, sizeof(*map->sites));
	if (!map->sites)
		return false;
	for (size_t i = 0; i < map->n_sites; i++) {
		struct json_object *o = reply_at(list, i);
		struct top_site *site = &map->sites[i];

		snprintf(site->kind, sizeof(site->kind), "%s", reply_string(o, "kind"));
		site->ipa = reply_address(o, "ipa");
		site->pc = reply_address(o, "pc");
		site->count = reply_int(o, "count");
		site->user = reply_int(o, "user");
	}
	qsort(map->sites, map->n_sites, sizeof(*map->sites), by_identity);
	return true;
}

static int by_rate(const void *a, const void *b)
{
	const struct top_place *x = a, *y = b;

	if (x->per != y->per)
		return x->per < y->per ? 1 : -1;
	return by_identity(&x->site, &y->site);
}

/* What is at its address. */
static void name_region(struct top_place *place, struct json_object *regions)
{
	for (size_t i = 0; i < reply_length(regions); i++) {
		struct json_object *region = reply_at(regions, i);
		uint64_t start = reply_address(region, "ipa");
		uint64_t size = (uint64_t)reply_int(region, "size_bytes");

		if (place->site.ipa < start || place->site.ipa - start >= size)
			continue;
		snprintf(place->region, sizeof(place->region), "%s", reply_string(region, "name"));
		snprintf(place->class, sizeof(place->class), "%s", reply_string(region, "class"));
		return;
	}
}

/* All places that were touched since then; a list to be freed, NULL without memory. */
static struct top_place *measure(const struct top_map *before, const struct top_map *now, size_t vm,
				 size_t *ret_n)
{
	struct top_place *places = calloc(now->n_sites + 1, sizeof(*places));
	const struct top_site none = {0};
	double seconds = now->at - before->at;
	size_t n = 0;

	for (size_t i = 0; places && i < now->n_sites; i++) {
		const struct top_site *site = &now->sites[i], *old;
		double per;

		old = bsearch(site, before->sites, before->n_sites, sizeof(*site), by_identity);
		old = old ? old : &none;
		per = top_rate(old->count, site->count, seconds);
		if (per > 0)
			places[n++] = (struct top_place){
				.site = *site,
				.vm = vm,
				.per = per,
				.user_per = top_rate(old->user, site->user, seconds),
			};
	}
	*ret_n = n;
	return places;
}

bool top_places_add(struct top_sample *sample, size_t vm, struct json_object *reply, double at,
		    const struct top_map *before)
{
	struct top_map *map = &sample->maps[sample->n_maps];
	struct top_place *places;
	size_t n;

	snprintf(map->key, sizeof(map->key), "%s", sample->vms[vm].key);
	map->at = at;
	if (!read_sites(reply_array(reply, "sites"), map))
		return false;
	sample->n_maps++;
	if (!before)
		return true;
	places = measure(before, map, vm, &n);
	if (!places)
		return false;
	qsort(places, n, sizeof(*places), by_rate);
	n = n < TOP_PLACES ? n : TOP_PLACES;
	for (size_t i = 0; i < n; i++)
		name_region(&places[i], reply_array(reply, "regions"));
	memcpy(&sample->places[sample->n_places], places, n * sizeof(*places));
	sample->n_places += n;
	free(places);
	qsort(sample->places, sample->n_places, sizeof(*places), by_rate);
	return true;
}
