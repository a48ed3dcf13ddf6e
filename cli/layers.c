/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/layers.h"

#include <stdlib.h>
#include <string.h>

#include "cli/reply.h"
#include "cli/spans.h"

/* Below it, the reference map may be another VMM's: nothing is missing by it. */
#define MACHINE_SURE 0.7

struct sources {
	struct spans layer[_LAYER_MAX];
	struct spans doorbells;
	struct spans overhang; /* the guest's memory that no slot has */
	struct spans absent;   /* the guest's devices that neither KVM nor the VMM has */
};

uint64_t span_bytes(uint64_t start, uint64_t last)
{
	return last - start == UINT64_MAX ? UINT64_MAX : last - start + 1;
}

static bool is(struct json_object *o, const char *member, const char *value)
{
	return strcmp(reply_string(o, member), value) == 0;
}

static bool is_slot(struct json_object *item)
{
	return reply_has(item, "gpa");
}

/* Memory to the guest: of its usual address space, and not just being changed. */
static bool is_usable(struct json_object *slot)
{
	struct json_object *flags = reply_array(slot, "flags");

	for (size_t i = 0; i < reply_length(flags); i++)
		if (strcmp(reply_string_at(flags, i), "invalid") == 0)
			return false;
	return reply_int(slot, "address_space") == 0;
}

/* ---- what is in the replies ---- */

static bool add_slots(struct json_object *vm, struct spans *spans)
{
	struct json_object *slots = reply_array(reply_object(vm, "layout"), "slots");
	bool ok = true;

	for (size_t i = 0; ok && i < reply_length(slots); i++)
		if (is_usable(reply_at(slots, i)))
			ok = spans_add_item(spans, reply_at(slots, i), "gpa");
	return ok;
}

static bool add_kernel_devices(struct json_object *map, struct spans *spans)
{
	struct json_object *regions = reply_array(map, "regions");
	bool ok = true;

	for (size_t i = 0; ok && i < reply_length(regions); i++) {
		struct json_object *region = reply_at(regions, i);

		if (is(region, "class", "kernel-device") && is(region, "source", "kernel"))
			ok = spans_add_item(spans, region, "ipa");
	}
	return ok;
}

/* All of @list; with @member, those of it that are @value. */
static bool add_list(struct json_object *list, struct spans *spans, const char *member,
		     const char *value)
{
	bool ok = true;

	for (size_t i = 0; ok && i < reply_length(list); i++)
		if (!member || is(reply_at(list, i), member, value))
			ok = spans_add_item(spans, reply_at(list, i), "ipa");
	return ok;
}

static bool add_overhang(struct json_object *vm, struct spans *spans)
{
	struct json_object *ranges = reply_array(reply_object(vm, "guest"), "ranges");
	struct spans slots = {0};
	bool ok;

	/* Without a memory map nothing is known to be missing. */
	if (!reply_object(vm, "layout"))
		return true;
	ok = add_slots(vm, &slots) && spans_flatten(&slots) &&
	     add_list(ranges, spans, "kind", "memory") && spans_flatten(spans) &&
	     spans_subtract(spans, &slots);
	spans_clear(&slots);
	return ok;
}

struct span *layers_overhang(struct json_object *vm, size_t *ret_n)
{
	struct spans spans = {0};

	*ret_n = 0;
	if (!add_overhang(vm, &spans)) {
		spans_clear(&spans);
		return NULL;
	}
	*ret_n = spans.n;
	return spans.list;
}

static bool is_device(struct json_object *range)
{
	return !is(range, "kind", "memory") && !is(range, "kind", "reserved") &&
	       !reply_bool(range, "disabled");
}

