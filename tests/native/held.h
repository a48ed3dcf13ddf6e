/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TEST_HELD_H
#define NISVD_TEST_HELD_H

/* What this process holds of the kernel, and of memory. */

#include <stddef.h>

struct held {
	unsigned fds; /* all of them, those below included */
	unsigned programs, maps, links, iterators;
	size_t heap;	  /* bytes in use of what malloc() has given */
	size_t anonymous; /* bytes of memory of its own */
};

void held_read(struct held *ret);

/* BPF programs of this name that the kernel has, of whatever process. */
unsigned held_programs_named(const char *name);

#endif
