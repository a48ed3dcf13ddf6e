/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_VARIANT_H
#define NISV_BENCH_VARIANT_H

/*
 * What is attached to KVM's tracepoints during a block. All variants attach to the same ones, those
 * that nisvd attaches on this architecture, as far as this kernel has them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum variant {
	VARIANT_NONE,
	VARIANT_EMPTY, /* a program of two instructions: `return 0` */
	VARIANT_COUNT, /* counts the events of the thread that loaded it */
	VARIANT_NISVD, /* what nisvd attaches, by the same code */
};

struct variants;

/*
 * Loads the programs of all variants; none is attached. 0 or -errno, after logging what is wrong.
 * The caller frees them.
 */
int variants_new(struct variants **ret);
void variants_free(struct variants *variants); /* takes NULL; detaches */

/* Only one variant is attached at a time. VARIANT_NONE detaches. 0 or -errno, logged. */
int variants_attach(struct variants *variants, enum variant variant);

/* The number of tracepoints, the name of each, and the events that VARIANT_COUNT counted there. */
size_t variants_n_events(void);
const char *variants_event_name(size_t event);
uint64_t variants_events(const struct variants *variants, size_t event);

/*
 * Is a BPF program of somebody else attached to a raw tracepoint of KVM? Then nothing measured now
 * is worth anything. Call it with VARIANT_NONE.
 */
bool variants_disturbed(void);

#endif
