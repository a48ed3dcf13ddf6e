/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/layers_table.h"

#include <inttypes.h>
#include <string.h>

#include "cli/cell.h"
#include "cli/format.h"
#include "cli/gaps.h"
#include "cli/reply.h"

#define CELL_MAX 240

/* The columns beside mark, address and size share what is left of a line. */
#define LAYER_WIDTH_MIN 8
#define BYTES_WIDTH	8

/* Of a run of like stretches: as many are shown, then the number of the others, then the last. */
#define RUN_SHOWN 4

struct widths {
	size_t address;
	size_t layer[_LAYER_MAX];
};

static const char *const headings[_LAYER_MAX] = {
	[LAYER_KERNEL] = "KERNEL",
	[LAYER_VMM] = "VMM",
	[LAYER_GUEST] = "GUEST",
};

static size_t append(char buf[CELL_MAX], size_t n, const char *text)
{
	return n + (size_t)snprintf(buf + n, CELL_MAX - n, "%.*s", (int)(CELL_MAX - n - 1), text);
}

static void slot_text(struct json_object *slot, char buf[CELL_MAX])
{
	struct json_object *flags = reply_array(slot, "flags");
	struct json_object *backing = reply_object(slot, "backing");
	char size[FORMAT_MAX];
	size_t n = (size_t)snprintf(buf, CELL_MAX, "slot %" PRId64, reply_int(slot, "slot_id"));

	for (size_t i = 0; i < reply_length(flags); i++) {
		const char *flag = reply_string_at(flags, i);

		n = append(buf, n, " ");
		n = append(buf, n, strcmp(flag, "readonly") == 0 ? "ro" : flag);
	}
	if (!backing)
		return;
	n = append(buf, n, ", ");
	n = append(buf, n,
		   strcmp(reply_string(backing, "kind"), "none") == 0
			   ? "no backing"
			   : reply_string(backing, "kind"));
	if (reply_int(backing, "page_bytes") > 4096) {
		n = append(buf, n, ", ");
		n = append(buf, n, format_bytes((uint64_t)reply_int(backing, "page_bytes"), size));
		n = append(buf, n, " pages");
	}
	if (reply_has(backing, "path")) {
		n = append(buf, n, ", ");
		append(buf, n, reply_string(backing, "path"));
	}
}

static void kernel_text(const struct stretch *stretch, char buf[CELL_MAX])
{
	struct json_object *item = stretch->item[LAYER_KERNEL];
	char doorbells[48];
	size_t n;

	buf[0] = 0;
	if (reply_has(item, "gpa"))
		slot_text(item, buf);
	else if (item)
		append(buf, 0, reply_string(item, "name"));
	if (!stretch->doorbells)
		return;
	n = strlen(buf);
	snprintf(doorbells, sizeof(doorbells), "%s%" PRIu64 " ioeventfd%s", n ? ", " : "",
		 stretch->doorbells, stretch->doorbells == 1 ? "" : "s");
	append(buf, n, doorbells);
}

static void vmm_text(const struct stretch *stretch, char buf[CELL_MAX])
{
	struct json_object *item = stretch->item[LAYER_VMM];

	if (item)
		snprintf(buf, CELL_MAX, reply_bool(item, "optional") ? "[%.100s]" : "%.100s",
			 reply_string(item, "name"));
	else
		buf[0] = 0;
}

static void guest_text(const struct stretch *stretch, char buf[CELL_MAX])
{
	struct json_object *item = stretch->item[LAYER_GUEST];
	const char *kind = reply_string(item, "kind"), *name = reply_string(item, "name");
	/* Most nodes are named for what they are. */
	bool plain = strcmp(kind, "device") == 0 || (*kind && strstr(name, kind));

	if (!item)
		buf[0] = 0;
	else if (strcmp(kind, "reserved") == 0 && !plain)
		snprintf(buf, CELL_MAX, "reserved %.100s", name);
	else
		snprintf(buf, CELL_MAX, "%.100s%s%.24s%s", name, plain || !*name ? "" : " ",
			 plain ? "" : kind, reply_bool(item, "disabled") ? ", disabled" : "");
}

static void layer_text(const struct stretch *stretch, enum layer layer, char buf[CELL_MAX])
{
	if (layer == LAYER_KERNEL)
		kernel_text(stretch, buf);
	else if (layer == LAYER_VMM)
		vmm_text(stretch, buf);
	else
		guest_text(stretch, buf);
}

/* Where the end of a run begins; @i + 1 if it stands alone. */
static size_t run_end(const struct layers *layers, size_t i)
{
	size_t end = i + 1;

	while (end < layers->n && layers_alike(&layers->list[i], &layers->list[end]))
		end++;
	return end;
}

static bool is_folded(size_t begin, size_t end, size_t i)
{
	return end - begin > RUN_SHOWN + 2 && i >= begin + RUN_SHOWN && i + 1 < end;
}

/* ---- widths ---- */

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static void measure_row(const struct stretch *stretch, struct widths *widths)
{
	char text[CELL_MAX];

	snprintf(text, sizeof(text), "0x%" PRIx64, stretch->start);
	widths->address = larger(widths->address, strlen(text));
	for (size_t layer = 0; layer < _LAYER_MAX; layer++) {
		layer_text(stretch, (enum layer)layer, text);
		widths->layer[layer] = larger(widths->layer[layer], term_columns(text));
	}
}