/* Does any of flat @spans touch @span? */
static bool is_touched(const struct spans *spans, const struct span *span)
{
	size_t low = 0, high = spans->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (spans->list[middle].last < span->start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < spans->n && spans->list[low].start <= span->last;
}

/*
 * A device is absent only if there is nothing anywhere in its range: guests are told of more than
 * there is (QEMU's redistributors), and of whole pages for a few registers.
 */
static bool add_absent(struct json_object *vm, struct sources *sources)
{
	struct json_object *machine = reply_object(vm, "machine");
	struct json_object *ranges = reply_array(reply_object(vm, "guest"), "ranges");
	struct spans devices = {0};
	bool ok = true;

	if (!machine || reply_double(machine, "confidence") < MACHINE_SURE)
		return true;
	for (size_t i = 0; ok && i < reply_length(ranges); i++)
		if (is_device(reply_at(ranges, i)))
			ok = spans_add_item(&devices, reply_at(ranges, i), "ipa");
	for (size_t i = 0; ok && i < devices.n; i++) {
		const struct span *span = &devices.list[i];

		if (!is_touched(&sources->layer[LAYER_KERNEL], span) &&
		    !is_touched(&sources->layer[LAYER_VMM], span) &&
		    !is_touched(&sources->doorbells, span))
			ok = spans_add(&sources->absent, span->start, span->last, span->item);
	}
	spans_clear(&devices);
	return ok && spans_flatten(&sources->absent);
}

static bool sources_fill(struct sources *sources, struct json_object *vm, struct json_object *map)
{
	struct json_object *layout = reply_object(vm, "layout");
	bool ok = add_slots(vm, &sources->layer[LAYER_KERNEL]) &&
		  add_kernel_devices(map, &sources->layer[LAYER_KERNEL]) &&
		  add_list(reply_array(reply_object(vm, "machine"), "regions"),
			   &sources->layer[LAYER_VMM], NULL, NULL) &&
		  add_list(reply_array(reply_object(vm, "guest"), "ranges"),
			   &sources->layer[LAYER_GUEST], NULL, NULL) &&
		  add_list(reply_array(layout, "bus"), &sources->doorbells, "kind", "ioeventfd") &&
		  spans_flatten(&sources->doorbells) && add_overhang(vm, &sources->overhang);

	for (size_t i = 0; ok && i < _LAYER_MAX; i++)
		ok = spans_flatten(&sources->layer[i]);
	return ok && add_absent(vm, sources);
}

static void sources_clear(struct sources *sources)
{
	for (size_t i = 0; i < _LAYER_MAX; i++)
		spans_clear(&sources->layer[i]);
	spans_clear(&sources->doorbells);
	spans_clear(&sources->overhang);
	spans_clear(&sources->absent);
}

/* ---- where one or more of them change ---- */

struct borders {
	uint64_t *list;
	size_t n;
};

static void borders_add(struct borders *borders, const struct spans *spans)
{
	for (size_t i = 0; i < spans->n; i++) {
		borders->list[borders->n++] = spans->list[i].start;
		if (spans->list[i].last != UINT64_MAX)
			borders->list[borders->n++] = spans->list[i].last + 1;
	}
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool borders_find(const struct sources *sources, struct borders *ret)
{
	size_t n = sources->overhang.n, kept = 0;

	for (size_t i = 0; i < _LAYER_MAX; i++)
		n += sources->layer[i].n;
	ret->n = 0;
	ret->list = calloc(2 * n + 1, sizeof(*ret->list));
	if (!ret->list)
		return false;
	for (size_t i = 0; i < _LAYER_MAX; i++)
		borders_add(ret, &sources->layer[i]);
	borders_add(ret, &sources->overhang);
	qsort(ret->list, ret->n, sizeof(*ret->list), by_number);
	for (size_t i = 0; i < ret->n; i++)
		if (!kept || ret->list[i] != ret->list[kept - 1])
			ret->list[kept++] = ret->list[i];
	ret->n = kept;
	return true;
}

/* The item at @address, which only grows from call to call. */
static struct json_object *item_at(const struct spans *spans, size_t *cursor, uint64_t address)
{
	while (*cursor < spans->n && spans->list[*cursor].last < address)
		++*cursor;
	return *cursor < spans->n && spans->list[*cursor].start <= address
		       ? spans->list[*cursor].item
		       : NULL;
}

/* ---- gaps ---- */

static bool lacks_backing(struct json_object *slot)
{
	struct json_object *backing = reply_object(slot, "backing");

	return backing && (reply_int(backing, "covered_bytes") < reply_int(slot, "size_bytes") ||
			   !strchr(reply_string(backing, "permissions"), 'r'));
}

static enum gap gap_of(const struct stretch *stretch, bool overhangs, bool absent)
{
	struct json_object *kernel = stretch->item[LAYER_KERNEL];

	if (overhangs)
		return GAP_MEMORY;
	if (kernel && is_slot(kernel) && lacks_backing(kernel))
		return GAP_BACKING;
	return absent ? GAP_DEVICE : GAP_NONE;
}

/* ---- stretches ---- */

static bool push(struct layers *layers, size_t *room, const struct stretch *stretch)
{
	if (layers->n == *room) {
		size_t more = *room ? 2 * *room : 64;
		struct stretch *list = realloc(layers->list, more * sizeof(*list));

		if (!list)
			return false;
		layers->list = list;
		*room = more;
	}
	layers->list[layers->n++] = *stretch;
	return true;
}

/* Doorbells before @start: where nothing else is, they make a stretch of their own. */
static bool lone_doorbells(struct layers *layers, size_t *room, const struct spans *doorbells,
			   size_t *cursor, uint64_t start, bool to_end)
{
	struct stretch stretch = {0};

	for (; *cursor < doorbells->n && (to_end || doorbells->list[*cursor].start < start);
	     ++*cursor) {
		if (!stretch.doorbells)
			stretch.start = doorbells->list[*cursor].start;
		stretch.last = doorbells->list[*cursor].last;
		stretch.doorbells++;
	}
	return !stretch.doorbells || push(layers, room, &stretch);
}

static bool stretches(const struct sources *sources, const struct borders *borders,
		      struct layers *ret)
{
	size_t cursor[_LAYER_MAX] = {0}, overhang = 0, absent = 0, door = 0, room = 0;

	for (size_t i = 0; i < borders->n; i++) {
		struct stretch stretch = {
			.start = borders->list[i],
			.last = i + 1 < borders->n ? borders->list[i + 1] - 1 : UINT64_MAX,
		};
		bool any = false, overhangs, is_absent;

		for (size_t layer = 0; layer < _LAYER_MAX; layer++) {
			stretch.item[layer] =
				item_at(&sources->layer[layer], &cursor[layer], stretch.start);
			any = any || stretch.item[layer];
		}
		overhangs = item_at(&sources->overhang, &overhang, stretch.start);
		is_absent = item_at(&sources->absent, &absent, stretch.start);
		if (!any)
			continue;
		if (!lone_doorbells(ret, &room, &sources->doorbells, &door, stretch.start, false))
			return false;
		for (; door < sources->doorbells.n &&
		       sources->doorbells.list[door].start <= stretch.last;
		     door++)
			stretch.doorbells++;
		stretch.gap = gap_of(&stretch, overhangs, is_absent);
		if (!push(ret, &room, &stretch))
			return false;
	}
	return lone_doorbells(ret, &room, &sources->doorbells, &door, 0, true);
}

bool layers_build(struct json_object *vm, struct json_object *map, struct layers *ret)
{
	struct sources sources = {0};
	struct borders borders = {0};
	bool ok;

	*ret = (struct layers){0};
	ok = sources_fill(&sources, vm, map) && borders_find(&sources, &borders) &&
	     stretches(&sources, &borders, ret);
	if (!ok)
		layers_clear(ret);
	free(borders.list);
	sources_clear(&sources);
	return ok;
}

void layers_clear(struct layers *layers)
{
	free(layers->list);
	*layers = (struct layers){0};
}

static bool same_member(struct json_object *a, struct json_object *b, const char *name)
{
	return strcmp(reply_string(a, name), reply_string(b, name)) == 0;
}

/* A reply may hold very many of them: what is shown is compared, nothing more. */
static bool kernel_alike(struct json_object *a, struct json_object *b)
{
	struct json_object *x = reply_array(a, "flags"), *y = reply_array(b, "flags");

	if (!a || !b || is_slot(a) != is_slot(b))
		return a == b;
	if (reply_length(x) != reply_length(y))
		return false;
	for (size_t i = 0; i < reply_length(x); i++)
		if (strcmp(reply_string_at(x, i), reply_string_at(y, i)) != 0)
			return false;
	return same_member(a, b, "name") &&
	       same_member(reply_object(a, "backing"), reply_object(b, "backing"), "kind");
}

static bool guest_alike(struct json_object *a, struct json_object *b)
{
	if (!a || !b)
		return a == b;
	return same_member(a, b, "kind") && same_member(a, b, "compatible") &&
	       reply_bool(a, "disabled") == reply_bool(b, "disabled");
}

bool layers_alike(const struct stretch *a, const struct stretch *b)
{
	struct json_object *x = a->item[LAYER_VMM], *y = b->item[LAYER_VMM];

	return a->gap == b->gap && !a->doorbells == !b->doorbells &&
	       (x == y || (x && y && same_member(x, y, "name"))) &&
	       kernel_alike(a->item[LAYER_KERNEL], b->item[LAYER_KERNEL]) &&
	       guest_alike(a->item[LAYER_GUEST], b->item[LAYER_GUEST]);
}
