/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/picture.h"

#include <inttypes.h>
#include <string.h>

#include "cli/format.h"
#include "cli/reply.h"

#define ADDRESS_WIDTH 18
#define BOX_WIDTH     14

static bool is_memory(struct json_object *region)
{
	const char *class = reply_string(region, "class");

	return strcmp(class, "ram") == 0 || strcmp(class, "rom") == 0;
}

static bool is_hole(struct json_object *region)
{
	return strcmp(reply_string(region, "class"), "hole") == 0;
}

static void print_address(const struct term *term, uint64_t address, const char *pointer)
{
	char text[ADDRESS_WIDTH + 4];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	fprintf(term->out, "%s%*s ", pointer, ADDRESS_WIDTH, text);
}

static void print_line(const struct term *term, const char *left, const char *middle,
		       const char *right)
{
	fputs(left, term->out);
	for (int i = 0; i < BOX_WIDTH; i++)
		fputs(middle, term->out);
	fprintf(term->out, "%s\n", right);
}

/* One region as a box; with @inside, the fault points into it. */
static void print_box(const struct term *term, struct json_object *region, const char *what,
		      uint64_t ipa)
{
	const char *side = term_glyph(term, "│", "|"), *line = term_glyph(term, "─", "-");
	uint64_t start = reply_address(region, "ipa");
	uint64_t size = (uint64_t)reply_int(region, "size_bytes");
	const char *name = reply_string(region, "name");
	char bytes[FORMAT_MAX];

	print_address(term, start, "  ");
	print_line(term, term_glyph(term, "┌", "+"), line, term_glyph(term, "┐", "+"));
	fprintf(term->out, "  %*s %s%*s%s %s, %s\n", ADDRESS_WIDTH, "", side, BOX_WIDTH, "", side,
		name, format_bytes(size, bytes));
	if (what) {
		fputs(term_colour(term, COLOUR_RED), term->out);
		print_address(term, ipa, term_glyph(term, "▶ ", "> "));
		fprintf(term->out, "%s%*s%s%*s%s %s%s\n", side, BOX_WIDTH / 2, "",
			term_glyph(term, "×", "X"), BOX_WIDTH - BOX_WIDTH / 2 - 1, "", side, what,
			term_colour(term, COLOUR_NONE));
	}
	print_address(term, start + size - 1, "  ");
	print_line(term, term_glyph(term, "└", "+"), line, term_glyph(term, "┘", "+"));
}

static void print_gap(const struct term *term, const char *text)
{
	fprintf(term->out, "  %*s %*s%s%*s %s\n", ADDRESS_WIDTH, "", BOX_WIDTH / 2 + 1, "",
		term_glyph(term, "┊", ":"), BOX_WIDTH / 2, "", text);
}

static void print_distance(const struct term *term, uint64_t bytes, const char *from)
{
	char text[FORMAT_MAX + 48], size[FORMAT_MAX];

	if (bytes == 0)
		return;
	snprintf(text, sizeof(text), "%s %s", format_bytes(bytes, size), from);
	print_gap(term, text);
}

static size_t find(struct json_object *regions, uint64_t ipa)
{
	size_t n = reply_length(regions);

	for (size_t i = 0; i < n; i++) {
		struct json_object *region = reply_at(regions, i);

		if (ipa - reply_address(region, "ipa") < (uint64_t)reply_int(region, "size_bytes"))
			return i;
	}
	return n;
}

static struct json_object *nearest_memory(struct json_object *regions, size_t from, int step)
{
	size_t n = reply_length(regions);

	for (size_t i = from + (size_t)step; i < n; i += (size_t)step)
		if (is_memory(reply_at(regions, i)))
			return reply_at(regions, i);
	return NULL;
}

void picture_around(const struct term *term, struct json_object *regions, uint64_t ipa,
		    const char *what)
{
	size_t at = find(regions, ipa);
	struct json_object *here = reply_at(regions, at), *below, *above;
	uint64_t start, end;

	if (!here)
		return;
	start = reply_address(here, "ipa");
	end = start + (uint64_t)reply_int(here, "size_bytes");
	below = nearest_memory(regions, at, -1);
	above = nearest_memory(regions, at, 1);
	putc('\n', term->out);
	if (below) {
		uint64_t below_end =
			reply_address(below, "ipa") + (uint64_t)reply_int(below, "size_bytes");

		print_box(term, below, NULL, 0);
		print_distance(term, (is_hole(here) ? ipa : start) - below_end,
			       "above the memory below");
	} else {
		print_gap(term, "no memory below");
	}
	if (is_hole(here)) {
		fputs(term_colour(term, COLOUR_RED), term->out);
		print_address(term, ipa, term_glyph(term, "▶ ", "> "));
		fprintf(term->out, "%*s%s%*s %s%s\n", BOX_WIDTH / 2 + 1, "",
			term_glyph(term, "×", "X"), BOX_WIDTH / 2, "", what,
			term_colour(term, COLOUR_NONE));
	} else {
		print_box(term, here, what, ipa);
	}
	if (above) {
		print_distance(term, reply_address(above, "ipa") - (is_hole(here) ? ipa : end),
			       "below the memory above");
		print_box(term, above, NULL, 0);
	} else {
		print_gap(term, "no memory above");
	}
}
