/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_WORKLOAD_H
#define NISV_BENCH_WORKLOAD_H

/* The rows of the tables: what a guest does, and what one time of it costs with each variant. */

#include <stdbool.h>
#include <stdint.h>

#include "calls.h"
#include "machine.h"
#include "sample.h"
#include "variant.h"

struct workload {
	const char *name;
	struct machine_setup setup;
	unsigned int chunk_runs; /* KVM_RUNs between two times taken: some 0.4 ms */
	unsigned int max_chunks; /* of a block; 0: as many as there is time for */
	bool is_mmio;		 /* the tools have something to trace */
	double limit_ns;	 /* of three quarters of `over`; 0: none */

	struct machine *machine;	   /* NULL: not on this architecture */
	struct sample base;		   /* ns per access, of each block without tracing */
	struct sample added[_VARIANT_MAX]; /* ns per access, of each round */
	struct sample over;	   /* what nisvd adds more than the empty programs, of each round */
	double events[MAX_EVENTS]; /* tracepoint events per access, by number of the event */
	double records;		   /* of nisvd, about a fault, per access */
	double calls[_CALL_MAX];   /* of nisvd, per access; only where has_calls */
	bool has_calls;
	/* ns per run of the program at each tracepoint, as the kernel measured it. */
	struct sample runs[_VARIANT_MAX][MAX_EVENTS];
};

extern struct workload workloads[];
extern const unsigned int n_workloads;

struct measuring {
	uint64_t block_ns;
	bool force; /* whoever else's program is attached */
};

/* Makes the machine. 0 or -errno, logged; where there is no such program the row is left out. */
int workload_prepare(struct workload *workload);
void workload_release(struct workload *workload);

/* Counts the events of each access, and nisvd's records. 0 or -errno, logged. */
int workload_count(struct workload *workload, struct variants *variants,
		   const struct measuring *how);

/*
 * One round: blocks without tracing, and between two of them one with each variant, in random
 * order. What a variant adds is its block's time less the mean of the blocks around it. 0, -errno
 * (logged), or -EAGAIN if somebody else's program was attached to KVM's tracepoints meanwhile: then
 * nothing is added to the samples.
 */
int workload_round(struct workload *workload, struct variants *variants,
		   const struct measuring *how);

/* A block with the empty programs and one with nisvd's whose runs the kernel measures. */
int workload_runs(struct workload *workload, struct variants *variants,
		  const struct measuring *how);

#endif
