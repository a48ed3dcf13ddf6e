/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/json_make.h"

#include <errno.h>

static bool failed;

static struct json_object *made(struct json_object *object)
{
	failed |= !object;
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

struct json_object *json_make_int(int64_t value)
{
	return made(json_object_new_int64(value));
}

struct json_object *json_make_bool(bool value)
{
	return made(json_object_new_boolean(value));
}

struct json_object *json_make_real(double value, const char *text)
{
	return made(json_object_new_double_s(value, text));
}

/* What could not be added is lost, but not freed: its maker may go on with it. */
static void add(struct json_object *object, const char *name, struct json_object *value,
		unsigned int flags)
{
	if (!object || json_object_object_add_ex(object, name, value, flags) < 0)
		failed = true;
}

void json_add(struct json_object *object, const char *name, struct json_object *value)
{
	add(object, name, value, 0);
}

void json_set(struct json_object *object, const char *name, struct json_object *value)
{
	add(object, name, value, JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY);
}

void json_append(struct json_object *array, struct json_object *value)
{
	if (!array || json_object_array_add(array, value) < 0)
		failed = true;
}

size_t json_length(struct json_object *array)
{
	return array ? json_object_array_length(array) : 0;
}

void json_fail(void)
{
	failed = true;
}

const char *json_text(struct json_object *object, int flags, size_t *ret_len)
{
	const char *text = NULL;

	/* printbuf_memappend() says that it could not grow, but json-c does not look. */
	errno = 0;
	if (object && !failed)
		text = json_object_to_json_string_length(object, flags, ret_len);
	if (failed || errno == ENOMEM)
		text = NULL;
	failed = false;
	return text;
}
