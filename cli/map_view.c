/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/map_view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cell.h"
#include "cli/format.h"
#include "cli/gaps.h"
#include "cli/map_places.h"
#include "cli/reply.h"
#include "cli/vm_text.h"

#define BYTES_WIDTH 8

/* Of one region; more on a tall terminal. A storm fills thousands of places. */
#define PLACES_SHOWN 24

/* One in so many of these lines is for MMIO. */
#define MMIO_SHARE 3

/* Regions of a run of like ones that are shown before the number of the others. */
#define RUN_SHOWN 4

/* What the text beside a bar mostly needs. */
#define TEXT_WIDTH	40
#define BAR_COLUMNS_MIN 8

#define SMALL_HOLE (1U << 20)

#define TEXT_MAX 320

struct view {
	const struct term *term;
	const struct map_rows *rows;
	struct bar_scale scale;
	size_t address_width, text_width, places;
};

/* ---- rows that are folded ---- */

static bool is_quiet_hole(const struct map_row *row)
{
	return row->bar == BAR_HOLE && !row->n_sites;
}

/* The end of a run of like regions with nothing but quiet holes between; it ends with a region. */
static size_t run_end(const struct map_rows *rows, size_t i, size_t *ret_regions)
{
	size_t end = i + 1;

	*ret_regions = 1;
	if (rows->list[i].bar == BAR_HOLE || rows->list[i].n_sites)
		return end;
	for (size_t k = i + 1; k < rows->n; k++) {
		if (is_quiet_hole(&rows->list[k]))
			continue;
		if (!map_rows_alike(&rows->list[i], &rows->list[k]))
			break;
		++*ret_regions;
		end = k + 1;
	}
	return end;
}

/* ---- lines ---- */

static void print_left(const struct view *view, const char *mark, const char *address,
		       const char *size, enum colour colour)
{
	cell_print(view->term, mark, 2, CELL_LEFT, colour);
	cell_print(view->term, address, view->address_width, CELL_RIGHT, colour);
	putc(' ', view->term->out);
	cell_print(view->term, size, BYTES_WIDTH, CELL_RIGHT, colour);
	putc(' ', view->term->out);
}

static const char *mark_of(const struct term *term, bool mmio)
{
	return mmio ? term_glyph(term, "•", "o") : term_glyph(term, "×", "X");
}

static enum colour colour_of(bool mmio)
{
	return mmio ? COLOUR_BLUE : COLOUR_RED;
}

static size_t position(const struct map_row *row, size_t length, struct json_object *site)
{
	return bar_position(reply_address(site, "ipa") - row->start,
			    span_bytes(row->start, row->last), length);
}

/* The bar with a mark wherever something happened; an abort hides MMIO at the same place. */
static void print_bar(const struct view *view, const struct map_row *row, size_t length)
{
	const struct term *term = view->term;
	char marks[BAR_COLUMNS_MAX + 1] = {0};
	enum colour now = COLOUR_NONE;

	for (size_t i = 0; i < row->n_sites; i++) {
		struct json_object *site = view->rows->sites[row->first_site + i];
		char *mark = &marks[position(row, length, site)];

		if (*mark != 'X')
			*mark = site_is_mmio(site) ? 'o' : 'X';
	}
	for (size_t i = 0; i < length; i++) {
		enum colour colour = marks[i] ? colour_of(marks[i] == 'o') : bar_colour(row->bar);

		if (colour != now)
			fprintf(term->out, "%s%s", term_colour(term, COLOUR_NONE),
				term_colour(term, colour));
		now = colour;
		fputs(marks[i] ? mark_of(term, marks[i] == 'o') : bar_glyph(term, row->bar),
		      term->out);
	}
	fprintf(term->out, "%s%*s", term_colour(term, COLOUR_NONE),
		(int)(view->scale.columns - length), "");
}

/* There by the VMM's source code, not by what the kernel shows. */
static bool is_reference(const struct map_row *row)
{
	return row->bar != BAR_HOLE && !row->believed &&
	       strcmp(reply_string(row->region, "source"), "reference") == 0;
}

static void row_text(const struct map_row *row, char buf[TEXT_MAX])
{
	if (row->believed)
		snprintf(buf, TEXT_MAX, "no RAM: the guest's %.100s",
			 reply_string(row->believed, "name"));
	else
		snprintf(buf, TEXT_MAX, "%.100s%s", reply_string(row->region, "name"),
			 is_reference(row) ? " (VMM)" : "");
}

/* Between devices there are many small holes: told on the line of the region before. */
static bool is_small_hole(const struct map_row *row)
{
	return is_quiet_hole(row) && span_bytes(row->start, row->last) < SMALL_HOLE;
}

static void print_small_hole(const struct view *view, const struct map_row *row, size_t used)
{
	char text[TEXT_MAX], bytes[FORMAT_MAX];

	if (used + 2 >= view->text_width)
		return;
	snprintf(text, sizeof(text), " %s %s hole", bar_glyph(view->term, BAR_HOLE),
		 format_bytes(span_bytes(row->start, row->last), bytes));
	cell_print(view->term, text, view->text_width - used, CELL_LAST, COLOUR_DIM);
}

