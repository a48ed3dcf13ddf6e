/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/machinefile.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/vmname.h"
#include "daemon/edge/json_read.h"
#include "daemon/edge/jsonplace.h"

#define LIST "regions"

/* Deeper than any map is: document, list, region, and what an unknown key may hold. */
#define DEPTH_MAX 8

#define WHY_MAX 320 /* bytes of a message */

static const char *const document_keys[] = {"id",    "vmm",	    "arch", "match",
					    "alien", "description", LIST,   NULL};
static const char *const region_keys[] = {"name", "base",     "size",	"class",  "role",
					  "vgic", "optional", "window", "source", NULL};

struct reader {
	const char *text;
	size_t len;
	struct json_object *object; /* that is being read: the document or a region */
	size_t element;		    /* 0, or the number of the region */
	char name[40];		    /* of the region, once it is known */
	char *why;
	size_t size;
};

/* Says where @member of the current object (NULL: the object) is and what is wrong; -EINVAL. */
__attribute__((format(printf, 3, 4))) static int refuse(const struct reader *reader,
							const char *member, const char *format, ...)
{
	const size_t offset =
		jsonplace_find(reader->text, reader->len, LIST, reader->element, member);
	size_t line, column, at;
	va_list args;

	jsonplace_line(reader->text, offset, &line, &column);
	snprintf(reader->why, reader->size, "line %zu: ", line);
	at = strlen(reader->why);
	if (reader->element) {
		snprintf(reader->why + at, reader->size - at, "region %zu%s%s%s: ", reader->element,
			 reader->name[0] ? " (" : "", reader->name, reader->name[0] ? ")" : "");
		at = strlen(reader->why);
	}
	va_start(args, format);
	vsnprintf(reader->why + at, reader->size - at, format, args);
	va_end(args);
	return -EINVAL;
}

static struct json_object *member_of(const struct reader *reader, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(reader->object, name, &value) ? value : NULL;
}

/* Names and sources reach terminals and the journal. */
static bool is_printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

/* The string member @name of at most @max bytes; NULL, and the reason is said. */
static const char *take_text(const struct reader *reader, const char *name, size_t max,
			     bool may_be_empty)
{
	struct json_object *value = json_read_member(reader->object, name, json_type_string);
	const char *text = json_object_get_string(value);
	const size_t len = value ? (size_t)json_object_get_string_len(value) : 0;

	if (!value)
		refuse(reader, name, "\"%s\" must be there and be a string", name);
	else if (!len && !may_be_empty)
		refuse(reader, name, "\"%s\" must not be empty", name);
	else if (len > max)
		refuse(reader, name, "\"%s\" is too long: at most %zu bytes", name, max);
	else if (strlen(text) != len || !is_printable(text))
		refuse(reader, name, "\"%s\" has a control character in it: remove it", name);
	else
		return text;
	return NULL;
}

static int take_string(const struct reader *reader, const char *name, bool may_be_empty, char *dst,
		       size_t size)
{
	const char *text = take_text(reader, name, size - 1, may_be_empty);

	if (!text)
		return -EINVAL;
	snprintf(dst, size, "%s", text);
	return 0;
}

static int take_bool(const struct reader *reader, const char *name, bool *ret)
{
	struct json_object *value = member_of(reader, name);

	*ret = json_object_get_boolean(value);
	if (json_object_object_get_ex(reader->object, name, NULL) &&
	    !json_object_is_type(value, json_type_boolean))
		return refuse(reader, name, "\"%s\" must be true or false", name);
	return 0;
}

static int take_number(const struct reader *reader, const char *name, uint64_t *ret)
{
	struct json_object *value = member_of(reader, name);
	const char *text = json_object_get_string(value);

	if (json_object_is_type(value, json_type_int))
		return refuse(reader, name,
			      "\"%s\" is the number %s: write it as a hexadecimal string, "
			      "\"0x%" PRIx64 "\"",
			      name, text, (uint64_t)json_object_get_int64(value));
	if (!json_object_is_type(value, json_type_string) || strncmp(text, "0x", 2) != 0 ||
	    !text[2] || text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] != '\0' ||
	    (size_t)json_object_get_string_len(value) != strlen(text))
		return refuse(reader, name,
			      "\"%s\" must be a hexadecimal number in a string, such as "
			      "\"0x9000000\"",
			      name);
	errno = 0;
	*ret = strtoull(text, NULL, 16);
	if (errno)
		return refuse(reader, name, "\"%s\" does not fit into 64 bits", name);
	return 0;
}

static int take_class(const struct reader *reader, enum region_class *ret)
{
	const char *text = json_read_string(reader->object, "class");

	for (int class = 0; class < REGION_HOLE; class ++)
		if (!strcmp(text, region_class_name(class))) {
			*ret = class;
			return 0;
		}
	return refuse(reader, "class",
		      "\"class\" must be \"device\", \"ram\", \"rom\" or \"kernel-device\"");
}

