/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_BARS_H
#define NISVCTL_BARS_H

/*
 * Regions as horizontal bars. Regions differ by a factor of a million and more, so each kind of
 * region has a scale of its own, and that is logarithmic: the largest of a kind is a full bar, the
 * smallest a quarter of it.
 */

#include <stddef.h>
#include <stdint.h>

#include "cli/term.h"

enum bar {
	BAR_RAM = 0,
	BAR_ROM,
	BAR_DEVICE,
	BAR_HOLE,
	BAR_MISSING, /* memory that the guest believes in and nothing has */
	_BAR_MAX
};

#define BAR_COLUMNS_MAX 64

struct bar_scale {
	size_t columns; /* of a full bar: at most BAR_COLUMNS_MAX */
	struct {
		double low, high; /* base-2 logarithms */
		bool any;
	} of[_BAR_MAX];
};

/* Region.class of the interface. */
enum bar bar_of_class(const char *class);

void bar_scale_add(struct bar_scale *scale, enum bar bar, uint64_t bytes);

/* Columns that a region takes: 1 to scale->columns. */
size_t bar_length(const struct bar_scale *scale, enum bar bar, uint64_t bytes);

/* Where byte @offset of @bytes lies in a bar of @length columns, to scale. */
size_t bar_position(uint64_t offset, uint64_t bytes, size_t length);

const char *bar_glyph(const struct term *term, enum bar bar);
enum colour bar_colour(enum bar bar);
const char *bar_name(enum bar bar); /* for a legend */

#endif