/* ---- places in a region ---- */

static void print_place(const struct view *view, const struct map_row *row, size_t length,
			const struct place *place)
{
	size_t at = position(row, length, place->site);
	enum colour colour = colour_of(place->mmio);
	char text[TEXT_MAX];

	place_text(place, text, sizeof(text));
	print_left(view, "", site_address(place->site), "", colour);
	fprintf(view->term->out, "%*s", (int)at, "");
	cell_print(view->term, mark_of(view->term, place->mmio), view->scale.columns - at + 1,
		   CELL_LEFT, colour);
	cell_print(view->term, text, view->text_width, CELL_LAST,
		   place->mmio ? COLOUR_NONE : colour);
	putc('\n', view->term->out);
}

static int busiest_first(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x > y ? -1 : x < y;
}

/* How often the last of the @shown busiest MMIO places was touched; 0 if all can be shown. */
static int64_t least_busy(const struct place *places, size_t n, size_t shown)
{
	int64_t *counts = calloc(n + 1, sizeof(*counts)), least = 0;
	size_t mmio = 0;

	if (!counts)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (places[i].mmio)
			counts[mmio++] = place_accesses(&places[i]);
	if (mmio > shown) {
		qsort(counts, mmio, sizeof(*counts), busiest_first);
		least = counts[shown - 1];
	}
	free(counts);
	return least;
}

/* What stands for places that are not shown. */
static void print_hidden(const struct view *view, size_t n, int64_t accesses)
{
	char text[TEXT_MAX];

	if (!n)
		return;
	print_left(view, "", term_glyph(view->term, "…", "..."), "", COLOUR_DIM);
	snprintf(text, sizeof(text), "and %zu more with %" PRId64 " access%s (--json has all)", n,
		 accesses, accesses == 1 ? "" : "es");
	cell_print(view->term, text, view->scale.columns + 1 + view->text_width, CELL_LAST,
		   COLOUR_DIM);
	putc('\n', view->term->out);
}

/* In address order: the first aborts, and the busiest MMIO places, for traffic is no fault. */
static void print_places(const struct view *view, const struct map_row *row, size_t length)
{
	size_t n, aborts = view->places, mmio = view->places / MMIO_SHARE, hidden = 0;
	struct place *places =
		places_collect(view->rows->sites + row->first_site, row->n_sites, &n);
	int64_t least = least_busy(places, n, mmio), hidden_accesses = 0;

	for (size_t i = 0; i < n; i++) {
		size_t *left = places[i].mmio ? &mmio : &aborts;

		if (*left > 0 && (!places[i].mmio || place_accesses(&places[i]) >= least)) {
			print_place(view, row, length, &places[i]);
			--*left;
			continue;
		}
		hidden++;
		hidden_accesses = reply_sum(hidden_accesses, place_accesses(&places[i]));
	}
	free(places);
	print_hidden(view, hidden, hidden_accesses);
}

/* Emulation failures: KVM does not tell their address. */
static void print_unplaced(const struct view *view)
{
	const struct map_rows *rows = view->rows;
	size_t n = rows->n_sites - rows->n_placed, shown = n < view->places ? n : view->places;
	int64_t hidden_accesses = 0;
	char text[TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		const struct place place = {.site = rows->sites[rows->n_placed + i]};

		if (i >= shown) {
			hidden_accesses = reply_sum(hidden_accesses, place_accesses(&place));
			continue;
		}
		place_text(&place, text, sizeof(text));
		print_left(view, "", site_address(place.site), "", COLOUR_RED);
		cell_print(view->term, text, view->scale.columns + 1 + view->text_width, CELL_LAST,
			   COLOUR_RED);
		putc('\n', view->term->out);
	}
	print_hidden(view, n - shown, hidden_accesses);
}

/* ---- the whole ---- */

/* Returns the row after it. */
static size_t print_row(const struct view *view, size_t i)
{
	const struct map_row *row = &view->rows->list[i++];
	uint64_t bytes = span_bytes(row->start, row->last);
	size_t length = bar_length(&view->scale, row->bar, bytes), used;
	enum colour colour = row->believed	    ? COLOUR_RED
			     : row->bar == BAR_HOLE ? COLOUR_DIM
						    : COLOUR_NONE;
	char address[24], size[FORMAT_MAX], text[TEXT_MAX], cut[TEXT_MAX];

	snprintf(address, sizeof(address), "0x%" PRIx64, row->start);
	print_left(view, row->believed ? GAP_MARK : "", address, format_bytes(bytes, size), colour);
	print_bar(view, row, length);
	putc(' ', view->term->out);
	row_text(row, text);
	used = cell_cut(view->term, text, view->text_width, cut, sizeof(cut));
	cell_print(view->term, cut, used, CELL_LAST, colour);
	if (row->bar != BAR_HOLE && i < view->rows->n && is_small_hole(&view->rows->list[i]))
		print_small_hole(view, &view->rows->list[i++], used);
	putc('\n', view->term->out);
	print_places(view, row, length);
	return i;
}

