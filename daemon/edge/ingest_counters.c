/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/ingest_counters.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edge/counters.h"
#include "daemon/edge/manager.h"

static void update_rate(struct vm *vm, uint64_t now_ns)
{
	const uint64_t least_ns = 500000000;
	uint64_t total = vm->totals.mmio_reads + vm->totals.mmio_writes;
	uint64_t elapsed = now_ns - vm->rate_ns;

	if (!vm->rate_ns) {
		vm->rate_ns = now_ns;
		vm->rate_base = total;
		return;
	}
	if (elapsed < least_ns)
		return;
	/* A live cache may be read a few counts low (kernel-facts 8): never a negative rate. */
	vm->mmio_per_second =
		total > vm->rate_base
			? (uint64_t)((double)(total - vm->rate_base) * 1e9 / (double)elapsed)
			: 0;
	vm->rate_ns = now_ns;
	vm->rate_base = total;
}

/* New faults, or old ones that the VMM has answered since. */
static bool has_news(const struct vm *vm, const struct counters_vm *from)
{
	return memcmp(vm->totals.faults, from->stat.faults, sizeof(vm->totals.faults)) != 0 ||
	       vm->totals.answers != from->stat.answers;
}

/*
 * A VMM has made its devices when the guest runs, however long it took over the memory before, and
 * whatever was read of the VM until then lacks them.
 */
static bool begins_to_run(const struct vm *vm, const struct counters_vm *from)
{
	return !vm->totals.mmio_reads && !vm->totals.mmio_writes &&
	       (from->stat.mmio_reads || from->stat.mmio_writes);
}

bool ingest_news(const struct manager *manager, const struct counters *counters)
{
	bool any = false;

	for (size_t i = 0; i < counters->n_vms; i++) {
		struct vm *vm = vms_find(&manager->vms, &counters->vms[i].key);

		if (vm && has_news(vm, &counters->vms[i]))
			vm->dirty = any = true;
	}
	return any;
}

struct ingest_site_new {
	struct vm *vm;
	struct nisv_site_key key;
	struct nisv_site site;
};

static void take_site(struct vm *vm, const struct nisv_site_key *key, const struct nisv_site *site)
{
	faultmap_count_site(vm->faults, key, site);
	if (site->last_ns > vm->last_abort_ns)
		vm->last_abort_ns = site->last_ns;
}

/* -ENOMEM: it has to be taken at once. */
static int keep_site(struct ingest_sites *sites, const struct ingest_site_new *site)
{
	struct ingest_site_new *list;

	/* It is full at each power of two. */
	if (!(sites->n & (sites->n - 1))) {
		list = reallocarray(sites->list, sites->n ? 2 * sites->n : 1, sizeof(*list));
		if (!list)
			return -ENOMEM;
		sites->list = list;
	}
	sites->list[sites->n++] = *site;
	return 0;
}

void ingest_site(const struct nisv_site_key *key, const struct nisv_site *site, void *userdata)
{
	struct ingest_sites *sites = userdata;
	struct vm *vm = vms_find(&sites->manager->vms, &key->vm);

	if (!vm || !vm->dirty)
		return;
	if (faultmap_has_site(vm->faults, key) ||
	    keep_site(sites, &(struct ingest_site_new){vm, *key, *site}) < 0)
		take_site(vm, key, site);
}

static int compare_sites(const void *a, const void *b)
{
	const struct nisv_site_key *x = &((const struct ingest_site_new *)a)->key;
	const struct nisv_site_key *y = &((const struct ingest_site_new *)b)->key;

	if (x->page != y->page)
		return x->page < y->page ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->pc < y->pc ? -1 : x->pc > y->pc;
}

void ingest_new_sites(struct ingest_sites *sites)
{
	if (sites->n)
		qsort(sites->list, sites->n, sizeof(*sites->list), compare_sites);
	for (size_t i = 0; i < sites->n; i++)
		take_site(sites->list[i].vm, &sites->list[i].key, &sites->list[i].site);
	free(sites->list);
	*sites = (struct ingest_sites){.manager = sites->manager};
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * MMIO is counted in per-CPU caches and in the places that they are emptied into, which are read
 * one after the other: what moves meanwhile is missing for once. A counter that goes back would be
 * a restart to whoever computes rates.
 */
static void take_totals(struct nisv_vm_stat *totals, const struct nisv_vm_stat *read)
{
	const struct nisv_vm_stat before = *totals;

	*totals = *read;
	totals->mmio_reads = larger(totals->mmio_reads, before.mmio_reads);
	totals->mmio_writes = larger(totals->mmio_writes, before.mmio_writes);
	totals->mmio_user = larger(totals->mmio_user, before.mmio_user);
}

/*
 * Of those past the budget a few have a record, and by it a site of count 1 that the kernel has
 * not: they are no more without a place.
 */
static void place_recorded(struct vm *vm)
{
	uint64_t beside = vm->faults->n_sites - smaller(vm->faults->n_sites, vm->totals.sites);

	vm->totals.unplaced_faults -= smaller(beside, vm->totals.unplaced_faults);
}

void ingest_count(struct vm *vm, const struct counters *counters, const struct counters_vm *from,
		  uint64_t now_ns)
{
	const struct counters_place *places;
	size_t n_places;

	if (from->stat.slot_changes_dropped != vm->totals.slot_changes_dropped ||
	    begins_to_run(vm, from))
		vm->layout_lost = true;
	take_totals(&vm->totals, &from->stat);
	place_recorded(vm);
	places = counters_places(counters, &vm->kernel_key, &n_places);
	for (size_t i = 0; i < n_places; i++)
		if (faultmap_count_place(vm->faults, &places[i].key, &places[i].place, now_ns) > 0)
			vm->dirty = true;
	update_rate(vm, now_ns);
}
