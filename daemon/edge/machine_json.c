/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/machine_json.h"

#include "daemon/edge/json_make.h"
#include "daemon/edge/model_json.h"

static struct json_object *region(const struct machine_region *from)
{
	struct json_object *object = json_make_object();

	json_add(object, "ipa", model_hex(from->base));
	json_add(object, "size_bytes", model_number(from->size));
	json_add(object, "class", json_make_string(region_class_name(from->class)));
	json_add(object, "name", json_make_string(from->name));
	json_add(object, "optional", json_make_bool(from->optional));
	json_add(object, "source", json_make_string(from->source ? from->source : ""));
	return object;
}

struct json_object *model_machine(const struct vm *vm)
{
	const struct machine *machine = vm->machine;
	struct json_object *object, *regions;

	if (!machine)
		return NULL;
	regions = json_make_array();
	for (size_t i = 0; i < machine->n_regions; i++) {
		const struct machine_region *from = &machine->regions[i];

		/* Frames of another vGIC than the one that this VM has do not exist in it. */
		if (!from->vgic || from->vgic == vm->layout.vgic_model)
			json_append(regions, region(from));
	}
	object = json_make_object();
	json_add(object, "id", json_make_string(machine->id));
	json_add(object, "confidence", model_confidence(vm->choice.confidence));
	json_add(object, "reason", json_make_string(vm->choice.reason));
	json_add(object, "regions", regions);
	return object;
}
