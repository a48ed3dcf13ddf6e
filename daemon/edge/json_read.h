/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_JSON_READ_H
#define NISVD_JSON_READ_H

/*
 * Members of JSON objects that nobody vouches for: what is missing or of another type reads as
 * nothing, never as an error. @object may be of any type, or NULL.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

/* The member if it is of @type, else NULL. Borrowed from @object. */
struct json_object *json_read_member(struct json_object *object, const char *name, json_type type);

const char *json_read_string(struct json_object *object, const char *name); /* ""; borrowed */
int64_t json_read_int(struct json_object *object, const char *name);	    /* 0 */
uint64_t json_read_count(struct json_object *object, const char *name); /* 0, also if negative */
uint64_t json_read_hex(struct json_object *object, const char *name);	/* of "0x..."; 0 */
double json_read_real(struct json_object *object, const char *name);	/* 0 */
bool json_read_bool(struct json_object *object, const char *name);	/* false */
/* Of hexadecimal digits, two for each: at most @max of them in @ret, and their number. */
size_t json_read_bytes(struct json_object *object, const char *name, uint8_t *ret, size_t max);
uint64_t json_read_time(struct json_object *object, const char *name); /* ISO 8601; 0 */

#endif
