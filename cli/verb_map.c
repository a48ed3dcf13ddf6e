/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "cli/client.h"
#include "cli/format.h"
#include "cli/picture.h"
#include "cli/reply.h"
#include "cli/table.h"
#include "cli/vm_text.h"

/* Of one region; the others are counted in one line. A storm fills thousands of places. */
#define SITES_SHOWN 24

enum {
	COLUMN_IPA,
	COLUMN_SIZE,
	COLUMN_BAR,
	COLUMN_WHAT
};

static bool is_mmio(struct json_object *site)
{
	return strncmp(reply_string(site, "kind"), "mmio-", 5) == 0;
}

/* @region: the row it stands under, NULL: none. */
static void set_site(struct table *table, struct libscols_line *region, struct json_object *site)
{
	struct libscols_line *row = table_row(table, region);
	const char *instruction = reply_string(site, "instruction");
	char text[256], times[FORMAT_MAX];

	format_times(reply_int(site, "count"), times);
	if (is_mmio(site))
		snprintf(text, sizeof(text), "%.30s %s (%" PRId64 " by the VMM)",
			 reply_string(site, "kind"), times, reply_int(site, "user"));
	else
		snprintf(text, sizeof(text), "%.30s %s: %.90s%s%.40s", reply_string(site, "kind"),
			 times, instruction, *instruction ? ", " : "",
			 reply_string(site, "outcome"));
	table_set(table, row, COLUMN_IPA, site_address(site),
		  is_mmio(site) ? COLOUR_NONE : COLOUR_RED);
	table_set(table, row, COLUMN_WHAT, text, is_mmio(site) ? COLOUR_NONE : COLOUR_RED);
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = reply_address(*(struct json_object *const *)a, "ipa");
	uint64_t y = reply_address(*(struct json_object *const *)b, "ipa");

	return x < y ? -1 : x > y;
}

static bool is_in(struct json_object *region, struct json_object *site)
{
	return site_has_address(site) && reply_address(site, "ipa") - reply_address(region, "ipa") <
						 (uint64_t)reply_int(region, "size_bytes");
}

/* In address order; where not all can be shown, aborts go before MMIO. */
static void set_sites(struct table *table, const struct term *term, struct libscols_line *row,
		      struct json_object *region, struct json_object *sites)
{
	size_t aborts = 0, mmio = 0, hidden = 0;
	int64_t accesses = 0;
	char text[128];

	for (size_t i = 0; i < reply_length(sites) && aborts < SITES_SHOWN; i++)
		aborts += is_in(region, reply_at(sites, i)) && !is_mmio(reply_at(sites, i));
	mmio = SITES_SHOWN - aborts;
	for (size_t i = 0; i < reply_length(sites); i++) {
		struct json_object *site = reply_at(sites, i);
		size_t *left = is_mmio(site) ? &mmio : &aborts;

		if (!is_in(region, site))
			continue;
		if (*left > 0) {
			set_site(table, row, site);
			--*left;
			continue;
		}
		hidden++;
		accesses = reply_sum(accesses, reply_int(site, "count"));
	}
	if (!hidden)
		return;
	row = table_row(table, row);
	snprintf(text, sizeof(text), "and %zu more with %" PRId64 " accesses (--json has all)",
		 hidden, accesses);
	table_set(table, row, COLUMN_IPA, term_glyph(term, "…", "..."), COLOUR_DIM);
	table_set(table, row, COLUMN_WHAT, text, COLOUR_DIM);
}

static void print_regions(const struct term *term, const struct options *options,
			  struct json_object *reply)
{
	static const struct table_column columns[] = {
		[COLUMN_IPA] = {.name = "ADDRESS", .tree = true},
		[COLUMN_SIZE] = {.name = "SIZE", .right = true},
		[COLUMN_BAR] = {.name = ""},
		[COLUMN_WHAT] = {.name = "WHAT", .truncate = true},
	};
	struct json_object *regions = reply_array(reply, "regions");
	struct json_object *sites = reply_array(reply, "sites");
	struct table *table =
		table_new(term, columns, sizeof(columns) / sizeof(columns[0]), !options->no_legend);
	char text[256], bar[4 * PICTURE_BAR_MAX + 1];

	if (sites)
		json_object_array_sort(sites, by_address);
	for (size_t i = 0; i < reply_length(regions); i++) {
		struct json_object *region = reply_at(regions, i);
		const char *class = reply_string(region, "class");
		uint64_t size = (uint64_t)reply_int(region, "size_bytes");
		bool hole = strcmp(class, "hole") == 0;
		struct libscols_line *row = table_row(table, NULL);

		table_set(table, row, COLUMN_IPA, reply_string(region, "ipa"), COLOUR_NONE);
		table_set(table, row, COLUMN_SIZE, format_bytes(size, text), COLOUR_NONE);
		picture_bar(term, class, size, bar, sizeof(bar));
		table_set(table, row, COLUMN_BAR, bar,
			  hole			      ? COLOUR_DIM
			  : strcmp(class, "ram") == 0 ? COLOUR_GREEN
						      : COLOUR_BLUE);
		snprintf(text, sizeof(text), "%.60s%s", reply_string(region, "name"),
			 strcmp(reply_string(region, "source"), "reference") == 0 && !hole
				 ? " (by the VMM's map)"
				 : "");
		table_set(table, row, COLUMN_WHAT, text, hole ? COLOUR_DIM : COLOUR_NONE);
		set_sites(table, term, row, region, sites);
	}
	for (size_t i = 0; i < reply_length(sites); i++)
		if (!site_has_address(reply_at(sites, i)))
			set_site(table, NULL, reply_at(sites, i));
	table_print(table);
	table_free(table);
}

int verb_map(const struct options *options, int argc, char **argv)
{
	struct json_object *reply, *vm, *mmio;
	char title[VM_TEXT_MAX], aborts[VM_TEXT_MAX], text[2 * VM_TEXT_MAX + 120];
	struct term term;
	int status;

	(void)argc;
	status = client_ask(options, NISV_METHOD_GET_FAULT_MAP, client_params("vm", argv[0]),
			    &reply);
	if (status != NISV_EXIT_OK)
		return status;
	if (options->json != JSON_OFF) {
		reply_print(stdout, options->json, reply);
		json_object_put(reply);
		return term_flush_stdout(options);
	}
	vm = reply_object(reply, "vm");
	mmio = reply_object(vm, "mmio");
	term_open(&term, options, true);
	if (!options->no_legend) {
		vm_aborts_text(reply_object(vm, "aborts"), aborts);
		snprintf(text, sizeof(text),
			 "%s: aborts %s; MMIO %" PRId64 " reads, %" PRId64 " writes",
			 vm_title(vm, title), aborts, reply_int(mmio, "reads"),
			 reply_int(mmio, "writes"));
		term_wrap(&term, "", 0, text);
		putc('\n', term.out);
	}
	print_regions(&term, options, reply);
	if (reply_int(vm, "unplaced_aborts") || reply_int(mmio, "unplaced"))
		fprintf(term.out,
			"\nNot placed (the VM's budget of places is used up): %" PRId64
			" aborts, %" PRId64 " MMIO accesses\n",
			reply_int(vm, "unplaced_aborts"), reply_int(mmio, "unplaced"));
	json_object_put(reply);
	return term_close(&term, options);
}
