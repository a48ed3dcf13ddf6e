/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_TERM_H
#define NISVCTL_TERM_H

/*
 * Where text goes: standard output or a pager in front of it, how wide it is, whether it knows
 * colour and more than ASCII.
 */

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "cli/cli.h"

enum colour {
	COLOUR_NONE = 0,
	COLOUR_BOLD,
	COLOUR_DIM,
	COLOUR_RED,
	COLOUR_YELLOW,
	COLOUR_GREEN,
	COLOUR_BLUE,
	_COLOUR_MAX
};

struct term {
	FILE *out;
	int width;     /* columns: of the terminal, else $COLUMNS, else 80 */
	int height;    /* lines: of the terminal, else $LINES, else 0 */
	bool terminal; /* in the end it is a terminal, be it behind a pager */
	bool colour;   /* a terminal, and neither NO_COLOR nor TERM=dumb */
	bool utf8;
	pid_t pager; /* 0: none */
};

/* Starts a pager if @pager, standard output is a terminal and --no-pager was not given. */
void term_open(struct term *term, const struct options *options, bool pager);

/* Writes out, waits for the pager. Returns an exit status: output that is lost is an error. */
int term_close(struct term *term, const struct options *options);

/* The same for what a verb wrote straight to stdout. */
int term_flush_stdout(const struct options *options);

/* The escape sequence that begins @colour; COLOUR_NONE ends all. "" where there is no colour. */
const char *term_colour(const struct term *term, enum colour colour);
enum colour term_severity(const char *severity);

/* "@u" where the terminal knows UTF-8, else "@a". */
const char *term_glyph(const struct term *term, const char *u, const char *a);

/* Columns that @text takes. */
size_t term_columns(const char *text);

/*
 * How many bytes of @text fit @columns and @bytes, in whole characters; @ret_columns: the columns
 * that they take.
 */
size_t term_prefix(const char *text, size_t columns, size_t bytes, size_t *ret_columns);

/*
 * Prints @text word by word within the width (at most 100 columns: longer lines are hard to read).
 * @first, plain text, starts the first line, @indent spaces every other one.
 */
void term_wrap(const struct term *term, const char *first, int indent, const char *text);

#endif
