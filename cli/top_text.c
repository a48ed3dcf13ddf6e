/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli/cell.h"
#include "cli/format.h"
#include "cli/reply.h"
#include "cli/top.h"
#include "cli/vm_text.h"

#define NAME_WIDTH   12 /* of the fields above the tables */
#define WIDE	     110
#define NAME_WIDE    32
#define ROWS_WITHOUT 20 /* of each table, where no terminal has a height */
#define COLUMNS_MAX  8

struct view {
	const struct term *term;
	const struct top_frame *frame;
	const struct top_sample *sample;
	bool legend;
};

/* ---- above the tables --------------------------------------------------------------------------
 */

static void print_line(const struct view *view, const char *name, const char *text,
		       enum colour colour)
{
	fprintf(view->term->out, "%-*s", NAME_WIDTH, name);
	cell_print(view->term, text, (size_t)view->term->width - NAME_WIDTH, CELL_LAST, colour);
	putc('\n', view->term->out);
}

static void print_title(const struct view *view)
{
	const struct options *options = view->frame->options;
	char clock[FORMAT_MAX], text[256], *host;
	struct utsname name;

	uname(&name);
	host = reply_clean_text(options->host ? options->host : name.nodename, false);
	format_clock(view->sample->time, clock);
	clock[strcspn(clock, ".")] = 0;
	snprintf(text, sizeof(text), "top on %.60s, %s, every %g s%s", host ? host : "", clock,
		 view->frame->delay, view->frame->height ? " (q leaves)" : "");
	cell_print(view->term, text, (size_t)view->term->width, CELL_LAST, COLOUR_BOLD);
	putc('\n', view->term->out);
	free(host);
}

/* "12 a second, "; nothing where it is not measured. */
static const char *rate_text(const struct view *view, double per, char buf[FORMAT_MAX * 2])
{
	char rate[FORMAT_MAX];

	snprintf(buf, FORMAT_MAX * 2, view->sample->measured ? "%s a second, " : "%s",
		 view->sample->measured ? format_rate(per, rate) : "");
	return buf;
}

static void print_losses(const struct view *view)
{
	const struct top_sample *sample = view->sample;
	char counters[512], text[640];
	const char *all =
		counters_text(reply_object(sample->status, "lost"), counters, sizeof(counters));

	if (sample->lost)
		snprintf(text, sizeof(text), "%" PRId64 " in %.1f s; since nisvd began: %s",
			 sample->lost, sample->interval, all ? all : "");
	else
		snprintf(text, sizeof(text), "%s", all ? all : "nothing");
	print_line(view, "Lost", text, sample->lost ? COLOUR_RED : COLOUR_NONE);
}

/* Returns the lines that it took. */
static size_t print_head(const struct view *view)
{
	const struct top_sample *sample = view->sample;
	char text[256], rate[FORMAT_MAX * 2], user[FORMAT_MAX], busy[FORMAT_MAX] = "";
	bool aborts = sample->per.aborts > 0;

	print_title(view);
	if (sample->measured)
		snprintf(busy, sizeof(busy), ", %zu of them busy", sample->n_busy);
	snprintf(text, sizeof(text), "%zu running%s", sample->n_vms, busy);
	print_line(view, "VMs", text, COLOUR_NONE);
	snprintf(text, sizeof(text), "%s%" PRId64 " in all",
		 rate_text(view, sample->per.aborts, rate), sample->counts.aborts);
	print_line(view, "Aborts", text, aborts ? COLOUR_RED : COLOUR_NONE);
	snprintf(text, sizeof(text), "%s%" PRId64 " in all",
		 rate_text(view, sample->per.mmio, rate), sample->counts.mmio);
	if (sample->measured)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "; %s a second served by user space", format_rate(sample->per.user, user));
	print_line(view, "MMIO", text, COLOUR_NONE);
	print_losses(view);
	if (view->frame->note)
		print_line(view, "Note", view->frame->note, COLOUR_YELLOW);
	return 5 + (view->frame->note != NULL);
}

/* ---- tables ------------------------------------------------------------------------------------
 */

struct column {
	const char *heading;
	size_t width; /* 0: not shown */
	enum cell_align align;
};

/* The last column has what the others leave; on a narrow terminal the last ones have nothing. */
static void print_row(const struct view *view, const struct column *columns, size_t n,
		      const char *const *texts, const enum colour *colours)
{
	size_t left = (size_t)view->term->width;

	for (size_t i = 0; i < n && left > 1; i++) {
		bool last = i + 1 == n;
		size_t width = last || columns[i].width > left ? left : columns[i].width;

		if (!width)
			continue;
		cell_print(view->term, texts[i], width, columns[i].align, colours[i]);
		left -= width;
		if (!last && left > 1) {
			putc(' ', view->term->out);
			left--;
		}
	}
	putc('\n', view->term->out);
}

static void print_headings(const struct view *view, const struct column *columns, size_t n)
{
	const char *texts[COLUMNS_MAX];
	enum colour colours[COLUMNS_MAX];

	for (size_t i = 0; i < n; i++) {
		texts[i] = columns[i].heading;
		colours[i] = COLOUR_BOLD;
	}
	putc('\n', view->term->out);
	print_row(view, columns, n, texts, colours);
}

static const char *rate_cell(const struct view *view, double per, char buf[FORMAT_MAX])
{
	return view->sample->measured ? format_rate(per, buf) : "-";
}

