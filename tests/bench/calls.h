/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_CALLS_H
#define NISV_BENCH_CALLS_H

/*
 * How often nisvd's programs call the kernel's functions that cost most. Counted by kprobes, for
 * everybody who calls them meanwhile: on a machine where nothing else uses BPF. A look-up in an
 * array is no call: it is compiled into the program.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum call {
	CALL_LOOK_UP, /* in a hash map */
	CALL_UPDATE,  /* of a hash map */
	CALL_READ,    /* of kernel memory */
	_CALL_MAX,
};

const char *call_name(enum call call);

/* Puts the kprobes there. False: there can be none. calls_end() takes them away. */
bool calls_begin(void);
void calls_end(void);

/* Calls since calls_begin(). */
uint64_t calls_count(enum call call);

#endif
