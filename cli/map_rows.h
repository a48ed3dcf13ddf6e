/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_MAP_ROWS_H
#define NISVCTL_MAP_ROWS_H

/* The fault map as rows: regions, holes parted where the guest believes in memory, and faults. */

#include "cli/bars.h"
#include "cli/layers.h"

struct map_row {
	uint64_t start, last;
	enum bar bar;
	struct json_object *region;   /* Region; borrowed */
	struct json_object *believed; /* of BAR_MISSING: the range of Guest; else NULL */
	size_t first_site, n_sites;   /* of map_rows.sites */
};

struct map_rows {
	struct map_row *list; /* owned; ascending */
	size_t n;
	/* owned; ascending by address; those without one at the end, the most frequent first */
	struct json_object **sites;
	size_t n_sites, n_placed;
};

/* @map: a reply of GetFaultMap, @vm: of GetVM, or NULL; both borrowed. False without memory. */
bool map_rows_build(struct json_object *map, struct json_object *vm, struct map_rows *ret);
void map_rows_clear(struct map_rows *rows);

bool site_is_mmio(struct json_object *site);

/* Do they differ in place and size only, and is neither of them touched by a fault? */
bool map_rows_alike(const struct map_row *a, const struct map_row *b);

#endif
