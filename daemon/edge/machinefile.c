/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/machinefile.h"

#include <errno.h>
#include <glob.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edge/log.h"

#define MACHINES_MAX 128

static const char *get_string(struct json_object *object, const char *name)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, name, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

/* Copies a string member into @dst; false (with @reason) if it is absent, empty or too long. */
static bool take_string(struct json_object *object, const char *name, char *dst, size_t size,
			bool may_be_empty, const char **reason)
{
	const char *text = get_string(object, name);

	*reason = name;
	if (!text || (!*text && !may_be_empty) || strlen(text) >= size)
		return false;
	snprintf(dst, size, "%s", text);
	return true;
}

static bool take_number(struct json_object *object, const char *name, uint64_t *ret,
			const char **reason)
{
	const char *text = get_string(object, name);
	char *end;

	*reason = name;
	if (!text || strncmp(text, "0x", 2) != 0)
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 16);
	return !errno && !*end && end != text + 2;
}

static bool take_class(struct json_object *object, enum region_class *ret, const char **reason)
{
	const char *text = get_string(object, "class");

	*reason = "class";
	for (int class = 0; text && class < REGION_HOLE; class ++)
		if (!strcmp(text, region_class_name(class))) {
			*ret = class;
			return true;
		}
	return false;
}

static bool take_vgic(struct json_object *object, uint32_t *ret, const char **reason)
{
	const char *text = get_string(object, "vgic");

	*reason = "vgic";
	*ret = NISV_VGIC_NONE;
	if (!json_object_object_get_ex(object, "vgic", NULL))
		return true;
	if (!text)
		return false;
	*ret = !strcmp(text, "v2") ? NISV_VGIC_V2 : NISV_VGIC_V3;
	return !strcmp(text, "v2") || !strcmp(text, "v3");
}

static bool take_optional(struct json_object *object, bool *ret, const char **reason)
{
	struct json_object *value;

	*reason = "optional";
	*ret = false;
	if (!json_object_object_get_ex(object, "optional", &value))
		return true;
	if (!json_object_is_type(value, json_type_boolean))
		return false;
	*ret = json_object_get_boolean(value);
	return true;
}

static bool take_region(struct json_object *from, struct machine_region *region,
			const char **reason)
{
	if (!take_string(from, "name", region->name, sizeof(region->name), false, reason) ||
	    !take_string(from, "source", region->source, sizeof(region->source), false, reason) ||
	    !take_number(from, "base", &region->base, reason) ||
	    !take_number(from, "size", &region->size, reason) ||
	    !take_class(from, &region->class, reason) || !take_vgic(from, &region->vgic, reason) ||
	    !take_optional(from, &region->optional, reason))
		return false;
	*reason = "size";
	return region->size && region->base + region->size - 1 >= region->base;
}

static int by_base(const void *a, const void *b)
{
	const struct machine_region *x = a, *y = b;

	return x->base < y->base ? -1 : x->base > y->base;
}

/* Regions of different vGICs may share addresses; others must not. */
static const char *find_overlap(const struct machine *machine)
{
	for (size_t i = 0; i + 1 < machine->n_regions; i++)
		for (size_t j = i + 1; j < machine->n_regions; j++) {
			const struct machine_region *a = &machine->regions[i];
			const struct machine_region *b = &machine->regions[j];

			if (b->base - a->base >= a->size)
				break;
			if (!a->vgic || !b->vgic || a->vgic == b->vgic)
				return b->name;
		}
	return NULL;
}

static int take_machine(struct json_object *root, struct machine *machine, char *why, size_t size)
{
	struct json_object *regions;
	const char *reason = "the document is no object";

	if (!json_object_is_type(root, json_type_object) ||
	    !take_string(root, "id", machine->id, sizeof(machine->id), false, &reason) ||
	    !take_string(root, "vmm", machine->vmm, sizeof(machine->vmm), false, &reason) ||
	    !take_string(root, "arch", machine->arch, sizeof(machine->arch), false, &reason) ||
	    !take_string(root, "match", machine->match, sizeof(machine->match), true, &reason)) {
		snprintf(why, size, "missing, empty or too long: %s", reason);
		return -EINVAL;
	}
	if (!json_object_object_get_ex(root, "regions", &regions) ||
	    !json_object_is_type(regions, json_type_array) ||
	    json_object_array_length(regions) > MACHINE_REGIONS_MAX) {
		snprintf(why, size, "regions must be a list of at most %d", MACHINE_REGIONS_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < json_object_array_length(regions); i++) {
		if (!take_region(json_object_array_get_idx(regions, i),
				 &machine->regions[machine->n_regions], &reason)) {
			snprintf(why, size, "region %zu (%.31s): bad %s", i + 1,
				 machine->regions[machine->n_regions].name, reason);
			return -EINVAL;
		}
		machine->n_regions++;
	}
	qsort(machine->regions, machine->n_regions, sizeof(machine->regions[0]), by_base);
	reason = find_overlap(machine);
	if (reason) {
		snprintf(why, size, "region \"%s\" overlaps another one", reason);
		return -EINVAL;
	}
	return 0;
}

static int load_file(const char *path, struct machines *machines)
{
	struct json_object *root = json_object_from_file(path);
	struct machine machine = {}, *list;
	char why[160];
	size_t at;

	if (!root) {
		const char *error = json_util_get_last_err();

		log_warning("Ignoring the machine map %s: %s", path, error ? error : "not JSON");
		return 0;
	}
	if (take_machine(root, &machine, why, sizeof(why)) < 0) {
		log_warning("Ignoring the machine map %s: %s", path, why);
		json_object_put(root);
		return 0;
	}
	json_object_put(root);
	for (at = 0; at < machines->n; at++)
		if (!strcmp(machines->list[at].id, machine.id))
			break;
	if (at == machines->n) {
		if (at >= MACHINES_MAX) {
			log_warning("Ignoring the machine map %s: more than %d maps", path,
				    MACHINES_MAX);
			return 0;
		}
		list = reallocarray(machines->list, at + 1, sizeof(*list));
		if (!list)
			return -ENOMEM;
		machines->list = list;
		machines->n++;
	}
	machines->list[at] = machine;
	return 0;
}

int machinefile_load(const char *path, struct machines *ret)
{
	struct machines machines = {};
	char *copy = strdup(path), *save = NULL;
	int r = copy ? 0 : -ENOMEM;

	for (char *dir = copy ? strtok_r(copy, ":", &save) : NULL; dir && !r;
	     dir = strtok_r(NULL, ":", &save)) {
		char pattern[4096];
		glob_t found = {};

		snprintf(pattern, sizeof(pattern), "%s/*.json", dir);
		if (!glob(pattern, 0, NULL, &found))
			for (size_t i = 0; i < found.gl_pathc && !r; i++)
				r = load_file(found.gl_pathv[i], &machines);
		globfree(&found);
	}
	free(copy);
	if (r < 0) {
		machinefile_clear(&machines);
		return r;
	}
	*ret = machines;
	return 0;
}

void machinefile_clear(struct machines *machines)
{
	free(machines->list);
	*machines = (struct machines){};
}
