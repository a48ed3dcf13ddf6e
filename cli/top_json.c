/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "cli/json_make.h"
#include "cli/reply.h"
#include "cli/top.h"

static void set(struct json_object *o, const char *name, struct json_object *value)
{
	json_add(o, name, value);
}

/* To a thousandth: more digits would be noise. */
static struct json_object *rate(bool known, double per)
{
	struct json_object *o = known ? json_make_real(per) : NULL;

	if (o)
		json_object_set_serializer(o, json_object_double_to_json_string, (void *)"%.3f",
					   NULL);
	return o;
}

static void add_rates(struct json_object *o, bool known, const struct top_rates *per)
{
	set(o, "aborts_per_second", rate(known, per->aborts));
	set(o, "mmio_per_second", rate(known, per->mmio));
	set(o, "mmio_user_per_second", rate(known, per->user));
}

static void copy(struct json_object *to, struct json_object *from, const char *name)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(from, name, &value);
	set(to, name, json_object_get(value));
}

static struct json_object *vm_to_json(const struct top_sample *sample, const struct top_vm *vm)
{
	struct json_object *o = json_make_object();

	copy(o, vm->vm, "id");
	copy(o, vm->vm, "key");
	copy(o, vm->vm, "name");
	copy(o, vm->vm, "aborts");
	copy(o, vm->vm, "mmio");
	copy(o, vm->vm, "worst");
	add_rates(o, sample->measured, &vm->per);
	return o;
}

static struct json_object *hex(bool known, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return known ? json_make_string(text) : NULL;
}

static struct json_object *place_to_json(const struct top_sample *sample,
					 const struct top_place *place)
{
	struct json_object *o = json_make_object(), *vm = sample->vms[place->vm].vm;
	bool mmio = top_site_is_mmio(&place->site);
	bool known = top_site_has_address(&place->site);

	set(o, "vm_id", json_make_string(reply_string(vm, "id")));
	set(o, "vm_key", json_make_string(reply_string(vm, "key")));
	set(o, "vm_name", json_make_string(reply_string(vm, "name")));
	set(o, "kind", json_make_string(place->site.kind));
	set(o, "ipa", hex(known, place->site.ipa));
	set(o, "pc", hex(!mmio, place->site.pc));
	set(o, "region", known ? json_make_string(place->region) : NULL);
	set(o, "class", known ? json_make_string(place->class) : NULL);
	set(o, "count", json_make_int(place->site.count));
	set(o, "per_second", rate(true, place->per));
	set(o, "user_per_second", rate(mmio, place->user_per));
	return o;
}

struct json_object *top_to_json(const struct top_sample *sample)
{
	struct json_object *o = json_make_object(), *vms = json_make_array(),
			   *places = json_make_array();

	for (size_t i = 0; i < sample->n_vms; i++)
		json_append(vms, vm_to_json(sample, &sample->vms[i]));
	for (size_t i = 0; i < sample->n_places; i++)
		json_append(places, place_to_json(sample, &sample->places[i]));
	set(o, "time", json_make_string(sample->time));
	set(o, "interval_seconds", rate(sample->measured, sample->interval));
	copy(o, sample->status, "aborts");
	copy(o, sample->status, "mmio");
	copy(o, sample->status, "lost");
	add_rates(o, sample->measured, &sample->per);
	set(o, "vms", vms);
	set(o, "places", places);
	return o;
}
