/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "workload.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

/* The first part of a block is not measured: caches are cold, nisvd meets the VM. 1/8 of it. */
#define WARM_UP_SHARE 8

#if defined(__x86_64__)
#define FAILURE_NAME "emulation failure, run again"
#else
#define FAILURE_NAME "access without syndrome, again"
#endif

struct workload workloads[] = {
	{
		.name = "MMIO in the kernel, 4 places",
		.setup = {PROGRAM_STORE, .places = 4, .per_run = 500, .ioeventfds = true},
		.chunk_runs = 1,
	},
	{
		.name = "MMIO in the kernel, 512 places",
		.setup = {PROGRAM_STORE, .places = 512, .per_run = 512, .ioeventfds = true},
		.chunk_runs = 1,
	},
	{
		.name = "MMIO in user space, 4 places",
		.setup = {PROGRAM_STORE_LOAD, .places = 4, .per_run = 1},
		.chunk_runs = 48,
	},
	{
		.name = "return to user space, no MMIO",
		.setup = {PROGRAM_EXIT, .places = 1, .per_run = 1},
		.chunk_runs = 48,
	},
	{
		.name = "RAM fault, dirty logging on",
		.setup = {PROGRAM_STORE, .places = 512, .per_run = 512, .ram = true},
		.chunk_runs = 1,
	},
	{
		.name = "emulated instruction, no exit",
		.setup = {PROGRAM_EMULATE, .places = 1, .per_run = 500},
		.chunk_runs = 1,
	},
	{
		.name = FAILURE_NAME,
		.setup = {PROGRAM_FAIL, .places = 1, .per_run = 1},
		.chunk_runs = 48,
	},
};

const unsigned int n_workloads = sizeof(workloads) / sizeof(workloads[0]);

int workload_prepare(struct workload *w)
{
	int r = machine_new(&w->setup, &w->machine);

	return r == -EOPNOTSUPP ? 0 : r;
}

void workload_release(struct workload *w)
{
	machine_free(w->machine);
	w->machine = NULL;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/*
 * CPU time of an access in ns, from one chunk: what other processes take is not counted, and what
 * the VMM does to protect its pages neither.
 */
static int chunk_run(struct workload *w, double *ret)
{
	int r = w->setup.ram ? machine_protect(w->machine) : 0;
	uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	for (unsigned int i = 0; r >= 0 && i < w->chunk_runs; i++)
		r = machine_run(w->machine);
	if (r < 0)
		return r;
	*ret = (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) /
	       ((double)w->chunk_runs * w->setup.per_run);
	return 0;
}

/* The median over the chunks of a block: interrupts and other processes hit a few of them. */
static int block_run(struct workload *w, uint64_t block_ns, double *ret)
{
	static struct sample chunks;
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	double ns;

	chunks.n = 0;
	while (clock_ns(CLOCK_MONOTONIC) - start < block_ns || !chunks.n) {
		int r = chunk_run(w, &ns);

		if (r < 0)
			return r;
		if (clock_ns(CLOCK_MONOTONIC) - start > block_ns / WARM_UP_SHARE)
			sample_add(&chunks, ns);
	}
	*ret = sample_quartiles(&chunks).median;
	return 0;
}

int workload_count(struct workload *w, struct variants *variants, uint64_t block_ns)
{
	uint64_t before[MAX_EVENTS], accesses = 0, start;
	size_t n = variants_n_events();
	double ns;
	int r = variants_attach(variants, VARIANT_COUNT);

	for (size_t i = 0; i < n; i++)
		before[i] = variants_events(variants, i);
	for (start = clock_ns(CLOCK_MONOTONIC);
	     r >= 0 && clock_ns(CLOCK_MONOTONIC) - start < block_ns;) {
		r = chunk_run(w, &ns);
		accesses += (uint64_t)w->chunk_runs * w->setup.per_run;
	}
	for (size_t i = 0; r >= 0 && i < n; i++)
		w->events[i] = (double)(variants_events(variants, i) - before[i]) / accesses;
	variants_attach(variants, VARIANT_NONE);
	return r;
}

static int block_with(struct workload *w, struct variants *variants, enum variant variant,
		      uint64_t block_ns, double *ret)
{
	int r = variants_attach(variants, variant);

	if (r >= 0)
		r = block_run(w, block_ns, ret);
	variants_attach(variants, VARIANT_NONE);
	return r;
}

int workload_round(struct workload *w, struct variants *variants, uint64_t block_ns, bool force)
{
	const bool nisvd_first = random() & 1;
	const enum variant order[] = {
		VARIANT_NONE, nisvd_first ? VARIANT_NISVD : VARIANT_EMPTY,
		VARIANT_NONE, nisvd_first ? VARIANT_EMPTY : VARIANT_NISVD,
		VARIANT_NONE,
	};
	const size_t n = sizeof(order) / sizeof(order[0]);
	double ns[sizeof(order) / sizeof(order[0])];

	for (size_t i = 0; i < n; i++) {
		int r = !force && variants_disturbed()
				? -EAGAIN
				: block_with(w, variants, order[i], block_ns, &ns[i]);

		if (r < 0)
			return r;
	}
	if (!force && variants_disturbed())
		return -EAGAIN;
	for (size_t i = 0; i < n; i++) {
		if (order[i] == VARIANT_NONE)
			sample_add(&w->base, ns[i]);
		else
			sample_add(order[i] == VARIANT_EMPTY ? &w->empty : &w->nisvd,
				   ns[i] - (ns[i - 1] + ns[i + 1]) / 2);
	}
	return 0;
}