static int take_role(const struct reader *reader, enum region_role *ret)
{
	const char *text = json_read_string(reader->object, "role");

	*ret = ROLE_NONE;
	if (!json_object_object_get_ex(reader->object, "role", NULL))
		return 0;
	for (int role = ROLE_NONE + 1; role < _REGION_ROLE_MAX; role++)
		if (!strcmp(text, region_role_name(role))) {
			*ret = role;
			return 0;
		}
	return refuse(reader, "role",
		      "\"role\" is none of those in nisvd-machines(5), such as \"ecam\": leave it "
		      "out where none fits");
}

static int take_vgic(const struct reader *reader, uint32_t *ret)
{
	const char *text = json_read_string(reader->object, "vgic");

	*ret = NISV_VGIC_NONE;
	if (!json_object_object_get_ex(reader->object, "vgic", NULL))
		return 0;
	if (strcmp(text, "v2") != 0 && strcmp(text, "v3") != 0)
		return refuse(reader, "vgic",
			      "\"vgic\" must be \"v2\" or \"v3\"; leave it out for both");
	*ret = !strcmp(text, "v2") ? NISV_VGIC_V2 : NISV_VGIC_V3;
	return 0;
}

static int take_region(struct reader *reader, struct machine_region *region)
{
	const char *source;
	int r;

	reader->name[0] = '\0';
	if (!json_object_is_type(reader->object, json_type_object))
		return refuse(reader, NULL, "must be an object: {\"name\": ..., ...}");
	r = take_string(reader, "name", false, region->name, sizeof(region->name));
	if (r < 0)
		return r;
	snprintf(reader->name, sizeof(reader->name), "%s", region->name);
	source = take_text(reader, "source", MACHINEFILE_SOURCE_MAX, false);
	if (!source)
		return -EINVAL;
	r = take_number(reader, "base", &region->base);
	if (!r)
		r = take_number(reader, "size", &region->size);
	if (!r)
		r = take_class(reader, &region->class);
	if (!r)
		r = take_role(reader, &region->role);
	if (!r)
		r = take_vgic(reader, &region->vgic);
	if (!r)
		r = take_bool(reader, "optional", &region->optional);
	if (!r)
		r = take_bool(reader, "window", &region->is_window);
	if (r < 0)
		return r;
	if (!region->size)
		return refuse(reader, "size", "\"size\" is 0: a region has at least one byte");
	if (region->base + region->size - 1 < region->base)
		return refuse(reader, "size", "ends beyond 64 bits: make \"size\" smaller");
	region->source = strdup(source);
	return region->source ? 0 : -ENOMEM;
}

/* Regions of different vGICs may share addresses and names; others must not. */
static int check_pair(const struct reader *reader, const struct machine_region *new,
		      const struct machine_region *old)
{
	if (new->vgic && old->vgic &&new->vgic != old->vgic)
		return 0;
	if (!strcmp(new->name, old->name))
		return refuse(reader, "name",
			      "there is another region of this name: tell them apart");
	if (new->base - old->base < old->size || old->base - new->base < new->size)
		return refuse(reader, "base",
			      "overlaps \"%s\", 0x%" PRIx64 "-0x%" PRIx64
			      ": keep them apart, or leave one out",
			      old->name, old->base, old->base + old->size - 1);
	return 0;
}

static int by_base(const void *a, const void *b)
{
	const struct machine_region *x = a, *y = b;

	return x->base < y->base ? -1 : x->base > y->base;
}

static int take_regions(struct reader *reader, struct machine *machine)
{
	struct json_object *regions = json_read_member(reader->object, LIST, json_type_array);
	size_t n = regions ? json_object_array_length(regions) : 0;
	int r = 0;

	if (!regions)
		return refuse(reader, LIST, "\"" LIST "\" must be there and be a list");
	if (n > MACHINE_REGIONS_MAX)
		return refuse(reader, LIST, "%zu regions: at most %d are taken", n,
			      MACHINE_REGIONS_MAX);
	for (size_t i = 0; i < n && !r; i++) {
		struct machine_region *region = &machine->regions[i];

		reader->object = json_object_array_get_idx(regions, i);
		reader->element = i + 1;
		r = take_region(reader, region);
		if (region->source)
			machine->n_regions++;
		for (size_t j = 0; j < i && !r; j++)
			r = check_pair(reader, region, &machine->regions[j]);
	}
	if (!r)
		qsort(machine->regions, n, sizeof(machine->regions[0]), by_base);
	return r;
}

static int take_machine(struct reader *reader, struct machine *machine)
{
	int r;

	if (!json_object_is_type(reader->object, json_type_object))
		return refuse(reader, NULL, "must be an object: {\"id\": ..., \"regions\": [...]}");
	r = take_string(reader, "id", false, machine->id, sizeof(machine->id));
	if (!r)
		r = take_bool(reader, "alien", &machine->is_alien);
	if (!r)
		r = take_string(reader, "vmm", machine->is_alien, machine->vmm,
				sizeof(machine->vmm));
	if (!r)
		r = take_string(reader, "arch", false, machine->arch, sizeof(machine->arch));
	if (!r && strcmp(machine->arch, "arm64") != 0 && strcmp(machine->arch, "x86_64") != 0)
		r = refuse(reader, "arch", "\"arch\" must be \"arm64\" or \"x86_64\"");
	if (!r)
		r = take_string(reader, "match", true, machine->match, sizeof(machine->match));
	if (!r)
		r = take_regions(reader, machine);
	return r;
}

