/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/guest_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edge/json_make.h"
#include "daemon/edge/json_read.h"
#include "daemon/edge/model_json.h"

/* ---- to JSON ---- */

static struct json_object *range_to_json(const struct guest_range *from)
{
	struct json_object *object = json_make_object();

	json_add(object, "ipa", model_hex(from->base));
	json_add(object, "size_bytes", model_number(from->size));
	json_add(object, "kind", json_make_string(guest_kind_name(from->kind)));
	json_add(object, "name", json_make_string(from->name));
	json_add(object, "compatible", model_string(from->compatible));
	json_add(object, "disabled", json_make_bool(from->disabled));
	return object;
}

static struct json_object *gic(uint32_t version)
{
	char text[12];

	if (!version)
		return NULL;
	snprintf(text, sizeof(text), "v%u", version);
	return json_make_string(text);
}

struct json_object *model_guest(const struct vm *vm)
{
	const struct guest_view *view = &vm->guest;
	struct json_object *object = json_make_object(), *ranges = json_make_array();

	for (size_t i = 0; i < view->n_ranges; i++)
		json_append(ranges, range_to_json(&view->ranges[i]));
	json_add(object, "state", json_make_string(guest_state_name(view->state)));
	json_add(object, "source", model_string(guest_source_name(view->source)));
	json_add(object, "address",
		 view->source != GUEST_NOTHING ? model_hex(view->address) : NULL);
	json_add(object, "size_bytes", view->bytes ? model_number(view->bytes) : NULL);
	json_add(object, "reason", model_string(view->reason));
	json_add(object, "cpus", view->cpus ? model_number(view->cpus) : NULL);
	json_add(object, "gic", gic(view->gic_version));
	json_add(object, "ranges", ranges);
	json_add(object, "dropped_ranges", model_number(view->dropped));
	/* Without a layout there is nothing to hang over. */
	json_add(object, "overhang_bytes",
		 model_number(vm->layout.known ? guest_overhang(view, &vm->layout) : 0));
	return object;
}

/* ---- from JSON ---- */

static int range_from_json(struct json_object *object, struct guest_range *ret)
{
	const char *kind = json_read_string(object, "kind");
	struct guest_range range = {
		.kind = _GUEST_KIND_MAX,
		.base = json_read_hex(object, "ipa"),
		.size = json_read_count(object, "size_bytes"),
		.disabled = json_read_bool(object, "disabled"),
	};

	for (enum guest_kind k = 0; k < _GUEST_KIND_MAX; k++)
		if (!strcmp(kind, guest_kind_name(k)))
			range.kind = k;
	if (range.kind == _GUEST_KIND_MAX || !range.size || range.size - 1 > ~range.base)
		return -EINVAL;
	vmname_sanitize(range.name, sizeof(range.name), json_read_string(object, "name"),
			sizeof(range.name));
	vmname_sanitize(range.compatible, sizeof(range.compatible),
			json_read_string(object, "compatible"), sizeof(range.compatible));
	*ret = range;
	return 0;
}

static int by_base(const void *a, const void *b)
{
	const struct guest_range *x = a, *y = b;

	return x->base < y->base ? -1 : x->base > y->base;
}

static int ranges_from_json(struct json_object *list, struct guest_view *view)
{
	size_t n = list ? json_object_array_length(list) : 0, kept;

	kept = n < GUEST_RANGES_MAX ? n : GUEST_RANGES_MAX;
	view->ranges = calloc(kept + 1, sizeof(*view->ranges));
	if (!view->ranges)
		return -ENOMEM;
	for (size_t i = 0; i < kept; i++)
		if (range_from_json(json_object_array_get_idx(list, i),
				    &view->ranges[view->n_ranges]) == 0)
			view->n_ranges++;
	qsort(view->ranges, view->n_ranges, sizeof(view->ranges[0]), by_base);
	view->dropped += (uint32_t)(n - kept);
	return 0;
}

static uint32_t gic_from_json(struct json_object *object)
{
	const char *text = json_read_string(object, "gic");

	return !strcmp(text, "v2") ? 2 : !strcmp(text, "v3") ? 3 : 0;
}

int guest_from_json(struct json_object *object, uint64_t time_ns, struct vm *vm)
{
	const char *state = json_read_string(object, "state");
	const char *source = json_read_string(object, "source");
	struct guest_view view = {
		.state = GUEST_BAD + 1,
		.source = !strcmp(source, "device-tree") ? GUEST_DEVICE_TREE
			  : !strcmp(source, "e820")	 ? GUEST_E820
							 : GUEST_NOTHING,
		.address = json_read_hex(object, "address"),
		.bytes = (uint32_t)json_read_count(object, "size_bytes"),
		.cpus = (uint32_t)json_read_count(object, "cpus"),
		.gic_version = gic_from_json(object),
		.dropped = (uint32_t)json_read_count(object, "dropped_ranges"),
		.read_ns = time_ns,
	};
	int r;

	for (enum guest_state s = GUEST_UNREAD; s <= GUEST_BAD; s++)
		if (!strcmp(state, guest_state_name(s)))
			view.state = s;
	if (view.state > GUEST_BAD)
		return -EINVAL;
	vmname_sanitize(view.reason, sizeof(view.reason), json_read_string(object, "reason"),
			sizeof(view.reason));
	r = ranges_from_json(json_read_member(object, "ranges", json_type_array), &view);
	if (r < 0)
		return r;
	guest_view_clear(&vm->guest);
	vm->guest = view;
	return 0;
}
