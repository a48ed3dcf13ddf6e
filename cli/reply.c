/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/reply.h"

#include <json-c/json_visit.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_make.h"

static struct json_object *member(struct json_object *o, const char *name, enum json_type type)
{
	struct json_object *value;

	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, name, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

const char *reply_string(struct json_object *o, const char *name)
{
	struct json_object *value = member(o, name, json_type_string);

	return value ? json_object_get_string(value) : "";
}

int64_t reply_int(struct json_object *o, const char *name)
{
	return json_object_get_int64(member(o, name, json_type_int));
}

double reply_double(struct json_object *o, const char *name)
{
	struct json_object *value = member(o, name, json_type_double);

	return value ? json_object_get_double(value) : (double)reply_int(o, name);
}

bool reply_bool(struct json_object *o, const char *name)
{
	return json_object_get_boolean(member(o, name, json_type_boolean));
}

uint64_t reply_address(struct json_object *o, const char *name)
{
	unsigned long long value;

	return parse_address(reply_string(o, name), &value) == 0 ? value : 0;
}

bool reply_has(struct json_object *o, const char *name)
{
	struct json_object *value;

	return json_object_is_type(o, json_type_object) &&
	       json_object_object_get_ex(o, name, &value) && value;
}

struct json_object *reply_object(struct json_object *o, const char *name)
{
	return member(o, name, json_type_object);
}

struct json_object *reply_array(struct json_object *o, const char *name)
{
	return member(o, name, json_type_array);
}

int64_t reply_sum(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

size_t reply_length(struct json_object *array)
{
	return array ? json_object_array_length(array) : 0;
}

struct json_object *reply_at(struct json_object *array, size_t i)
{
	return array ? json_object_array_get_idx(array, i) : NULL;
}

const char *reply_string_at(struct json_object *array, size_t i)
{
	struct json_object *value = reply_at(array, i);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

/* ---- text that cannot harm a terminal ---------------------------------------------------- */

/* Length of the well-formed character at @p (RFC 3629) and its code point; 0 if malformed. */
static size_t utf8_char(const unsigned char *p, size_t len, uint32_t *ret)
{
	size_t n = *p < 0x80   ? 1
		   : *p < 0xc2 ? 0
		   : *p < 0xe0 ? 2
		   : *p < 0xf0 ? 3
		   : *p < 0xf5 ? 4
			       : 0;
	uint32_t c = n > 1 ? *p & (0x7fU >> n) : *p;

	if (!n || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff)) ||
	    (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

/* C0 and C1 controls, DEL, line and paragraph separators, and what reverses the text around it. */
static bool is_harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void reply_mend_text(char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		uint32_t c = 0;
		size_t n = utf8_char((unsigned char *)text + at, len - at, &c);

		if (!n)
			text[at] = '?';
		else if (c < 0x20 && c != '\n')
			text[at] = ' ';
		at += n ? n : 1;
	}
}

static char *clean(const char *text, size_t len, bool newlines)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + len;
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	char *copy = malloc(4 * len + 1), *to = copy;

	while (copy && p < end) {
		uint32_t c = 0;
		size_t n = utf8_char(p, (size_t)(end - p), &c);

		if (n && (!is_harmful(c) || (c == '\n' && newlines)) && (n == 1 || utf8)) {
			memcpy(to, p, n);
			to += n;
		} else if (n && !is_harmful(c)) {
			*to++ = '?';
		} else {
			n = n ? n : 1;
			for (size_t i = 0; i < n; i++)
				to += sprintf(to, "\\x%02x", p[i]);
		}
		p += n;
	}
	if (copy)
		*to = 0;
	return copy;
}

char *reply_clean_text(const char *text, bool newlines)
{
	return clean(text, strlen(text), newlines);
}

static int clean_one(struct json_object *o, int flags, struct json_object *parent, const char *key,
		     size_t *idx, void *userdata)
{
	char *text;

	(void)flags, (void)parent, (void)key, (void)idx, (void)userdata;
	if (!json_object_is_type(o, json_type_string))
		return JSON_C_VISIT_RETURN_CONTINUE;
	text = clean(json_object_get_string(o), (size_t)json_object_get_string_len(o), false);
	json_object_set_string(o, text ? text : "");
	free(text);
	return JSON_C_VISIT_RETURN_CONTINUE;
}

void reply_clean(struct json_object *o)
{
	json_c_visit(o, 0, clean_one, NULL);
}

void reply_print(FILE *out, enum json_mode mode, struct json_object *o)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;
	const unsigned char *p;
	size_t n;
	uint32_t c;

	flags |= mode == JSON_PRETTY ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED
				     : JSON_C_TO_STRING_PLAIN;
	p = (const unsigned char *)json_text(o, flags, &n);
	/* json-c escapes C0 itself; the others can only stand inside strings. */
	for (; *p; p += n) {
		n = utf8_char(p, strnlen((const char *)p, 4), &c);
		if (n && is_harmful(c) && c != '\n')
			fprintf(out, "\\u%04x", c);
		else if (n)
			fwrite(p, 1, n, out);
		else
			fprintf(out, "\\u%04x", 0xfffdU);
		n = n ? n : 1;
	}
	putc('\n', out);
}
