/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/map_rows.h"

#include <stdlib.h>
#include <string.h>

#include "cli/reply.h"
#include "cli/spans.h"
#include "cli/vm_text.h"

bool site_is_mmio(struct json_object *site)
{
	return strncmp(reply_string(site, "kind"), "mmio-", 5) == 0;
}

static int by_address(const void *a, const void *b)
{
	struct json_object *x = *(struct json_object *const *)a;
	struct json_object *y = *(struct json_object *const *)b;
	uint64_t p = reply_address(x, "ipa"), q = reply_address(y, "ipa");

	return p < q ? -1 : p > q;
}

/* Equally frequent ones in the order of their PCs. */
static int most_frequent_first(const void *a, const void *b)
{
	struct json_object *x = *(struct json_object *const *)a;
	struct json_object *y = *(struct json_object *const *)b;
	int64_t p = reply_int(x, "count"), q = reply_int(y, "count");
	uint64_t pc_x = reply_address(x, "pc"), pc_y = reply_address(y, "pc");

	if (p != q)
		return p > q ? -1 : 1;
	return pc_x < pc_y ? -1 : pc_x > pc_y;
}

static bool collect_sites(struct json_object *list, struct map_rows *rows)
{
	size_t n = reply_length(list), end = n;

	rows->sites = calloc(n + 1, sizeof(struct json_object *));
	if (!rows->sites)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct json_object *site = reply_at(list, i);

		rows->sites[site_has_address(site) ? rows->n_placed++ : --end] = site;
	}
	rows->n_sites = n;
	qsort(rows->sites, rows->n_placed, sizeof(struct json_object *), by_address);
	qsort(rows->sites + end, n - end, sizeof(struct json_object *), most_frequent_first);
	return true;
}

/* What a reference map calls memory is none where KVM has no slot. */
static enum bar bar_of(struct json_object *region)
{
	enum bar bar = bar_of_class(reply_string(region, "class"));

	if (bar == BAR_HOLE || strcmp(reply_string(region, "source"), "reference") != 0)
		return bar;
	return BAR_DEVICE;
}

static void put_row(struct map_rows *rows, const struct span *span, uint64_t start, uint64_t last,
		    struct json_object *believed)
{
	rows->list[rows->n++] = (struct map_row){
		.start = start,
		.last = last,
		.bar = believed ? BAR_MISSING : bar_of(span->item),
		.region = span->item,
		.believed = believed,
	};
}

/* Each region is a row; a hole is parted where a missing piece of the guest's memory lies in it. */
static bool part(const struct spans *regions, const struct span *missing, size_t n_missing,
		 struct map_rows *rows)
{
	size_t k = 0;

	/* Each missing piece adds two rows at most where it lies in one region, and one more for
	 * each border that it crosses. */
	rows->list = calloc(2 * (regions->n + n_missing) + n_missing + 1, sizeof(*rows->list));
	if (!rows->list)
		return false;
	for (size_t i = 0; i < regions->n; i++) {
		const struct span *span = &regions->list[i];
		bool is_hole = bar_of(span->item) == BAR_HOLE;
		uint64_t at = span->start;
		bool left = true;

		while (k < n_missing && missing[k].last < at)
			k++;
		for (size_t m = k; is_hole && left && m < n_missing; m++) {
			uint64_t start = missing[m].start < at ? at : missing[m].start;
			uint64_t last = missing[m].last < span->last ? missing[m].last : span->last;

			if (start > span->last)
				break;
			if (start > at)
				put_row(rows, span, at, start - 1, NULL);
			put_row(rows, span, start, last, missing[m].item);
			left = last < span->last;
			at = last + 1;
		}
		if (left)
			put_row(rows, span, at, span->last, NULL);
	}
	return true;
}

static void place_sites(struct map_rows *rows)
{
	size_t at = 0;

	for (size_t i = 0; i < rows->n; i++) {
		struct map_row *row = &rows->list[i];

		while (at < rows->n_placed && reply_address(rows->sites[at], "ipa") < row->start)
			at++;
		row->first_site = at;
		while (at < rows->n_placed && reply_address(rows->sites[at], "ipa") <= row->last)
			at++;
		row->n_sites = at - row->first_site;
	}
}

bool map_rows_build(struct json_object *map, struct json_object *vm, struct map_rows *ret)
{
	struct json_object *list = reply_array(map, "regions");
	size_t n_missing;
	struct span *missing = layers_overhang(vm, &n_missing);
	struct spans regions = {0};
	bool ok = true;

	*ret = (struct map_rows){0};
	for (size_t i = 0; ok && i < reply_length(list); i++)
		ok = spans_add_item(&regions, reply_at(list, i), "ipa");
	ok = ok && spans_flatten(&regions) && part(&regions, missing, n_missing, ret) &&
	     collect_sites(reply_array(map, "sites"), ret);
	if (ok)
		place_sites(ret);
	else
		map_rows_clear(ret);
	spans_clear(&regions);
	free(missing);
	return ok;
}

void map_rows_clear(struct map_rows *rows)
{
	free(rows->list);
	free(rows->sites);
	*rows = (struct map_rows){0};
}

bool map_rows_alike(const struct map_row *a, const struct map_row *b)
{
	return !a->n_sites && !b->n_sites && a->bar == b->bar && a->believed == b->believed &&
	       strcmp(reply_string(a->region, "name"), reply_string(b->region, "name")) == 0;
}
