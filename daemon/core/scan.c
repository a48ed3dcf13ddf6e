/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/scan.h"

#include <string.h>

struct scan scan_line(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] && text[n] != '\n' && text[n] != '\r')
		n++;
	return (struct scan){text, text + n};
}

size_t scan_left(const struct scan *scan)
{
	return (size_t)(scan->end - scan->at);
}

bool scan_spaces(struct scan *scan)
{
	const char *from = scan->at;

	while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t'))
		scan->at++;
	return scan->at > from;
}

bool scan_literal(struct scan *scan, const char *literal)
{
	size_t len = strlen(literal);

	if (scan_left(scan) < len || memcmp(scan->at, literal, len) != 0)
		return false;
	scan->at += len;
	return true;
}

/* The value of a digit in base 16, 16 for none. */
static unsigned int digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a') + 10 : 16;
}

static bool scan_digits(struct scan *scan, unsigned int base, uint64_t *ret)
{
	const char *at = scan->at;
	uint64_t value = 0;

	for (; at < scan->end && digit(*at) < base; at++)
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit(*at), &value))
			return false;
	if (at == scan->at)
		return false;
	scan->at = at;
	*ret = value;
	return true;
}

bool scan_decimal(struct scan *scan, uint64_t *ret)
{
	struct scan rest = *scan;
	bool negative = scan_literal(&rest, "-");
	uint64_t value;

	if (!scan_digits(&rest, 10, &value) || (negative && value > 1ULL << 63))
		return false;
	*scan = rest;
	*ret = negative ? 0 - value : value;
	return true;
}

bool scan_hex(struct scan *scan, uint64_t *ret)
{
	struct scan rest = *scan;

	if (!scan_literal(&rest, "0x") && !scan_literal(&rest, "0X"))
		return scan_digits(scan, 16, ret);
	if (!scan_digits(&rest, 16, ret))
		return false;
	*scan = rest;
	return true;
}

static bool is_letter(char c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

static bool is_word(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

bool scan_word(struct scan *scan, struct scan *ret)
{
	const char *at = scan->at;

	if (at >= scan->end || !is_letter(*at))
		return false;
	while (at < scan->end && is_word(*at))
		at++;
	*ret = (struct scan){scan->at, at};
	scan->at = at;
	return true;
}

bool scan_is(const struct scan *word, const char *text)
{
	size_t len = strlen(text);

	return scan_left(word) == len && strncasecmp(word->at, text, len) == 0;
}

bool scan_at_end_of_word(const struct scan *scan)
{
	return scan->at >= scan->end || !is_word(*scan->at);
}

bool scan_find(struct scan *scan, const char *literal)
{
	size_t len = strlen(literal);
	const char *found =
		scan_left(scan) ? memmem(scan->at, scan_left(scan), literal, len) : NULL;

	if (!found)
		return false;
	scan->at = found + len;
	return true;
}
