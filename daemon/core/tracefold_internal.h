/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TRACEFOLD_INTERNAL_H
#define NISVD_TRACEFOLD_INTERNAL_H

/* Shared by the files of tracefold only. */

#include "daemon/core/tracefold.h"

#define BUCKETS (2U * TRACE_THREADS_MAX) /* a power of two */

struct tracefold {
	struct tracefold_ops ops;
	struct trace_account *account;
	void *userdata;
	struct trace_thread *threads; /* owned, in the order of first sight */
	size_t n_threads;
	uint32_t buckets[BUCKETS]; /* of threads, their number + 1; 0: empty */
};

/* Each takes the event it is named after, in the thread it belongs to. */
void tracefold_guest_fault(struct tracefold *fold, struct trace_thread *thread,
			   const struct trace_event *event);
void tracefold_mmio_nisv(struct tracefold *fold, struct trace_thread *thread,
			 const struct trace_event *event);
void tracefold_exit(struct tracefold *fold, struct trace_thread *thread,
		    const struct trace_event *event);
void tracefold_emulate_insn(struct tracefold *fold, struct trace_thread *thread,
			    const struct trace_event *event);

/* The vCPU goes on, or faults anew: nothing more is said about the fault that waits. */
void tracefold_settle(struct tracefold *fold, struct trace_thread *thread);

/* Something else than the same fault: those until now may have been of memory. */
void tracefold_forget_repeats(struct trace_thread *thread);

#endif
