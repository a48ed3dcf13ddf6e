/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_SLOTHISTORY_H
#define NISVD_SLOTHISTORY_H

/*
 * When the memory map of a VM changed, and how: so that "removed 3 ms before the fault" and
 * "removed 2 hours before" can be told apart. Times: nanoseconds of one clock.
 */

#include <stddef.h>
#include <stdint.h>

#include "daemon/core/layout.h"

#define SLOT_HISTORY_MAX 128 /* the newest are kept */

struct slot_change {
	enum nisv_slot_change what;
	struct nisv_slot slot; /* as it is after the change; for a deletion as it was before */
	uint64_t gpa_before;   /* where it was, for NISV_SLOT_MOVED */
	/* Between these two times; equal where KVM's own function told the moment. */
	uint64_t from_ns, until_ns;
};

/* Starts as zeroes. */
struct slot_history {
	struct slot_change *list; /* owned; in the order of time */
	size_t n;
	uint64_t total; /* changes seen since the beginning; more than n: the oldest were dropped */
};

/* Adds what capture told. Out of memory: counted in ->total only. */
void slot_history_record(struct slot_history *history, const struct nisv_rec_slot *rec);

/*
 * Where no hook tells: adds the differences between two readings of the memslots (@before, taken at
 * @before_ns, and @after, at @after_ns), by slot id and address space.
 */
void slot_history_compare(struct slot_history *history, const struct layout *before,
			  const struct layout *after, uint64_t before_ns, uint64_t after_ns);

/* "created", "deleted", "moved", "flags"; static. */
const char *slot_change_name(enum nisv_slot_change what);

void slot_history_clear(struct slot_history *history);

#endif
