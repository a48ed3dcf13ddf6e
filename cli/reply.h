/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_REPLY_H
#define NISVCTL_REPLY_H

/*
 * What came back. Nothing in it is trusted: a member that is absent or of another type reads as its
 * empty value, and text is made harmless before it can reach a terminal.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/cli.h"

const char *reply_string(struct json_object *o, const char *name);	   /* "" if there is none */
int64_t reply_int(struct json_object *o, const char *name);		   /* 0 */
double reply_double(struct json_object *o, const char *name);		   /* 0 */
bool reply_bool(struct json_object *o, const char *name);		   /* false */
uint64_t reply_address(struct json_object *o, const char *name);	   /* of "0x..."; 0 */
bool reply_has(struct json_object *o, const char *name);		   /* there, and not null */
struct json_object *reply_object(struct json_object *o, const char *name); /* NULL */
struct json_object *reply_array(struct json_object *o, const char *name);  /* NULL */

/* The sum, or INT64_MAX where it is larger. */
int64_t reply_sum(int64_t a, int64_t b);

/* Of an array; all take NULL. */
size_t reply_length(struct json_object *array);
struct json_object *reply_at(struct json_object *array, size_t i);
const char *reply_string_at(struct json_object *array, size_t i); /* "" if it is none */

/*
 * A copy of @text (to be freed) that a terminal shows as it is: control characters, bidirectional
 * overrides and malformed UTF-8 become \xNN, and in a locale without UTF-8 every other character
 * '?'. @newlines: keep them. NULL without memory.
 */
char *reply_clean_text(const char *text, bool newlines);

/*
 * Makes @text, which may be anything, fit for a string of JSON, in place: of malformed UTF-8 each
 * byte is '?', control characters but newline are blanks (JSON would make six bytes of each).
 */
void reply_mend_text(char *text, size_t len);

/* Does what reply_clean_text() does to every string in @o, in place; also to those with a NUL in
 * them. */
void reply_clean(struct json_object *o);

/* Prints one JSON value and a newline. What a terminal might obey is escaped; it stays JSON. */
void reply_print(FILE *out, enum json_mode mode, struct json_object *o);

#endif