static void print_vm(const struct view *view, const struct column *columns, size_t n,
		     const struct top_vm *vm)
{
	struct json_object *worst = reply_object(vm->vm, "worst");
	char aborts_per[FORMAT_MAX], mmio_per[FORMAT_MAX], user_per[FORMAT_MAX], aborts[FORMAT_MAX];
	const char *severity = reply_string(worst, "severity");
	bool has_id = columns[1].width > 0;
	char finding[160] = "-";

	snprintf(aborts, sizeof(aborts), "%" PRId64, vm->counts.aborts);
	if (worst)
		snprintf(finding, sizeof(finding), "%.30s %.100s", severity,
			 reply_string(worst, "cause"));
	print_row(view, columns, n,
		  (const char *[]){has_id ? reply_string(vm->vm, "name") : top_vm_label(vm),
				   reply_string(vm->vm, "id"),
				   rate_cell(view, vm->per.aborts, aborts_per),
				   rate_cell(view, vm->per.mmio, mmio_per),
				   rate_cell(view, vm->per.user, user_per), aborts, finding},
		  (enum colour[]){COLOUR_NONE, COLOUR_NONE,
				  vm->per.aborts > 0 ? COLOUR_RED : COLOUR_NONE, COLOUR_NONE,
				  COLOUR_NONE, COLOUR_NONE, term_severity(severity)});
}

/* In @room lines: the last one counts those that have none. */
static void print_vms(const struct view *view, size_t room)
{
	size_t width = (size_t)view->term->width;
	const struct column columns[] = {
		{"VM", width < WIDE ? width / 4 : NAME_WIDE, CELL_LEFT},
		{"ID", width < WIDE ? 0 : 16, CELL_LEFT},
		{"ABORTS/S", 8, CELL_RIGHT},
		{"MMIO/S", 8, CELL_RIGHT},
		{"USER/S", 8, CELL_RIGHT},
		{"ABORTS", 9, CELL_RIGHT},
		{"WORST", 0, CELL_LAST},
	};
	size_t n = sizeof(columns) / sizeof(columns[0]), total = view->sample->n_vms;
	size_t shown = total <= room ? total : room - 1;

	if (view->legend)
		print_headings(view, columns, n);
	for (size_t i = 0; i < shown; i++)
		print_vm(view, columns, n, &view->sample->vms[i]);
	if (shown < total && view->legend)
		fprintf(view->term->out, "and %zu more, %zu of them busy\n", total - shown,
			view->sample->n_busy > shown ? view->sample->n_busy - shown : 0);
}

static void print_place(const struct view *view, const struct column *columns, size_t n,
			const struct top_place *place)
{
	bool mmio = top_site_is_mmio(&place->site);
	bool known = top_site_has_address(&place->site);
	char address[24] = "-", per[FORMAT_MAX];
	const char *served = !mmio			     ? "-"
			     : place->user_per <= 0	     ? "kernel"
			     : place->user_per >= place->per ? "user"
							     : "both";
	enum colour colour = mmio ? COLOUR_NONE : COLOUR_RED;

	if (known)
		snprintf(address, sizeof(address), "0x%" PRIx64, place->site.ipa);
	print_row(view, columns, n,
		  (const char *[]){top_vm_label(&view->sample->vms[place->vm]), address,
				   mmio ? place->site.kind + 5 : place->site.kind,
				   format_rate(place->per, per), served,
				   known ? place->region : "-"},
		  (enum colour[]){COLOUR_NONE, COLOUR_NONE, colour, COLOUR_NONE, COLOUR_NONE,
				  COLOUR_NONE});
}

static void print_places(const struct view *view, size_t room)
{
	size_t width = (size_t)view->term->width;
	const struct column columns[] = {
		{"VM", width < WIDE ? width / 6 : NAME_WIDE, CELL_LEFT},
		{"ADDRESS", width < WIDE ? 15 : 18, CELL_RIGHT},
		{"ACCESS", 12, CELL_LEFT},
		{"TIMES/S", 8, CELL_RIGHT},
		{"SERVED-BY", 9, CELL_LEFT},
		{"WHAT-IS-THERE", 0, CELL_LAST},
	};
	size_t n = sizeof(columns) / sizeof(columns[0]), total = view->sample->n_places;

	if (!total && view->legend)
		fprintf(view->term->out, "\n%s\n",
			!view->sample->measured ? "measuring ..."
			: !view->sample->n_busy ? "no abort and no MMIO since the last round"
						: "its places are measured from the next round on");
	if (!total)
		return;
	if (view->legend)
		print_headings(view, columns, n);
	for (size_t i = 0; i < total && i < room; i++)
		print_place(view, columns, n, &view->sample->places[i]);
}

void top_text_print(const struct term *term, const struct top_frame *frame,
		    const struct top_sample *sample)
{
	struct view view = {term, frame, sample, !frame->options->no_legend};
	size_t head = view.legend ? print_head(&view) : 0;
	size_t around = head + (view.legend ? 4 : 0); /* an empty line and a heading, twice */
	size_t rows = frame->height > around ? frame->height - around : 0;
	size_t places = frame->height ? rows / 2 : ROWS_WITHOUT;
	size_t vms;

	if (places > sample->n_places)
		places = sample->n_places ? sample->n_places : 1;
	vms = !frame->height ? ROWS_WITHOUT : rows > places ? rows - places : 1;
	print_vms(&view, vms);
	if (frame->height && sample->n_vms < vms)
		places = rows - sample->n_vms;
	print_places(&view, places);
}
