/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_WORKLOAD_H
#define NISV_BENCH_WORKLOAD_H

/* The rows of the table: what a guest does, and what one time of it costs with each variant. */

#include <stdbool.h>
#include <stdint.h>

#include "machine.h"
#include "sample.h"
#include "variant.h"

#define MAX_EVENTS 8

struct workload {
	const char *name;
	struct machine_setup setup;
	unsigned int chunk_runs; /* KVM_RUNs between two times taken: some 0.4 ms */

	struct machine *machine; /* NULL: not on this architecture */
	struct sample base;	 /* ns per access, of each block without tracing */
	struct sample empty;	 /* ns per access added, of each round */
	struct sample nisvd;
	double events[MAX_EVENTS]; /* tracepoint events per access, by number of the event */
};

extern struct workload workloads[];
extern const unsigned int n_workloads;

/* Makes the machine. 0 or -errno, logged; where there is no such program the row is left out. */
int workload_prepare(struct workload *workload);
void workload_release(struct workload *workload);

/* Counts the events of each access. 0 or -errno, logged. */
int workload_count(struct workload *workload, struct variants *variants, uint64_t block_ns);

/*
 * One round: blocks of @block_ns without tracing, with a variant, without, with the other, without;
 * the order of the two variants is random. What a variant adds is its block's time less the mean of
 * the blocks around it. 0, -errno (logged), or -EAGAIN if somebody else's program was attached to
 * KVM's tracepoints meanwhile and @force is not set: then nothing is added to the samples.
 */
int workload_round(struct workload *workload, struct variants *variants, uint64_t block_ns,
		   bool force);

#endif
