/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/cell.h"

#include <string.h>

#define CELL_BYTES_MAX 1024

size_t cell_cut(const struct term *term, const char *text, size_t columns, char *buf, size_t size)
{
	const char *mark = term_glyph(term, "…", "..");
	size_t mark_columns = term_columns(mark), all, bytes, kept;

	if (size == 0)
		return 0;
	all = term_columns(text);
	if (all <= columns && strlen(text) < size) {
		memcpy(buf, text, strlen(text) + 1);
		return all;
	}
	if (columns < mark_columns || size <= strlen(mark)) {
		buf[0] = 0;
		return 0;
	}
	bytes = term_prefix(text, columns - mark_columns, size - strlen(mark) - 1, &kept);
	memcpy(buf, text, bytes);
	memcpy(buf + bytes, mark, strlen(mark) + 1);
	return kept + mark_columns;
}

void cell_print(const struct term *term, const char *text, size_t columns, enum cell_align align,
		enum colour colour)
{
	char buf[CELL_BYTES_MAX];
	size_t used = cell_cut(term, text, columns, buf, sizeof(buf));
	int fill = (int)(columns - used);

	if (align == CELL_RIGHT)
		fprintf(term->out, "%*s", fill, "");
	if (colour != COLOUR_NONE && *buf)
		fprintf(term->out, "%s%s%s", term_colour(term, colour), buf,
			term_colour(term, COLOUR_NONE));
	else
		fputs(buf, term->out);
	if (align == CELL_LEFT)
		fprintf(term->out, "%*s", fill, "");
}
