/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_MAP_VIEW_H
#define NISVCTL_MAP_VIEW_H

/* The fault map, drawn. */

#include "cli/map_rows.h"
#include "cli/term.h"

/*
 * One line for each region: address, size, a bar, its name; below it one line for each place that
 * was touched in it, marked where it lies in the bar. Never wider than the terminal; a tall one
 * shows more places of a region.
 */
void map_view_print(const struct term *term, const struct options *options,
		    const struct map_rows *rows);

#endif
