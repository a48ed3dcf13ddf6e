/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/table.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>

struct table {
	const struct term *term;
	struct libscols_table *scols;
};

struct table *table_new(const struct term *term, const struct table_column *columns, size_t n,
			bool legend)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->term = term;
	table->scols = scols_new_table();
	if (!table->scols)
		return table_free(table);
	scols_table_enable_noheadings(table->scols, !legend);
	scols_table_enable_colors(table->scols, term->colour);
	scols_table_enable_ascii(table->scols, !term->utf8);
	/* Behind a pager it is no terminal any more, but has the width of one. */
	scols_table_set_termforce(table->scols,
				  term->terminal ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	scols_table_set_termwidth(table->scols, (size_t)term->width);
	scols_table_enable_noencoding(table->scols, 1); /* replies are cleaned already */
	scols_table_set_stream(table->scols, term->out);
	for (size_t i = 0; i < n; i++) {
		int flags = (columns[i].right ? SCOLS_FL_RIGHT : 0) |
			    (columns[i].truncate ? SCOLS_FL_TRUNC : 0) |
			    (columns[i].wrap ? SCOLS_FL_WRAP : 0) |
			    (columns[i].hidden ? SCOLS_FL_HIDDEN : 0);

		if (!scols_table_new_column(table->scols, columns[i].name, 0, flags))
			return table_free(table);
	}
	return table;
}

struct table *table_free(struct table *table)
{
	if (!table)
		return NULL;
	scols_unref_table(table->scols);
	free(table);
	return NULL;
}

struct libscols_line *table_row(struct table *table)
{
	return table ? scols_table_new_line(table->scols, NULL) : NULL;
}

void table_set(struct table *table, struct libscols_line *row, size_t column, const char *text,
	       enum colour colour)
{
	struct libscols_cell *cell;

	if (!row || scols_line_set_data(row, column, text) != 0)
		return;
	cell = scols_line_get_cell(row, column);
	if (cell && colour != COLOUR_NONE && table->term->colour)
		scols_cell_set_color(cell, term_colour(table->term, colour));
}

int table_print(struct table *table)
{
	return table ? scols_print_table(table->scols) : -ENOMEM;
}
