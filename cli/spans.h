/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_SPANS_H
#define NISVCTL_SPANS_H

/* Lists of address ranges out of a reply, which may overlap, wrap around, or be very long. */

#include "cli/layers.h"

struct spans {
	struct span *list; /* owned */
	size_t n, room;
};

/* False without memory. */
bool spans_add(struct spans *spans, uint64_t start, uint64_t last, struct json_object *item);

/*
 * Adds the range of @item: its member @base, and size_bytes from there on, cut at the end of the
 * address space. An empty one is left out.
 */
bool spans_add_item(struct spans *spans, struct json_object *item, const char *base);

/* Sorts, and cuts where ranges overlap: of two the one that begins later (the inner one) stays. */
bool spans_flatten(struct spans *spans);

/* Takes out of flat @from what flat @holes have. */
bool spans_subtract(struct spans *from, const struct spans *holes);

void spans_clear(struct spans *spans);

#endif
