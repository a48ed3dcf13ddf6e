/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_CELL_H
#define NISVCTL_CELL_H

/* Text in a fixed number of terminal columns, for pictures that libsmartcols cannot draw. */

#include "cli/term.h"

/*
 * Copies @text into @buf, at most @columns wide; where something had to go, it ends with an
 * ellipsis. Returns the columns that it takes.
 */
size_t cell_cut(const struct term *term, const char *text, size_t columns, char *buf, size_t size);

enum cell_align {
	CELL_LEFT = 0,
	CELL_RIGHT,
	CELL_LAST, /* as left, but without the spaces behind: nothing follows on the line */
};

/* Prints @text cut and filled up to @columns. */
void cell_print(const struct term *term, const char *text, size_t columns, enum cell_align align,
		enum colour colour);

#endif
