/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/machine_json.h"

#include "daemon/edge/model_json.h"

static struct json_object *region(const struct machine_region *from)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "ipa", model_hex(from->base));
	json_object_object_add(object, "size_bytes", model_number(from->size));
	json_object_object_add(object, "class",
			       json_object_new_string(region_class_name(from->class)));
	json_object_object_add(object, "name", json_object_new_string(from->name));
	json_object_object_add(object, "optional", json_object_new_boolean(from->optional));
	json_object_object_add(object, "source",
			       json_object_new_string(from->source ? from->source : ""));
	return object;
}

struct json_object *model_machine(const struct vm *vm)
{
	const struct machine *machine = vm->machine;
	struct json_object *object, *regions;

	if (!machine)
		return NULL;
	regions = json_object_new_array();
	for (size_t i = 0; i < machine->n_regions; i++) {
		const struct machine_region *from = &machine->regions[i];

		/* Frames of another vGIC than the one that this VM has do not exist in it. */
		if (!from->vgic || from->vgic == vm->layout.vgic_model)
			json_object_array_add(regions, region(from));
	}
	object = json_object_new_object();
	json_object_object_add(object, "id", json_object_new_string(machine->id));
	json_object_object_add(object, "confidence", model_confidence(vm->choice.confidence));
	json_object_object_add(object, "reason", json_object_new_string(vm->choice.reason));
	json_object_object_add(object, "regions", regions);
	return object;
}
