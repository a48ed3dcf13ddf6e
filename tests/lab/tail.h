/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_LAB_TAIL_H
#define NISVD_LAB_TAIL_H

#include <stddef.h>

#define TAIL_SIZE 65536

/* The last TAIL_SIZE bytes of a log that may be endless. Zero-initialise. */
struct tail {
	size_t written; /* all bytes ever added; the ring position is this modulo TAIL_SIZE */
	char data[TAIL_SIZE];
};

void tail_add(struct tail *tail, const void *bytes, size_t size);

/* Prints the last @lines lines to standard error, indented, under @title; nothing when the log is
 * empty. */
void tail_print(const struct tail *tail, const char *title, unsigned int lines);

#endif
