/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/layout_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edge/json_make.h"
#include "daemon/edge/json_read.h"
#include "daemon/edge/model_json.h"
#include "daemon/edge/slot_json.h"

static const char *const state_names[] = {
	[NISV_LAYOUT_NONE] = "none",
	[NISV_LAYOUT_STABLE] = "stable",
	[NISV_LAYOUT_UNSTABLE] = "unstable",
	[NISV_LAYOUT_AFTER] = "after",
};

static const struct {
	uint32_t model;
	const char *name;
} vgic_names[] = {
	{NISV_VGIC_NONE, "none"},
	{NISV_VGIC_V2, "v2"},
	{NISV_VGIC_V3, "v3"},
	{NISV_VGIC_V5, "v5"},
};

#define N_STATES (sizeof(state_names) / sizeof(state_names[0]))
#define N_VGICS	 (sizeof(vgic_names) / sizeof(vgic_names[0]))

/* ---- to JSON ---- */

static const char *vgic_name(uint32_t model)
{
	for (size_t i = 0; i < N_VGICS; i++)
		if (vgic_names[i].model == model)
			return vgic_names[i].name;
	return "none";
}

static struct json_object *placed(uint64_t address)
{
	return address == NISV_ADDR_UNSET ? NULL : model_hex(address);
}

static struct json_object *slots_to_json(const struct vm *vm)
{
	struct json_object *list = json_make_array();

	for (size_t i = 0; i < vm->layout.n_slots; i++) {
		const struct nisv_slot *slot = &vm->layout.slots[i];

		json_append(list, model_slot(slot, backings_find(&vm->backings, slot)));
	}
	return list;
}

static struct json_object *bus_to_json(const struct layout *layout)
{
	struct json_object *list = json_make_array();

	for (size_t i = 0; i < layout->n_bus; i++) {
		const struct nisv_bus_range *from = &layout->bus[i];
		struct json_object *range = json_make_object();

		json_set(range, "ipa", model_hex(from->addr));
		json_set(range, "size_bytes", model_number(from->len));
		json_set(range, "kind",
			 json_make_string(from->is_ioeventfd ? "ioeventfd" : "device"));
		json_append(list, range);
	}
	return list;
}

static struct json_object *redists_to_json(const struct layout *layout)
{
	struct json_object *list = json_make_array();

	for (size_t i = 0; i < layout->n_redist; i++) {
		struct json_object *redist = json_make_object();

		json_set(redist, "base", model_hex(layout->redist[i].base));
		json_set(redist, "count", model_number(layout->redist[i].count));
		json_append(list, redist);
	}
	return list;
}

static struct json_object *changes_to_json(const struct slot_history *history)
{
	struct json_object *list = json_make_array();

	for (size_t i = 0; i < history->n; i++)
		json_append(list, model_slot_change(&history->list[i]));
	return list;
}

static const char *backing_reason(const struct backings *backings)
{
	if (*backings->reason)
		return backings->reason;
	return backings->read_ns ? NULL : "not read yet";
}

struct json_object *model_layout(const struct vm *vm)
{
	const struct layout *layout = &vm->layout;
	struct json_object *object;

	if (!layout->known)
		return NULL;
	object = json_make_object();
	json_set(object, "state", json_make_string(state_names[layout->state]));
	json_set(object, "generation", model_hex(layout->generation));
	json_set(object, "slots", slots_to_json(vm));
	json_set(object, "total_slots", model_number(layout->total_slots));
	json_set(object, "bus", bus_to_json(layout));
	json_set(object, "total_bus", model_number(layout->total_bus));
	json_set(object, "vcpus", model_number(layout->vcpus));
	json_set(object, "ipa_bits", layout->ipa_bits ? model_number(layout->ipa_bits) : NULL);
	json_set(object, "vgic", json_make_string(vgic_name(layout->vgic_model)));
	json_set(object, "vgic_distributor", placed(layout->vgic_dist));
	json_set(object, "vgic_cpu_interface", placed(layout->vgic_cpu));
	json_set(object, "vgic_redistributors", redists_to_json(layout));
	json_set(object, "nisv_to_user", json_make_bool(layout->nisv_to_user));
	json_set(object, "is_protected", json_make_bool(layout->is_protected));
	json_set(object, "is_32bit", json_make_bool(layout->is_32bit));
	json_set(object, "backing_reason", model_string(backing_reason(&vm->backings)));
	json_set(object, "changes", changes_to_json(&vm->slots));
	json_set(object, "total_changes", model_number(vm->slots.total));
	return object;
}

/* ---- from JSON ---- */

static void slots_from_json(struct json_object *list, struct nisv_rec_layout *rec)
{
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *slot = json_object_array_get_idx(list, i);

		if (rec->n_slots == NISV_SLOTS_MAX)
			break;
		if (json_object_is_type(slot, json_type_object))
			slot_from_json(slot, &rec->slots[rec->n_slots++]);
	}
}

