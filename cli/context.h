/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_CONTEXT_H
#define NISVCTL_CONTEXT_H

/* A Context of the interface: the code that faulted, how it came to the address, who called it. */

#include "cli/symbols.h"
#include "cli/term.h"

/* Where the addresses of one finding have names. */
struct context_names {
	const struct symbols *symbols; /* NULL: nowhere */
	uint64_t slide;
	bool slide_known;
	bool is_process; /* a process of the guest faulted: its own addresses have none */
};

struct context_names context_names(const struct symbols *symbols, struct json_object *context);

/* "el1_abort+0x3c" for @address, in @buf, which is returned; NULL: it has no name. */
const char *context_name(const struct context_names *names, uint64_t address, bool is_return,
			 char buf[SYMBOLS_TEXT_MAX]);

/* Nothing where @context is NULL. */
void context_print(const struct term *term, struct json_object *context,
		   const struct context_names *names);

#endif
