/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/json_read.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/edge/wallclock.h"

struct json_object *json_read_member(struct json_object *object, const char *name, json_type type)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, name, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

const char *json_read_string(struct json_object *object, const char *name)
{
	struct json_object *value = json_read_member(object, name, json_type_string);

	return value ? json_object_get_string(value) : "";
}

int64_t json_read_int(struct json_object *object, const char *name)
{
	return json_object_get_int64(json_read_member(object, name, json_type_int));
}

uint64_t json_read_count(struct json_object *object, const char *name)
{
	int64_t number = json_read_int(object, name);

	return number > 0 ? (uint64_t)number : 0;
}

uint64_t json_read_hex(struct json_object *object, const char *name)
{
	return strtoull(json_read_string(object, name), NULL, 16);
}

double json_read_real(struct json_object *object, const char *name)
{
	struct json_object *value = json_read_member(object, name, json_type_double);

	return value ? json_object_get_double(value) : 0;
}

bool json_read_bool(struct json_object *object, const char *name)
{
	return json_object_get_boolean(json_read_member(object, name, json_type_boolean));
}

uint64_t json_read_time(struct json_object *object, const char *name)
{
	uint64_t ns;

	return wallclock_parse(json_read_string(object, name), &ns) < 0 ? 0 : ns;
}

size_t json_read_bytes(struct json_object *object, const char *name, uint8_t *ret, size_t max)
{
	const char *hex = json_read_string(object, name);
	size_t n = 0;
	unsigned int byte;

	while (n < max && hex[0] && hex[1] && sscanf(hex, "%2x", &byte) == 1) {
		ret[n++] = (uint8_t)byte;
		hex += 2;
	}
	return n;
}
