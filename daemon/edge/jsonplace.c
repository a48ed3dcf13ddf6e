/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/jsonplace.h"

#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Offset of the quote that ends the string beginning at @at, or @len. json-c takes keys in single
 * quotes even when it is strict. */
static size_t end_of_string(const char *text, size_t len, size_t at)
{
	const char quote = text[at];

	for (at++; at < len && text[at] != quote; at++)
		if (text[at] == '\\')
			at++;
	return at < len ? at : len;
}

static bool is_key(const char *text, size_t len, size_t at)
{
	while (at < len && is_space(text[at]))
		at++;
	return at < len && text[at] == ':';
}

static bool key_is(const struct jsonplace_key *key, const char *name)
{
	return strlen(name) == key->len && !memcmp(key->text, name, key->len);
}

/* The document is at depth 1, the list at depth 2, its objects at depth 3. */
struct scan {
	const char *list;
	size_t depth;
	bool in_list;	 /* the value of the member @list */
	bool starts;	 /* the next character that is no space starts an element of the list */
	size_t element;	 /* elements of the list begun so far */
	size_t want;	 /* report the place of this element ... */
	size_t found_at; /* ... here */
};

static void begin_element(struct scan *scan, size_t at)
{
	scan->starts = false;
	if (++scan->element == scan->want)
		scan->found_at = at;
}

static void run(const char *text, size_t len, struct scan *scan,
		bool (*each)(const struct jsonplace_key *key, void *userdata), void *userdata)
{
	for (size_t at = 0; at < len; at++) {
		const char c = text[at];

		if (is_space(c))
			continue;
		if (scan->starts && c != ']')
			begin_element(scan, at);
		if (c == '"' || c == '\'') {
			const size_t end = end_of_string(text, len, at);
			struct jsonplace_key key = {
				.text = text + at + 1, .len = end - at - 1, .offset = at};

			if (end >= len)
				return;
			if (is_key(text, len, end + 1) &&
			    (scan->depth == 1 || (scan->depth == 3 && scan->in_list))) {
				key.element = scan->depth == 3 ? scan->element : 0;
				if (scan->depth == 1)
					scan->in_list = key_is(&key, scan->list);
				if (!each(&key, userdata))
					return;
			}
			at = end;
		} else if (c == '{' || c == '[') {
			scan->depth++;
			scan->starts = scan->depth == 2 && scan->in_list && c == '[';
		} else if (c == '}' || c == ']') {
			scan->depth -= scan->depth > 0;
			scan->starts = false;
		} else if (c == ',') {
			scan->starts = scan->depth == 2 && scan->in_list;
		}
	}
}

void jsonplace_keys(const char *text, size_t len, const char *list,
		    bool (*each)(const struct jsonplace_key *key, void *userdata), void *userdata)
{
	struct scan scan = {.list = list};

	run(text, len, &scan, each, userdata);
}

struct wanted {
	size_t element;
	const char *name;
	size_t offset;
	bool found;
};

static bool find_key(const struct jsonplace_key *key, void *userdata)
{
	struct wanted *wanted = userdata;

	if (!wanted->name || key->element != wanted->element || !key_is(key, wanted->name))
		return true;
	wanted->offset = key->offset;
	wanted->found = true;
	return false;
}

size_t jsonplace_find(const char *text, size_t len, const char *list, size_t element,
		      const char *name)
{
	struct scan scan = {.list = list, .want = element};
	struct wanted wanted = {.element = element, .name = name};

	while (scan.found_at < len && is_space(text[scan.found_at]))
		scan.found_at++;
	run(text, len, &scan, find_key, &wanted);
	return wanted.found ? wanted.offset : scan.found_at;
}

void jsonplace_line(const char *text, size_t offset, size_t *ret_line, size_t *ret_column)
{
	size_t line = 1, start = 0;

	for (size_t at = 0; at < offset; at++)
		if (text[at] == '\n') {
			line++;
			start = at + 1;
		}
	*ret_line = line;
	*ret_column = offset - start + 1;
}