/* Narrow columns get what they want; the others share the rest alike. */
static void share(size_t room, size_t width[_LAYER_MAX])
{
	bool settled[_LAYER_MAX] = {false};
	size_t open = _LAYER_MAX;

	for (bool again = true; again && open;) {
		again = false;
		for (size_t i = 0; i < _LAYER_MAX; i++) {
			if (settled[i] || width[i] > room / open)
				continue;
			settled[i] = again = true;
			room -= width[i];
			if (--open == 0)
				return;
		}
	}
	for (size_t i = 0; i < _LAYER_MAX; i++) {
		if (settled[i])
			continue;
		width[i] = room / open;
		room -= width[i];
		open--;
	}
}

static struct widths measure(const struct term *term, const struct layers *layers)
{
	struct widths widths = {.address = strlen("ADDRESS")};
	size_t used;

	for (size_t layer = 0; layer < _LAYER_MAX; layer++)
		widths.layer[layer] = larger(LAYER_WIDTH_MIN, strlen(headings[layer]));
	for (size_t i = 0; i < layers->n;) {
		size_t end = run_end(layers, i);

		for (size_t k = i; k < end; k++)
			if (!is_folded(i, end, k))
				measure_row(&layers->list[k], &widths);
		i = end;
	}
	/* Mark, address, size, and a space between all of them. */
	used = 2 + widths.address + 1 + BYTES_WIDTH + _LAYER_MAX;
	share((size_t)term->width > used ? (size_t)term->width - used : 0, widths.layer);
	return widths;
}

/* ---- rows ---- */

static void print_heading_row(const struct term *term, const struct widths *widths)
{
	fputs("  ", term->out);
	cell_print(term, "ADDRESS", widths->address, CELL_RIGHT, COLOUR_NONE);
	putc(' ', term->out);
	cell_print(term, "SIZE", BYTES_WIDTH, CELL_RIGHT, COLOUR_NONE);
	for (size_t layer = 0; layer < _LAYER_MAX; layer++) {
		putc(' ', term->out);
		cell_print(term, headings[layer], widths->layer[layer],
			   layer + 1 == _LAYER_MAX ? CELL_LAST : CELL_LEFT, COLOUR_NONE);
	}
	putc('\n', term->out);
}

static void print_row(const struct term *term, const struct widths *widths,
		      const struct stretch *stretch)
{
	enum colour colour = stretch->gap ? COLOUR_RED : COLOUR_NONE;
	char text[CELL_MAX], bytes[FORMAT_MAX];

	cell_print(term, stretch->gap ? GAP_MARK : "", 2, CELL_LEFT, colour);
	snprintf(text, sizeof(text), "0x%" PRIx64, stretch->start);
	cell_print(term, text, widths->address, CELL_RIGHT, colour);
	putc(' ', term->out);
	cell_print(term, format_bytes(span_bytes(stretch->start, stretch->last), bytes),
		   BYTES_WIDTH, CELL_RIGHT, colour);
	for (size_t layer = 0; layer < _LAYER_MAX; layer++) {
		layer_text(stretch, (enum layer)layer, text);
		putc(' ', term->out);
		cell_print(term, *text ? text : "-", widths->layer[layer],
			   layer + 1 == _LAYER_MAX ? CELL_LAST : CELL_LEFT,
			   *text ? colour : COLOUR_DIM);
	}
	putc('\n', term->out);
}

static void print_fold(const struct term *term, const struct widths *widths,
		       const struct layers *layers, size_t first, size_t end)
{
	const struct stretch *list = layers->list;
	char text[CELL_MAX], bytes[FORMAT_MAX];
	uint64_t sum = 0;

	for (size_t i = first; i < end; i++)
		if (__builtin_add_overflow(sum, span_bytes(list[i].start, list[i].last), &sum))
			sum = UINT64_MAX;
	fputs("  ", term->out);
	cell_print(term, term_glyph(term, "…", "..."), widths->address, CELL_RIGHT, COLOUR_DIM);
	putc(' ', term->out);
	snprintf(text, sizeof(text),
		 "%zu more like these, 0x%" PRIx64 "-0x%" PRIx64 ", %s altogether", end - first,
		 list[first].start, list[end - 1].last, format_bytes(sum, bytes));
	cell_print(term, text, (size_t)term->width - 3 - widths->address, CELL_LAST, COLOUR_DIM);
	putc('\n', term->out);
}

/* What the marks mean, where there are any. */
static void print_legend(const struct term *term, const struct layers *layers)
{
	bool optional = false, gaps = false;
	char text[160];

	for (size_t i = 0; i < layers->n; i++) {
		optional |= reply_bool(layers->list[i].item[LAYER_VMM], "optional");
		gaps |= layers->list[i].gap != GAP_NONE;
	}
	if (!optional && !gaps)
		return;
	snprintf(text, sizeof(text), "%s%s%s",
		 optional ? "[x]: only with an option or a version of the VMM" : "",
		 optional && gaps ? "; " : "",
		 gaps ? GAP_MARK ": believed in or mapped, but nothing is behind it" : "");
	fputs(term_colour(term, COLOUR_DIM), term->out);
	term_wrap(term, "  ", 2, text);
	fputs(term_colour(term, COLOUR_NONE), term->out);
}

void layers_table_print(const struct term *term, const struct options *options,
			const struct layers *layers)
{
	struct widths widths = measure(term, layers);

	if (!options->no_legend)
		print_heading_row(term, &widths);
	for (size_t i = 0; i < layers->n;) {
		size_t end = run_end(layers, i);

		for (size_t k = i; k < end; k++) {
			if (!is_folded(i, end, k)) {
				print_row(term, &widths, &layers->list[k]);
				continue;
			}
			print_fold(term, &widths, layers, k, end - 1);
			k = end - 2;
		}
		i = end;
	}
	if (!options->no_legend)
		print_legend(term, layers);
}
