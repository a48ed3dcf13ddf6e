/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "workload.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* The first part of a block is not measured: caches are cold, nisvd meets the VM. 1/8 of it. */
#define WARM_UP_SHARE 8

#if defined(__x86_64__)
#define FAILURE "emulation failure"
#else
#define FAILURE "no syndrome"
#endif

#define LIMIT_NS 40

struct workload workloads[] = {
	{
		.name = "MMIO in the kernel, 4 places",
		.setup = {PROGRAM_STORE, .places = 4, .per_run = 500, .ioeventfds = true},
		.chunk_runs = 1,
		.is_mmio = true,
		.limit_ns = LIMIT_NS,
	},
	{
		.name = "MMIO in the kernel, 512 places",
		.setup = {PROGRAM_STORE, .places = 512, .per_run = 512, .ioeventfds = true},
		.chunk_runs = 1,
		.is_mmio = true,
		.limit_ns = LIMIT_NS,
	},
	{
		.name = "MMIO in the kernel, 10,000",
		.setup = {PROGRAM_STORE, .places = 10000, .per_run = 10000, .ioeventfds = true},
		.chunk_runs = 1,
		.is_mmio = true,
	},
	{
		.name = "MMIO in user space, 4 places",
		.setup = {PROGRAM_STORE_LOAD, .places = 4, .per_run = 1},
		.chunk_runs = 48,
		.is_mmio = true,
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
		/* Records get fewer the more often it fails at one place. */
		.name = FAILURE ", counted",
		.setup = {PROGRAM_FAIL, .places = 1, .per_run = 1},
		.chunk_runs = 48,
	},
	{
		/* A block has no more of them than nisvd's rings hold. */
		.name = FAILURE ", recorded",
		.setup = {PROGRAM_FAIL, .places = 1, .per_run = 1, .elsewhere = true},
		.chunk_runs = 12,
		.max_chunks = 32,
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

/* A block: the time of each chunk of it. */
static int chunks_run(struct workload *w, uint64_t block_ns, struct sample *ret)
{
	size_t max = w->max_chunks ? w->max_chunks : SAMPLE_MAX;
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	double ns;

	ret->n = 0;
	do {
		int r = chunk_run(w, &ns);

		if (r < 0)
			return r;
		sample_add(ret, ns);
	} while (ret->n < max && clock_ns(CLOCK_MONOTONIC) - start < block_ns);
	return 0;
}

/* The median over the chunks of a block: interrupts and other processes hit a few of them. */
static int block_run(struct workload *w, uint64_t block_ns, double *ret)
{
	static struct sample chunks;
	int r = chunks_run(w, block_ns, &chunks);

	sample_drop(&chunks, chunks.n / WARM_UP_SHARE);
	*ret = sample_quartiles(&chunks).median;
	return r;
}

static int block_with(struct workload *w, struct variants *variants, enum variant variant,
		      const struct measuring *how, double *ret)
{
	int r;

	if (!how->force && variants_disturbed())
		return -EAGAIN;
	r = variants_attach(variants, variant);
	if (r >= 0)
		r = block_run(w, how->block_ns, ret);
	variants_attach(variants, VARIANT_NONE);
	return r;
}

/* ---- what an access is ---- */

static int accesses_run(struct workload *w, uint64_t block_ns, double *ret)
{
	static struct sample chunks;
	int r = chunks_run(w, block_ns, &chunks);

	*ret = (double)chunks.n * w->chunk_runs * w->setup.per_run;
	return r;
}

/* What the programs call that are attached: nisvd's, which know the VM by now. */
static int calls_of(struct workload *w, const struct measuring *how)
{
	double accesses;
	int r;

	w->has_calls = calls_begin();
	if (!w->has_calls)
		return 0;
	r = accesses_run(w, how->block_ns, &accesses);
	for (enum call call = 0; r >= 0 && call < _CALL_MAX; call++)
		w->calls[call] = (double)calls_count(call) / accesses;
	calls_end();
	return r;
}

int workload_count(struct workload *w, struct variants *variants, const struct measuring *how)
{
	size_t n = variants_n_events();
	uint64_t before[MAX_EVENTS];
	double accesses;
	int r = variants_attach(variants, VARIANT_COUNT);

	for (size_t i = 0; i < n; i++)
		before[i] = variants_events(variants, i);
	if (r >= 0)
		r = accesses_run(w, how->block_ns, &accesses);
	for (size_t i = 0; r >= 0 && i < n; i++)
		w->events[i] = (double)(variants_events(variants, i) - before[i]) / accesses;
	if (r >= 0)
		r = variants_attach(variants, VARIANT_NISVD);
	if (r >= 0)
		r = accesses_run(w, how->block_ns, &accesses);
	if (r >= 0)
		w->records = (double)variants_records(variants) / accesses;
	if (r >= 0)
		r = calls_of(w, how);
	variants_attach(variants, VARIANT_NONE);
	return r;
}

/* ---- rounds ---- */

/* The variants of a row, shuffled. Their number. */
static size_t order_make(const struct workload *w, enum variant order[_VARIANT_MAX])
{
	size_t n = 0;

	for (enum variant v = VARIANT_EMPTY; v < _VARIANT_MAX; v++) {
		size_t at = (size_t)random() % (n + 1);

		if (v >= VARIANT_TOOL && (!w->is_mmio || tool_refusal(v - VARIANT_TOOL)))
			continue;
		order[n++] = order[at];
		order[at] = v;
	}
	return n;
}

static void round_keep(struct workload *w, const enum variant *order, size_t n, const double *base,
		       const double *with)
{
	double added[_VARIANT_MAX] = {};

	for (size_t i = 0; i < n; i++) {
		added[order[i]] = with[i] - (base[i] + base[i + 1]) / 2;
		sample_add(&w->added[order[i]], added[order[i]]);
	}
	for (size_t i = 0; i <= n; i++)
		sample_add(&w->base, base[i]);
	sample_add(&w->over, added[VARIANT_NISVD] - added[VARIANT_EMPTY]);
}

int workload_round(struct workload *w, struct variants *variants, const struct measuring *how)
{
	enum variant order[_VARIANT_MAX] = {};
	double base[_VARIANT_MAX + 1], with[_VARIANT_MAX];
	size_t n = order_make(w, order);
	int r = block_with(w, variants, VARIANT_NONE, how, &base[0]);

	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = block_with(w, variants, order[i], how, &with[i]);
		variants_records(variants);
		if (r >= 0)
			r = block_with(w, variants, VARIANT_NONE, how, &base[i + 1]);
	}
	if (r >= 0 && !how->force && variants_disturbed())
		r = -EAGAIN;
	if (r >= 0)
		round_keep(w, order, n, base, with);
	return r;
}

static int runs_of(struct workload *w, struct variants *variants, enum variant variant,
		   const struct measuring *how)
{
	struct variant_runs before[MAX_EVENTS] = {};
	double ns;
	int r;

	for (size_t i = 0; i < variants_n_events(); i++)
		before[i] = variants_runs(variants, variant, i);
	r = block_with(w, variants, variant, how, &ns);
	variants_records(variants);
	for (size_t i = 0; r >= 0 && i < variants_n_events(); i++) {
		struct variant_runs after = variants_runs(variants, variant, i);

		/* A few are of a VM of somebody else. */
		if (w->events[i] > 0.01 && after.n > before[i].n)
			sample_add(&w->runs[variant][i],
				   (double)(after.ns - before[i].ns) / (after.n - before[i].n));
	}
	return r;
}

int workload_runs(struct workload *w, struct variants *variants, const struct measuring *how)
{
	int fd = variants_runs_enable(), r;

	if (fd < 0)
		return fd;
	r = runs_of(w, variants, VARIANT_EMPTY, how);
	if (r >= 0)
		r = runs_of(w, variants, VARIANT_NISVD, how);
	close(fd);
	return r;
}
