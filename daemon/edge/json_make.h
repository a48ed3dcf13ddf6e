/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_JSON_MAKE_H
#define NISVD_JSON_MAKE_H

/*
 * Making JSON without memory. json-c asserts that an object is there, and writes a text with holes
 * where it could not grow: here whatever fails is remembered until json_text(), which then gives
 * none. So who makes an object need not look at each member. NULL is JSON's null.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

/* Each returns a new object, owned by the caller; NULL, remembered, without memory. */
struct json_object *json_make_object(void);
struct json_object *json_make_array(void);
struct json_object *json_make_string(const char *text);
struct json_object *json_make_int(int64_t value);
struct json_object *json_make_bool(bool value);
struct json_object *json_make_real(double value, const char *text); /* printed as @text */

/* Each takes @value over. @name is copied, and a member of that name goes. */
void json_add(struct json_object *object, const char *name, struct json_object *value);
/* The same for a literal that @object has not yet: a list of 1,000 VMs has 30,000 members. */
void json_set(struct json_object *object, const char *name, struct json_object *value);
void json_append(struct json_object *array, struct json_object *value);

size_t json_length(struct json_object *array); /* 0 for NULL */

/* Remembers that memory was lacking elsewhere, for what an object is made of. */
void json_fail(void);

/* As json_object_to_json_string_length(). NULL where memory was lacking, now or since the last
 * call. */
const char *json_text(struct json_object *object, int flags, size_t *ret_len);

#endif
