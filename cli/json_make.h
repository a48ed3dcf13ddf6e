/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_JSON_MAKE_H
#define NISVCTL_JSON_MAKE_H

/*
 * Making JSON. json-c asserts that an object is there; without memory nisvctl has nothing to say,
 * and ends here with NISV_EXIT_FAILURE. NULL is JSON's null.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

/* Each returns a new object, owned by the caller. */
struct json_object *json_make_object(void);
struct json_object *json_make_array(void);
struct json_object *json_make_string(const char *text);
struct json_object *json_make_string_len(const char *text, size_t len);
struct json_object *json_make_int(int64_t value);
struct json_object *json_make_bool(bool value);
struct json_object *json_make_real(double value);
struct json_object *json_make_real_as(double value, const char *text); /* printed as @text */

/* Each takes @value over. */
void json_add(struct json_object *object, const char *name, struct json_object *value);
void json_append(struct json_object *array, struct json_object *value);

/* As json_object_to_json_string_length(), and whole: json-c leaves holes where its buffer could not
 * grow. */
const char *json_text(struct json_object *object, int flags, size_t *ret_len);

/* Tells that there is no memory, and ends nisvctl. */
_Noreturn void json_starve(void);

#endif
