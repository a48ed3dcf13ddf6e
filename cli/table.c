/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/table.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#define WRAP_MIN 20 /* columns */

struct table {
	const struct term *term;
	struct libscols_table *scols;
	bool wrap; /* the last column */
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
			    (columns[i].hidden ? SCOLS_FL_HIDDEN : 0);
		bool wrap = columns[i].wrap && term->terminal;
		struct libscols_column *column = scols_table_new_column(
			table->scols, columns[i].name, 0, flags | (wrap ? SCOLS_FL_WRAP : 0));

		if (!column)
			return table_free(table);
		table->wrap = wrap;
		if (wrap)
			scols_column_set_wrapfunc(column, scols_wrapnl_chunksize,
						  scols_wrapnl_nextchunk, NULL);
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

/* ---- wrapping ------------------------------------------------------------------------------ */

static const char *cell_text(struct libscols_line *line, size_t column)
{
	struct libscols_cell *cell = scols_line_get_cell(line, column);
	const char *text = cell ? scols_cell_get_data(cell) : NULL;

	return text ? text : "";
}

/* The columns that the others leave for the last one. */
static size_t width_of_last(struct libscols_table *scols, size_t width)
{
	size_t n = scols_table_get_ncols(scols), others = 0;

	for (size_t i = 0; i + 1 < n; i++) {
		struct libscols_column *column = scols_table_get_column(scols, i);
		size_t most = term_columns(scols_cell_get_data(scols_column_get_header(column)));

		if (scols_column_is_hidden(column))
			continue;
		for (size_t k = 0; k < scols_table_get_nlines(scols); k++) {
			size_t columns = term_columns(cell_text(scols_table_get_line(scols, k), i));

			most = columns > most ? columns : most;
		}
		others += most + 1;
	}
	return width > others + WRAP_MIN ? width - others : WRAP_MIN;
}

/* @text with newlines between words, so that no line is wider than @width; to be freed. */
static char *wrap_words(const char *text, size_t width)
{
	char *copy = malloc(2 * strlen(text) + 1), *to = copy;
	size_t at = 0;

	while (copy && *(text += strspn(text, " "))) {
		size_t len = strcspn(text, " "), columns;

		len = term_prefix(text, width, len, &columns);
		if (at && at + 1 + columns > width) {
			*to++ = '\n';
			at = 0;
		} else if (at) {
			*to++ = ' ';
			at++;
		}
		to = mempcpy(to, text, len);
		at += columns;
		text += len;
	}
	if (copy)
		*to = 0;
	return copy;
}

/* By itself libsmartcols breaks within words. */
static void wrap_last(struct table *table)
{
	size_t last = scols_table_get_ncols(table->scols) - 1;
	size_t width = width_of_last(table->scols, (size_t)table->term->width);

	for (size_t i = 0; i < scols_table_get_nlines(table->scols); i++) {
		struct libscols_line *line = scols_table_get_line(table->scols, i);
		char *wrapped = wrap_words(cell_text(line, last), width);

		if (wrapped)
			scols_line_refer_data(line, last, wrapped);
	}
}

int table_print(struct table *table)
{
	if (table && table->wrap)
		wrap_last(table);
	return table ? scols_print_table(table->scols) : -ENOMEM;
}
