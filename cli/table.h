/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_TABLE_H
#define NISVCTL_TABLE_H

/* Tables of text, drawn by libsmartcols. */

#include "cli/term.h"

struct libscols_line;

struct table_column {
	const char *name;
	bool right;    /* numbers */
	bool truncate; /* gives way first where the terminal is narrow */
	bool wrap;     /* only of the last one: on a terminal, long cells take more lines */
	bool hidden;   /* not shown */
};

struct table;

/* NULL without memory. @columns is borrowed. No heading if @legend is false. */
struct table *table_new(const struct term *term, const struct table_column *columns, size_t n,
			bool legend);
struct table *table_free(struct table *table); /* takes NULL, returns NULL */

/* A new row. The table owns it. NULL without memory. */
struct libscols_line *table_row(struct table *table);

/* @text is copied; @row may be NULL (out of memory was met before). */
void table_set(struct table *table, struct libscols_line *row, size_t column, const char *text,
	       enum colour colour);

/* Returns 0 or -errno. */
int table_print(struct table *table);

#endif
