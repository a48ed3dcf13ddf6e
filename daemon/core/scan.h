/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_SCAN_H
#define NISVD_SCAN_H

/*
 * Reading one line of text that nobody vouches for. Nothing needs an end of string, no byte is
 * read past ->end, and a step that fails leaves ->at where it was.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan {
	const char *at, *end;
};

/* Up to the first line end or NUL within @len bytes. */
struct scan scan_line(const char *text, size_t len);

size_t scan_left(const struct scan *scan);
bool scan_spaces(struct scan *scan); /* blanks and tabs; true if there was one */
bool scan_literal(struct scan *scan, const char *literal);

/* Decimal digits, a leading '-' makes it two's complement; false for none or more than 64 bits. */
bool scan_decimal(struct scan *scan, uint64_t *ret);

/* Hexadecimal digits with 0x or without; false for none or more than 64 bits. */
bool scan_hex(struct scan *scan, uint64_t *ret);

/* Letters, digits and '_', the first one no digit: *ret is borrowed from the line. */
bool scan_word(struct scan *scan, struct scan *ret);

/* Is @word (all of it) @text, be it in capitals? */
bool scan_is(const struct scan *word, const char *text);

/* Is nothing left that would make a number or a word longer? */
bool scan_at_end_of_word(const struct scan *scan);

/* Where @literal begins; ->at is then behind it. */
bool scan_find(struct scan *scan, const char *literal);

#endif
