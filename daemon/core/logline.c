/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/logline.h"

#include <string.h>

#include "daemon/core/scan.h"

#define FIELD_MAX 16

const struct logline_table *const logline_tables[] = {
	&logline_kernel,
	&logline_vmm,
	&logline_guest,
};

const size_t n_logline_tables = sizeof(logline_tables) / sizeof(logline_tables[0]);

static bool is_decimal(const char *name)
{
	static const char *const names[] = {"pid",	"tid",	  "errno", "size",
					    "suberror", "reason", "cpu",   "dec"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool take_field(const char *name, struct scan *line, struct logline *found)
{
	struct named_value value = {.decimal = is_decimal(name)};

	if (!(value.decimal ? scan_decimal(line, &value.value) : scan_hex(line, &value.value)))
		return false;
	if (!strcmp(name, "hex") || !strcmp(name, "dec") || found->n_values == NAMED_VALUES_MAX)
		return true;
	memcpy(value.name, name, strlen(name) + 1);
	found->values[found->n_values++] = value;
	return true;
}

/* The name in "{name}"; what is behind it. */
static const char *field_name(const char *pattern, char name[FIELD_MAX])
{
	size_t n = 0;

	for (pattern++; *pattern && *pattern != '}'; pattern++)
		if (n < FIELD_MAX - 1)
			name[n++] = *pattern;
	name[n] = '\0';
	return *pattern ? pattern + 1 : pattern;
}

/* {*}: up to where the literal text behind it is found. */
static bool skip_to(const char *pattern, struct scan *line)
{
	size_t blank = *pattern == ' ', len = blank + strcspn(pattern + blank, "{ ");
	const char *found;

	if (!len)
		return true;
	found = scan_left(line) ? memmem(line->at, scan_left(line), pattern, len) : NULL;
	if (found)
		line->at = found;
	return found;
}

/* Does @line go on as @pattern says? */
static bool match_here(const char *pattern, struct scan line, struct logline *found)
{
	char name[FIELD_MAX];

	while (*pattern) {
		if (*pattern == ' ') {
			if (!scan_spaces(&line))
				return false;
			pattern++;
		} else if (*pattern == '{') {
			pattern = field_name(pattern, name);
			if (strcmp(name, "*") ? !take_field(name, &line, found)
					      : !skip_to(pattern, &line))
				return false;
		} else if (line.at == line.end || *line.at++ != *pattern++) {
			return false;
		}
	}
	return true;
}

/* Every pattern begins with text: only where that is found the rest is looked at. */
static bool match(const struct logline_row *row, struct scan line, struct logline *ret)
{
	size_t len = strcspn(row->pattern, "{ ");

	while (scan_left(&line) >= len) {
		struct logline found = {.row = row};
		const char *at = memmem(line.at, scan_left(&line), row->pattern, len);

		if (!at)
			return false;
		line.at = at;
		if (match_here(row->pattern, line, &found)) {
			*ret = found;
			return true;
		}
		line.at++;
	}
	return false;
}

bool logline_parse(const char *line, size_t len, struct logline *ret)
{
	struct scan scan = scan_line(line, len < LOGLINE_MAX ? len : LOGLINE_MAX);

	for (size_t t = 0; t < n_logline_tables; t++)
		for (size_t i = 0; i < logline_tables[t]->n; i++)
			if (match(&logline_tables[t]->rows[i], scan, ret))
				return true;
	return false;
}
