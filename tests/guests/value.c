/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "fail.h"
#include "options.h"
#include "value.h"

/* The name of the option that is being parsed, for messages. */
static const char *current = "";

void value_option_set(const char *name)
{
	current = name;
}

void value_bad(const char *value, const char *expected)
{
	fail(EXIT_USAGE, "--%s: \"%s\" is not %s; see --help", current, value, expected);
}

uint64_t value_number_prefix(const char *text, const char **rest)
{
	char *end;
	uint64_t value;
	unsigned int shift = 0;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (end == text || errno || *text == '-')
		value_bad(text, "a number");
	switch (*end) {
	case 'K':
		shift = 10;
		break;
	case 'M':
		shift = 20;
		break;
	case 'G':
		shift = 30;
		break;
	}
	if (shift) {
		if (value << shift >> shift != value)
			value_bad(text, "a 64-bit number");
		end++;
	}
	*rest = end;
	return value << shift;
}

uint64_t value_number(const char *text, uint64_t min, uint64_t max)
{
	const char *rest;
	uint64_t value = value_number_prefix(text, &rest);

	if (*rest || value < min || value > max) {
		char expected[80];

		snprintf(expected, sizeof(expected), "a number from %llu to %llu",
			 (unsigned long long)min, (unsigned long long)max);
		value_bad(text, expected);
	}
	return value;
}

bool value_pair(const char *text, uint64_t *first, uint64_t *second)
{
	const char *rest;

	*first = value_number_prefix(text, &rest);
	if (!*rest)
		return false;
	if (*rest != ',')
		value_bad(text, "ADDR or ADDR,NUMBER");
	*second = value_number(rest + 1, 0, UINT64_MAX);
	return true;
}