static void bus_from_json(struct json_object *list, struct nisv_rec_layout *rec)
{
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *range = json_object_array_get_idx(list, i);

		if (rec->n_bus == NISV_BUS_MAX)
			break;
		if (!json_object_is_type(range, json_type_object))
			continue;
		rec->bus[rec->n_bus++] = (struct nisv_bus_range){
			.addr = json_read_hex(range, "ipa"),
			.len = (__u32)json_read_count(range, "size_bytes"),
			.is_ioeventfd = !strcmp(json_read_string(range, "kind"), "ioeventfd"),
		};
	}
}

static uint64_t address_from_json(struct json_object *object, const char *name)
{
	return *json_read_string(object, name) ? json_read_hex(object, name) : NISV_ADDR_UNSET;
}

static void vgic_from_json(struct json_object *object, struct nisv_rec_layout *rec)
{
	struct json_object *list = json_read_member(object, "vgic_redistributors", json_type_array);
	const char *model = json_read_string(object, "vgic");

	for (size_t i = 0; i < N_VGICS; i++)
		if (!strcmp(model, vgic_names[i].name))
			rec->vgic_model = vgic_names[i].model;
	rec->vgic_dist = address_from_json(object, "vgic_distributor");
	rec->vgic_cpu = address_from_json(object, "vgic_cpu_interface");
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *redist = json_object_array_get_idx(list, i);

		if (rec->n_redist == NISV_REDIST_MAX)
			break;
		if (!json_object_is_type(redist, json_type_object))
			continue;
		rec->redist[rec->n_redist++] = (struct nisv_redist){
			.base = json_read_hex(redist, "base"),
			.count = (__u32)json_read_count(redist, "count"),
		};
	}
}

static int record_from_json(struct json_object *object, struct layout *ret)
{
	struct nisv_rec_layout *rec = calloc(1, sizeof(*rec));
	const char *state = json_read_string(object, "state");
	int r;

	if (!rec)
		return -ENOMEM;
	rec->state = NISV_LAYOUT_AFTER;
	for (size_t i = 0; i < N_STATES; i++)
		if (!strcmp(state, state_names[i]))
			rec->state = (__u32)i;
	rec->generation = json_read_hex(object, "generation");
	rec->total_slots = (__u32)json_read_count(object, "total_slots");
	rec->total_bus = (__u32)json_read_count(object, "total_bus");
	rec->vcpus = (__u32)json_read_count(object, "vcpus");
	rec->ipa_bits = (__u32)json_read_count(object, "ipa_bits");
	rec->nisv_to_user = json_read_bool(object, "nisv_to_user");
	rec->is_protected = json_read_bool(object, "is_protected");
	rec->is_32bit = json_read_bool(object, "is_32bit");
	slots_from_json(json_read_member(object, "slots", json_type_array), rec);
	bus_from_json(json_read_member(object, "bus", json_type_array), rec);
	vgic_from_json(object, rec);
	r = layout_from_record(ret, rec);
	free(rec);
	return r;
}

static int backings_from_json(struct json_object *object, uint64_t time_ns,
			      struct backings *backings)
{
	struct json_object *list = json_read_member(object, "slots", json_type_array);
	size_t n = list ? json_object_array_length(list) : 0;

	backings_clear(backings);
	n = n < NISV_SLOTS_MAX ? n : NISV_SLOTS_MAX;
	backings->list = calloc(n + 1, sizeof(*backings->list));
	if (!backings->list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct json_object *from = json_object_array_get_idx(list, i);
		struct nisv_slot slot;

		slot_from_json(from, &slot);
		if (backing_from_json(json_read_member(from, "backing", json_type_object), &slot,
				      &backings->list[backings->n]))
			backings->n++;
	}
	vmname_sanitize(backings->reason, sizeof(backings->reason),
			json_read_string(object, "backing_reason"), sizeof(backings->reason));
	backings->read_ns = time_ns;
	return 0;
}

static int changes_from_json(struct json_object *object, struct slot_history *history)
{
	struct json_object *list = json_read_member(object, "changes", json_type_array);
	size_t n = list ? json_object_array_length(list) : 0;

	slot_history_clear(history);
	n = n < SLOT_HISTORY_MAX ? n : SLOT_HISTORY_MAX;
	/* As many as the history itself keeps: it may grow on. */
	history->list = calloc(SLOT_HISTORY_MAX, sizeof(*history->list));
	if (!history->list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (slot_change_from_json(json_object_array_get_idx(list, i),
					  &history->list[history->n]) == 0)
			history->n++;
	history->total = json_read_count(object, "total_changes");
	return 0;
}

int layout_from_json(struct json_object *object, uint64_t time_ns, struct vm *vm)
{
	int r = record_from_json(object, &vm->layout);

	if (r >= 0)
		r = backings_from_json(object, time_ns, &vm->backings);
	if (r >= 0)
		r = changes_from_json(object, &vm->slots);
	vm->layout_ns = time_ns;
	return r;
}