/* Keys that mean nothing, or that are given twice: json-c would take the last one silently. */
struct keys {
	struct reader *reader;
	size_t element;	   /* of the object that is looked at */
	unsigned int seen; /* bit n: key n of its list */
	size_t unknown;
	struct jsonplace_key first_unknown;
	int r;
};

static bool check_key(const struct jsonplace_key *key, void *userdata)
{
	const char *const *known = key->element ? region_keys : document_keys;
	struct keys *keys = userdata;

	/* The document's own keys go on after the list: what was seen of them is kept apart. */
	if (key->element && key->element != keys->element) {
		keys->element = key->element;
		keys->seen &= (1u << 16) - 1;
	}
	for (unsigned int i = 0; known[i]; i++) {
		const unsigned int bit = 1u << (key->element ? i + 16 : i);

		if (strlen(known[i]) != key->len || memcmp(known[i], key->text, key->len) != 0)
			continue;
		if (keys->seen & bit) {
			size_t line, column;

			jsonplace_line(keys->reader->text, key->offset, &line, &column);
			snprintf(keys->reader->why, keys->reader->size,
				 "line %zu: \"%s\" is given twice: keep one", line, known[i]);
			keys->r = -EINVAL;
			return false;
		}
		keys->seen |= bit;
		return true;
	}
	if (!keys->unknown++)
		keys->first_unknown = *key;
	return true;
}

static int check_keys(struct reader *reader)
{
	struct keys keys = {.reader = reader};
	size_t line, column;

	jsonplace_keys(reader->text, reader->len, LIST, check_key, &keys);
	if (keys.r < 0 || !keys.unknown)
		return keys.r;
	jsonplace_line(reader->text, keys.first_unknown.offset, &line, &column);
	snprintf(reader->why, reader->size,
		 "line %zu: unknown key \"%.*s\" is ignored%s: is it misspelt?", line,
		 (int)(keys.first_unknown.len < 40 ? keys.first_unknown.len : 40),
		 keys.first_unknown.text, keys.unknown > 1 ? ", and more unknown ones" : "");
	return 0;
}

/* What stands where json-c stopped. */
static int refuse_syntax(const char *text, size_t len, size_t offset, enum json_tokener_error error,
			 char *why, size_t size)
{
	size_t line, column;

	if (offset > len)
		offset = len;
	jsonplace_line(text, offset, &line, &column);
	snprintf(why, size, "line %zu, column %zu: %s", line, column,
		 error == json_tokener_continue
			 ? "the text ends too early: a brace, bracket or quote is not closed"
		 : error == json_tokener_success ? "something follows the end of the map"
						 : json_tokener_error_desc(error));
	return -EINVAL;
}

static int parse_json(const char *text, size_t len, struct json_object **ret, char *why,
		      size_t size)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	enum json_tokener_error error;
	struct json_object *root;
	size_t end;

	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS |
						JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, text, (int)len);
	error = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	for (; error == json_tokener_success && end < len; end++)
		if (!strchr(" \t\r\n", text[end]) || !text[end])
			break;
	if (error != json_tokener_success || end < len) {
		json_object_put(root);
		return refuse_syntax(text, len, end, error, why, size);
	}
	*ret = root;
	return 0;
}

static int parse(const char *text, size_t len, struct machine *ret, char *why, size_t size)
{
	struct reader reader = {.text = text, .len = len, .why = why, .size = size};
	struct machine *machine;
	struct json_object *root;
	int r;

	why[0] = '\0';
	if (len > MACHINEFILE_BYTES_MAX) {
		snprintf(why, size, "line 1: larger than %d bytes: a map has at most %d regions",
			 MACHINEFILE_BYTES_MAX, MACHINE_REGIONS_MAX);
		return -EINVAL;
	}
	r = parse_json(text, len, &root, why, size);
	if (r < 0)
		return r;
	machine = calloc(1, sizeof(*machine));
	reader.object = root;
	r = machine ? take_machine(&reader, machine) : -ENOMEM;
	if (!r)
		r = check_keys(&reader);
	json_object_put(root);
	if (r < 0 && machine)
		machinefile_release(machine);
	else if (!r)
		*ret = *machine;
	free(machine);
	return r;
}

int machinefile_parse(const char *text, size_t len, struct machine *ret, char *why, size_t size)
{
	char said[WHY_MAX];
	int r = parse(text, len, ret, said, sizeof(said));

	/* Keys and values out of the file are quoted in it. */
	vmname_sanitize(why, size, said, strlen(said));
	return r;
}

void machinefile_release(struct machine *machine)
{
	for (size_t i = 0; i < machine->n_regions; i++) {
		free((char *)machine->regions[i].source);
		machine->regions[i].source = NULL;
	}
	machine->n_regions = 0;
}