/* From row @first up to the last region before @end. */
static void print_fold(const struct view *view, size_t first, size_t end, size_t regions)
{
	const struct map_row *list = view->rows->list;
	char text[TEXT_MAX], bytes[FORMAT_MAX];
	uint64_t sum = 0;

	for (size_t i = first; i < end; i++)
		if (list[i].bar != BAR_HOLE &&
		    __builtin_add_overflow(sum, span_bytes(list[i].start, list[i].last), &sum))
			sum = UINT64_MAX;
	print_left(view, "", term_glyph(view->term, "…", "..."), "", COLOUR_DIM);
	snprintf(text, sizeof(text),
		 "%zu more like these, 0x%" PRIx64 "-0x%" PRIx64 ", %s altogether", regions,
		 list[first].start, list[end - 1].last, format_bytes(sum, bytes));
	cell_print(view->term, text, view->scale.columns + 1 + view->text_width, CELL_LAST,
		   COLOUR_DIM);
	putc('\n', view->term->out);
}

/* A run of @regions from @i to @end: its first ones, the fold, its last one. Returns the row after
 * it. */
static size_t print_run(const struct view *view, size_t i, size_t end, size_t regions)
{
	const struct map_row *list = view->rows->list;
	size_t stop = end - 1;

	for (size_t shown = 0; shown < RUN_SHOWN;) {
		shown += list[i].bar != BAR_HOLE;
		i = print_row(view, i);
	}
	while (list[i].bar == BAR_HOLE)
		i++;
	while (list[stop - 1].bar == BAR_HOLE)
		stop--;
	print_fold(view, i, stop, regions - RUN_SHOWN - 1);
	return print_row(view, end - 1);
}

static void print_legend(const struct view *view)
{
	const struct term *term = view->term;
	bool mmio = false, aborts = false, reference = false;
	char text[TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < view->rows->n; i++)
		reference |= is_reference(&view->rows->list[i]);
	for (size_t i = 0; i < view->rows->n_sites; i++)
		*(site_is_mmio(view->rows->sites[i]) ? &mmio : &aborts) = true;
	for (enum bar bar = BAR_RAM; bar < _BAR_MAX; bar++)
		if (view->scale.of[bar].any)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %s, ",
					      bar_glyph(term, bar), bar_name(bar));
	if (aborts)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s abort, ",
				      mark_of(term, false));
	if (mmio)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s MMIO, ", mark_of(term, true));
	if (reference)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "(VMM) by its reference map, ");
	snprintf(text + n, sizeof(text) - n, "bars of a kind differ by doublings of the size");
	putc('\n', term->out);
	fputs(term_colour(term, COLOUR_DIM), term->out);
	term_wrap(term, "", 0, text);
	fputs(term_colour(term, COLOUR_NONE), term->out);
}

static void measure(struct view *view)
{
	const struct term *term = view->term;
	size_t width = (size_t)term->width, left, columns;
	char address[24];

	view->address_width = strlen("ADDRESS");
	for (size_t i = 0; i < view->rows->n; i++) {
		const struct map_row *row = &view->rows->list[i];
		size_t len = (size_t)snprintf(address, sizeof(address), "0x%" PRIx64, row->start);

		bar_scale_add(&view->scale, row->bar, span_bytes(row->start, row->last));
		view->address_width = len > view->address_width ? len : view->address_width;
		if (!row->n_sites)
			continue;
		len = (size_t)snprintf(
			address, sizeof(address), "0x%" PRIx64,
			reply_address(view->rows->sites[row->first_site + row->n_sites - 1],
				      "ipa"));
		view->address_width = len > view->address_width ? len : view->address_width;
	}
	left = 2 + view->address_width + 1 + BYTES_WIDTH + 1 + 1;
	width = width > left + BAR_COLUMNS_MIN ? width - left : BAR_COLUMNS_MIN;
	/* Half of what is left for the bar, but not at the cost of the text. */
	columns = width > TEXT_WIDTH ? width - TEXT_WIDTH : 0;
	columns = columns < width / 4 ? width / 4 : columns > width / 2 ? width / 2 : columns;
	view->scale.columns = columns > BAR_COLUMNS_MAX ? BAR_COLUMNS_MAX : columns;
	view->text_width = width - view->scale.columns;
	view->places = PLACES_SHOWN;
	if (term->height > 2 * PLACES_SHOWN)
		view->places = (size_t)term->height / 2;
}

void map_view_print(const struct term *term, const struct options *options,
		    const struct map_rows *rows)
{
	struct view view = {.term = term, .rows = rows};

	measure(&view);
	if (!options->no_legend) {
		fprintf(term->out, "  %*s %*s\n", (int)view.address_width, "ADDRESS", BYTES_WIDTH,
			"SIZE");
	}
	for (size_t i = 0; i < rows->n;) {
		size_t regions, end = run_end(rows, i, &regions);

		i = regions > RUN_SHOWN + 2 ? print_run(&view, i, end, regions)
					    : print_row(&view, i);
	}
	print_unplaced(&view);
	if (!options->no_legend)
		print_legend(&view);
}
