/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/slot_json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/vmname.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/json_read.h"
#include "daemon/edge/model_json.h"
#include "daemon/edge/wallclock.h"

/* One table drives both directions, so that they cannot drift apart. */
static const struct {
	uint32_t flag;
	const char *name;
} flag_names[] = {
	{NISV_SLOT_READONLY, "readonly"},
	{NISV_SLOT_LOG_DIRTY, "log-dirty"},
	{NISV_SLOT_GUEST_MEMFD, "guest-memfd"},
	{NISV_SLOT_INVALID, "invalid"},
};

#define N_FLAGS (sizeof(flag_names) / sizeof(flag_names[0]))

static struct json_object *flags_to_json(uint32_t flags)
{
	struct json_object *list = json_make_array();

	for (size_t i = 0; i < N_FLAGS; i++)
		if (flags & flag_names[i].flag)
			json_append(list, json_make_string(flag_names[i].name));
	return list;
}

static uint32_t flags_from_json(struct json_object *list)
{
	uint32_t flags = 0;

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(list, i));

		for (size_t k = 0; name && k < N_FLAGS; k++)
			if (!strcmp(name, flag_names[k].name))
				flags |= flag_names[k].flag;
	}
	return flags;
}

static struct json_object *backing_to_json(const struct backing *backing, uint64_t slot_size)
{
	struct json_object *object;
	char permissions[4];

	if (!backing || backing->kind == BACKING_UNKNOWN)
		return NULL;
	snprintf(permissions, sizeof(permissions), "%s%s%s", backing->readable ? "r" : "",
		 backing->writable ? "w" : "", backing->shared ? "s" : "");
	object = json_make_object();
	json_set(object, "kind", json_make_string(backing_kind_name(backing->kind)));
	json_set(object, "permissions", json_make_string(permissions));
	json_set(object, "covered_bytes", model_number(backing->covered_bytes));
	json_set(object, "gap",
		 backing->covered_bytes < slot_size ? model_hex(backing->gap) : NULL);
	json_set(object, "page_bytes",
		 backing->page_bytes ? model_number(backing->page_bytes) : NULL);
	json_set(object, "path", model_string(backing->path));
	return object;
}

bool backing_from_json(struct json_object *object, const struct nisv_slot *slot,
		       struct backing *ret)
{
	const char *kind = json_read_string(object, "kind");
	const char *permissions = json_read_string(object, "permissions");
	struct backing backing = {
		.slot_id = slot->id,
		.as_id = slot->as_id,
		.readable = strchr(permissions, 'r'),
		.writable = strchr(permissions, 'w'),
		.shared = strchr(permissions, 's'),
		.covered_bytes = json_read_count(object, "covered_bytes"),
		.gap = json_read_hex(object, "gap"),
		.page_bytes = (uint32_t)json_read_count(object, "page_bytes"),
	};

	for (enum backing_kind k = BACKING_NONE; k < _BACKING_KIND_MAX; k++)
		if (!strcmp(kind, backing_kind_name(k)))
			backing.kind = k;
	if (backing.kind == BACKING_UNKNOWN)
		return false;
	vmname_sanitize(backing.path, sizeof(backing.path), json_read_string(object, "path"),
			sizeof(backing.path));
	*ret = backing;
	return true;
}

struct json_object *model_slot(const struct nisv_slot *slot, const struct backing *backing)
{
	struct json_object *object = json_make_object();

	json_set(object, "gpa", model_hex(slot->gpa));
	json_set(object, "size_bytes", model_number(slot->size));
	json_set(object, "hva", model_hex(slot->hva));
	json_set(object, "flags", flags_to_json(slot->flags));
	json_set(object, "slot_id", json_make_int(slot->id));
	json_set(object, "address_space", json_make_int(slot->as_id));
	json_set(object, "backing", backing_to_json(backing, slot->size));
	return object;
}

void slot_from_json(struct json_object *object, struct nisv_slot *ret)
{
	*ret = (struct nisv_slot){
		.gpa = json_read_hex(object, "gpa"),
		.size = json_read_count(object, "size_bytes"),
		.hva = json_read_hex(object, "hva"),
		.flags = flags_from_json(json_read_member(object, "flags", json_type_array)),
		.id = (__s16)json_read_count(object, "slot_id"),
		.as_id = (__u16)json_read_count(object, "address_space"),
	};
}

/* Unlike other times these are never absent: a change has happened at some time. */
static struct json_object *moment(uint64_t ns)
{
	char iso[WALLCLOCK_ISO_MAX];

	return json_make_string(wallclock_iso(ns, iso));
}

struct json_object *model_slot_change(const struct slot_change *change)
{
	struct json_object *object = json_make_object();

	json_set(object, "change", json_make_string(slot_change_name(change->what)));
	json_set(object, "since", moment(change->from_ns));
	json_set(object, "until", moment(change->until_ns));
	json_set(object, "slot", model_slot(&change->slot, NULL));
	json_set(object, "gpa_before",
		 change->what == NISV_SLOT_MOVED ? model_hex(change->gpa_before) : NULL);
	return object;
}

int slot_change_from_json(struct json_object *object, struct slot_change *ret)
{
	const char *name = json_read_string(object, "change");

	for (enum nisv_slot_change what = 0; what < _NISV_SLOT_CHANGE_MAX; what++) {
		if (strcmp(name, slot_change_name(what)) != 0)
			continue;
		*ret = (struct slot_change){
			.what = what,
			.gpa_before = json_read_hex(object, "gpa_before"),
			.from_ns = json_read_time(object, "since"),
			.until_ns = json_read_time(object, "until"),
		};
		slot_from_json(json_read_member(object, "slot", json_type_object), &ret->slot);
		return 0;
	}
	return -EINVAL;
}
