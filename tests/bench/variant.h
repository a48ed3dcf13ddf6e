/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_VARIANT_H
#define NISV_BENCH_VARIANT_H

/*
 * What traces during a block. Our own programs attach to the same tracepoints in all variants,
 * those that nisvd attaches on this architecture, as far as this kernel has them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tool.h"

enum variant {
	VARIANT_NONE,
	VARIANT_COUNT, /* counts the events of the thread that loaded it */
	VARIANT_EMPTY, /* a program of two instructions: `return 0` */
	VARIANT_NISVD, /* what nisvd attaches, by the same code */
	VARIANT_TOOL,  /* from here on, by enum tool */
	_VARIANT_MAX = VARIANT_TOOL + _TOOL_MAX,
};

#define MAX_EVENTS 8

struct variants;

/*
 * Loads the programs of all variants; none is attached. 0 or -errno, after logging what is wrong.
 * The caller frees them.
 */
int variants_new(struct variants **ret);
void variants_free(struct variants *variants); /* takes NULL; detaches */

/* Only one variant is attached at a time. VARIANT_NONE detaches. 0 or -errno, logged. */
int variants_attach(struct variants *variants, enum variant variant);

/* The number of tracepoints (up to MAX_EVENTS), the name of each, and the events that VARIANT_COUNT
 * counted there. */
size_t variants_n_events(void);
const char *variants_event_name(size_t event);
uint64_t variants_events(const struct variants *variants, size_t event);

/* What the kernel measured of the program at a tracepoint since it was loaded. */
struct variant_runs {
	uint64_t n, ns;
};

/*
 * While they are switched on the kernel measures each run of each program (BPF_ENABLE_STATS), which
 * has a cost of its own: that is what an empty program takes. A file descriptor to be closed, or
 * -errno, logged.
 */
int variants_runs_enable(void);
struct variant_runs variants_runs(const struct variants *variants, enum variant variant,
				  size_t event);

/* Takes what nisvd's programs have put into their rings. The number of fault records among it. */
uint64_t variants_records(struct variants *variants);

/*
 * Is a BPF program of somebody else attached to a raw tracepoint of KVM? Then nothing measured now
 * is worth anything. Call it with VARIANT_NONE.
 */
bool variants_disturbed(void);

#endif
