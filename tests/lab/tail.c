/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tail.h"

#include <stdio.h>

void tail_add(struct tail *tail, const void *bytes, size_t size)
{
	const char *from = bytes;

	for (size_t i = 0; i < size; i++)
		tail->data[tail->written++ % TAIL_SIZE] = from[i];
}

void tail_print(const struct tail *tail, const char *title, unsigned int lines)
{
	size_t oldest = tail->written > TAIL_SIZE ? tail->written - TAIL_SIZE : 0;
	size_t from = tail->written;
	int line_start = 1;

	if (from == oldest)
		return;
	/* The newline that ends the last line does not begin another one. */
	while (from > oldest &&
	       (from == tail->written || tail->data[(from - 1) % TAIL_SIZE] != '\n' || --lines))
		from--;
	fprintf(stderr, "lab: %s:\n", title);
	for (; from < tail->written; from++) {
		char c = tail->data[from % TAIL_SIZE];

		if (c == '\r')
			continue;
		if (line_start)
			fputs("    ", stderr);
		fputc(c, stderr);
		line_start = c == '\n';
	}
	if (!line_start)
		fputc('\n', stderr);
}
