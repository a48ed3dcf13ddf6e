/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/json_make.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/screen.h"
#include "include/nisv_api.h"

void json_starve(void)
{
	screen_leave();
	fputs("nisvctl: out of memory\n", stderr);
	exit(NISV_EXIT_FAILURE);
}

static struct json_object *made(struct json_object *object)
{
	if (!object)
		json_starve();
	return object;
}

struct json_object *json_make_object(void)
{
	return made(json_object_new_object());
}

struct json_object *json_make_array(void)
{
	return made(json_object_new_array());
}

struct json_object *json_make_string(const char *text)
{
	return made(json_object_new_string(text));
}

struct json_object *json_make_string_len(const char *text, size_t len)
{
	return made(json_object_new_string_len(text, (int)len));
}

struct json_object *json_make_int(int64_t value)
{
	return made(json_object_new_int64(value));
}

struct json_object *json_make_bool(bool value)
{
	return made(json_object_new_boolean(value));
}

struct json_object *json_make_real(double value)
{
	return made(json_object_new_double(value));
}

struct json_object *json_make_real_as(double value, const char *text)
{
	return made(json_object_new_double_s(value, text));
}

void json_add(struct json_object *object, const char *name, struct json_object *value)
{
	if (json_object_object_add(object, name, value) < 0)
		json_starve();
}

void json_append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value) < 0)
		json_starve();
}

const char *json_text(struct json_object *object, int flags, size_t *ret_len)
{
	const char *text;

	errno = 0;
	text = json_object_to_json_string_length(object, flags, ret_len);
	if (!text || errno == ENOMEM)
		json_starve();
	return text;
}
