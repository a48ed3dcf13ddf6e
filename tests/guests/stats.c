/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "options.h"
#include "stats.h"

static struct place *bucket_find(struct place *places, size_t n_buckets, uint64_t key)
{
	size_t i = (key * 0x9e3779b97f4a7c15ULL) >> 32 & (n_buckets - 1);

	while (places[i].key && places[i].key != key)
		i = (i + 1) & (n_buckets - 1);
	return &places[i];
}

static void places_grow(struct stats *stats)
{
	size_t n_buckets = stats->n_buckets ? stats->n_buckets * 2 : 64;
	struct place *places = calloc(n_buckets, sizeof(*places));

	if (!places)
		fail(EXIT_SETUP, "out of memory for MMIO places");
	for (size_t i = 0; i < stats->n_buckets; i++)
		if (stats->places[i].key)
			*bucket_find(places, n_buckets, stats->places[i].key) = stats->places[i];
	free(stats->places);
	stats->places = places;
	stats->n_buckets = n_buckets;
	stats->last = NULL;
}

/* The place of that key, made if there is room; NULL when there is none. */
static struct place *place_get(struct stats *stats, uint64_t key)
{
	struct place *place;

	if (stats->last && stats->last->key == key)
		return stats->last;
	if (stats->n_places * 2 >= stats->n_buckets)
		places_grow(stats);
	place = bucket_find(stats->places, stats->n_buckets, key);
	if (!place->key) {
		if (stats->n_places == MAX_PLACES)
			return NULL;
		place->key = key;
		stats->n_places++;
	}
	stats->last = place;
	return place;
}

void stats_mmio(struct stats *stats, uint64_t address, bool write)
{
	struct place *place = place_get(stats, (address >> PLACE_SHIFT) + 1);

	if (write)
		stats->mmio_writes++;
	else
		stats->mmio_reads++;
	if (!place)
		stats->unplaced++;
	else if (write)
		place->writes++;
	else
		place->reads++;
}

void stats_add(struct stats *into, const struct stats *from)
{
	into->exits += from->exits;
	into->nisv += from->nisv;
	into->enosys += from->enosys;
	into->efault += from->efault;
	into->interrupted += from->interrupted;
	into->other_errnos += from->other_errnos;
	into->mmio_reads += from->mmio_reads;
	into->mmio_writes += from->mmio_writes;
	into->unplaced += from->unplaced;
	into->internal_errors += from->internal_errors;
	into->syncs += from->syncs;
	if (from->exceptions && !into->exceptions)
		into->exception = from->exception;
	into->exceptions += from->exceptions;
	into->unsupported += from->unsupported;
	into->done += from->done;
	for (size_t i = 0; i < MAX_REASONS; i++)
		into->reasons[i] += from->reasons[i];
	if (from->first.kind && (!into->first.kind || from->first.when_ns < into->first.when_ns))
		into->first = from->first;
	for (size_t i = 0; i < from->n_buckets; i++) {
		const struct place *source = &from->places[i];
		struct place *place = source->key ? place_get(into, source->key) : NULL;

		if (place) {
			place->reads += source->reads;
			place->writes += source->writes;
		} else {
			into->unplaced += source->reads + source->writes;
		}
	}
}

static int place_compare(const void *a, const void *b)
{
	uint64_t x = ((const struct place *)a)->key, y = ((const struct place *)b)->key;

	return x < y ? -1 : x > y;
}

void stats_places_sort(struct stats *stats)
{
	size_t n = 0;

	for (size_t i = 0; i < stats->n_buckets; i++)
		if (stats->places[i].key)
			stats->places[n++] = stats->places[i];
	/* Without any place there is no array. */
	if (n)
		qsort(stats->places, n, sizeof(*stats->places), place_compare);
	stats->last = NULL;
}

void stats_clear(struct stats *stats)
{
	free(stats->places);
	memset(stats, 0, sizeof(*stats));
}
