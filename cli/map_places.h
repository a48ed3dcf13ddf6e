/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_MAP_PLACES_H
#define NISVCTL_MAP_PLACES_H

/* The places that were touched in a region, as the fault map tells them. */

#include <stddef.h>
#include <stdint.h>

#include "cli/cli.h"

/* What one line tells. */
struct place {
	struct json_object *site; /* the first of them; borrowed */
	int64_t reads, writes, user;
	bool mmio;
};

/*
 * Reads and writes of one 512-byte place become one; each abort stands for itself. @sites: in
 * address order. A list to be freed, NULL without memory.
 */
struct place *places_collect(struct json_object **sites, size_t n_sites, size_t *ret_n);

void place_text(const struct place *place, char *buf, size_t size);
int64_t place_accesses(const struct place *place);

#endif
