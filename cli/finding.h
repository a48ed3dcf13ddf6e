/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_FINDING_H
#define NISVCTL_FINDING_H

/* A Finding of the interface as text: for explain and verify alike. */

#include "cli/symbols.h"
#include "cli/term.h"

/* The answer in one sentence; then its cause and how sure that is, how grave it is, how often. */
void print_answer(const struct term *term, struct json_object *finding);

/* A heading and a list of strings; nothing if it is empty. */
void print_lines(const struct term *term, const char *heading, struct json_object *lines);

/*
 * All of it. @regions: of GetFaultMap, for a drawing of the place; NULL: without. @symbols: of the
 * guest's kernel, or NULL.
 */
void print_finding(const struct term *term, struct json_object *finding,
		   struct json_object *regions, const struct symbols *symbols);

/* A line between findings: none before the first one, @i 0. */
void print_separator(const struct term *term, size_t i);

#endif
