/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/counters.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/edge/capture.h"
#include "daemon/edge/counters_map.h"

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_vm(const struct nisv_vm_key *a, const struct nisv_vm_key *b)
{
	int r = compare_u64(a->kvm, b->kvm);

	return r ? r : compare_u64(a->ino, b->ino);
}

static int compare_vms(const void *a, const void *b)
{
	const struct counters_vm *x = a, *y = b;

	return compare_vm(&x->key, &y->key);
}

static int compare_places(const void *a, const void *b)
{
	const struct nisv_place_key *x = &((const struct counters_place *)a)->key;
	const struct nisv_place_key *y = &((const struct counters_place *)b)->key;
	int r = compare_vm(&x->vm, &y->vm);

	if (!r)
		r = compare_u64(x->place, y->place);
	return r ? r : compare_u64(x->is_write, y->is_write);
}

/* ---- reading ---- */

static int read_table(const struct capture *capture, const char *name, struct map_table *table)
{
	const struct map_reading reading = {
		.fd = capture_map_fd(capture, name),
		.key_size = table->key_size,
		.value_size = table->value_size,
		.show = map_table_add,
		.userdata = table,
	};

	return reading.fd < 0 ? reading.fd : map_read(&reading);
}

/* ---- the caches in front of `places` ---- */

static struct counters_vm *find_vm(const struct counters *counters, const struct nisv_vm_key *key)
{
	struct counters_vm want = {.key = *key};

	return counters->n_vms
		       ? bsearch(&want, counters->vms, counters->n_vms, sizeof(want), compare_vms)
		       : NULL;
}

/* Marks, in a key's unused member, what came from a cache: a place of the map has 0 there. */
#define FROM_CACHE 1

/*
 * Appends what one CPU's cache holds as places of their own, to be merged. Another CPU may give the
 * slot to another place meanwhile: such a slot is left for the next time.
 */
static int read_cache(const volatile struct nisv_cache *cache, const struct counters *counters,
		      struct map_table *table)
{
	for (size_t i = 0; i < NISV_CACHE_SLOTS; i++) {
		const volatile struct nisv_cache_slot *slot = &cache->slot[i];
		struct nisv_cache_slot copy = *slot;
		struct nisv_place n = {.count = copy.count, .user = cache->user[i]};
		struct nisv_cache_slot again = *slot;
		const struct nisv_place_key key = {
			.vm = copy.vm,
			.place = copy.place >> 1,
			.is_write = copy.place & 1,
			.reserved = FROM_CACHE,
		};
		struct counters_vm *vm;
		int r;

		if (!copy.vm.kvm || copy.place != again.place ||
		    memcmp(&copy.vm, &again.vm, sizeof(copy.vm)))
			continue;
		vm = find_vm(counters, &copy.vm);
		if (!vm)
			continue; /* forgotten: see counters_forget() */
		r = map_table_add(&key, &n, table);
		if (r < 0)
			return r;
		if (key.is_write)
			vm->stat.mmio_writes += n.count;
		else
			vm->stat.mmio_reads += n.count;
		vm->stat.mmio_user += n.user;
	}
	return 0;
}

static int read_caches(const struct capture *capture, const struct counters *counters,
		       struct map_table *table)
{
	int fd = capture_map_fd(capture, "mmio_cache"), n = capture_n_cpus(capture), r = 0;
	size_t page = sysconf(_SC_PAGESIZE);
	size_t size = (n * sizeof(struct nisv_cache) + page - 1) / page * page;
	const struct nisv_cache *caches;

	if (fd < 0)
		return fd;
	caches = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (caches == MAP_FAILED)
		return -errno;
	for (int cpu = 0; cpu < n && r >= 0; cpu++)
		r = read_cache(&caches[cpu], counters, table);
	munmap((void *)caches, size);
	return r;
}

static void add_place(struct counters_place *sum, const struct counters_place *more)
{
	sum->place.count += more->place.count;
	sum->place.user += more->place.user;
	sum->key.reserved &= more->key.reserved;
}

/*
 * Sorts places and adds up those of one key, from the map and each CPU's cache. What only caches
 * hold got no place in the map: the VM's budget is used up, and it is one of its unplaced.
 */
static void merge_places(struct counters *counters)
{
	struct counters_place *places = counters->places;
	size_t n = counters->n_places, to = 0;

	if (n)
		qsort(places, n, sizeof(*places), compare_places);
	for (size_t i = 0; i < n;) {
		struct counters_place sum = places[i];
		struct counters_vm *vm;

		for (i++; i < n && !compare_places(&sum, &places[i]); i++)
			add_place(&sum, &places[i]);
		if (sum.key.reserved == FROM_CACHE) {
			vm = find_vm(counters, &sum.key.vm);
			if (vm)
				vm->stat.unplaced_mmio += sum.place.count;
			continue;
		}
		/* The two halves of one access are counted on their own events. */
		if (sum.place.user > sum.place.count)
			sum.place.user = sum.place.count;
		places[to++] = sum;
	}
	counters->n_places = to;
}

int counters_read(const struct capture *capture, struct counters **ret)
{
	struct map_table vms = {.key_size = sizeof(struct nisv_vm_key),
				.value_size = sizeof(struct nisv_vm_stat)};
	struct map_table places = {.key_size = sizeof(struct nisv_place_key),
				   .value_size = sizeof(struct nisv_place)};
	struct counters *counters = calloc(1, sizeof(*counters));
	int r = counters ? 0 : -ENOMEM;

	if (r >= 0)
		r = read_table(capture, "vms", &vms);
	if (r >= 0) {
		counters->vms = (struct counters_vm *)vms.data;
		counters->n_vms = vms.n;
		if (vms.n)
			qsort(counters->vms, vms.n, sizeof(*counters->vms), compare_vms);
		vms.data = NULL;
		r = read_table(capture, "places", &places);
	}
	if (r >= 0)
		r = read_caches(capture, counters, &places);
	if (r < 0) {
		free(vms.data);
		free(places.data);
		counters_free(counters);
		return r;
	}
	counters->places = (struct counters_place *)places.data;
	counters->n_places = places.n;
	merge_places(counters);
	*ret = counters;
	return 0;
}

void counters_free(struct counters *counters)
{
	if (!counters)
		return;
	free(counters->vms);
	free(counters->places);
	free(counters);
}

/* ---- looking into a snapshot ---- */

const struct counters_vm *counters_find(const struct counters *counters,
					const struct nisv_vm_key *vm)
{
	return find_vm(counters, vm);
}

/* The part of a sorted array whose elements begin with this VM's key. */
static const void *slice(const void *data, size_t n, size_t size, const struct nisv_vm_key *vm,
			 size_t *ret_n)
{
	const char *base = data;
	size_t low = 0, high = n, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_vm((const struct nisv_vm_key *)(base + middle * size), vm) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < n; end++)
		if (compare_vm((const struct nisv_vm_key *)(base + end * size), vm))
			break;
	*ret_n = end - low;
	return end > low ? base + low * size : NULL;
}

const struct counters_place *counters_places(const struct counters *counters,
					     const struct nisv_vm_key *vm, size_t *ret_n)
{
	return slice(counters->places, counters->n_places, sizeof(*counters->places), vm, ret_n);
}

/* ---- sites ---- */

struct site_reading {
	counters_site_t show;
	void *userdata;
};

static int show_site(const void *key, const void *value, void *userdata)
{
	const struct site_reading *sites = userdata;

	sites->show(key, value, sites->userdata);
	return 0;
}

int counters_each_site(const struct capture *capture, counters_site_t show, void *userdata)
{
	struct site_reading sites = {.show = show, .userdata = userdata};
	const struct map_reading reading = {
		.fd = capture_map_fd(capture, "sites"),
		.key_size = sizeof(struct nisv_site_key),
		.value_size = sizeof(struct nisv_site),
		.show = show_site,
		.userdata = &sites,
	};

	return reading.fd < 0 ? reading.fd : map_read(&reading);
}

/* ---- forgetting ---- */

static int compare_keys(const void *a, const void *b)
{
	return compare_vm(a, b);
}

/* The VMs to forget, and the keys of theirs that were found in a map. */
struct forgetting {
	const struct nisv_vm_key *vms;
	size_t n;
	struct map_table found; /* of keys alone */
};

static int find_key(const void *key, const void *value, void *userdata)
{
	struct forgetting *forgetting = userdata;

	(void)value;
	return bsearch(key, forgetting->vms, forgetting->n, sizeof(*forgetting->vms), compare_keys)
		       ? map_table_add(key, NULL, &forgetting->found)
		       : 0;
}

/*
 * Deletes the entries of VMs from a map whose keys begin with theirs. What a CPU's cache still
 * holds of them is dropped by BPF when its slot is next wanted.
 */
static int forget_keys(int fd, size_t key_size, size_t value_size, const struct nisv_vm_key *vms,
		       size_t n)
{
	struct forgetting forgetting = {.vms = vms, .n = n, .found = {.key_size = key_size}};
	const struct map_reading reading = {
		.fd = fd,
		.key_size = key_size,
		.value_size = value_size,
		.show = find_key,
		.userdata = &forgetting,
	};
	int r = fd < 0 ? fd : map_read(&reading);

	for (size_t i = 0; r >= 0 && i < forgetting.found.n; i++)
		bpf_map_delete_elem(fd, forgetting.found.data + i * key_size);
	free(forgetting.found.data);
	return r;
}

/* Its values are large, and private to BPF: only the keys are read. */
static int forget_vcpus(int fd, const struct nisv_vm_key *vms, size_t n)
{
	struct nisv_vcpu_key key, next = {};
	bool more;

	if (fd < 0)
		return fd;
	more = !bpf_map_get_next_key(fd, NULL, &key);
	while (more) {
		more = !bpf_map_get_next_key(fd, &key, &next);
		if (bsearch(&key.vm, vms, n, sizeof(*vms), compare_keys))
			bpf_map_delete_elem(fd, &key);
		key = next;
	}
	return 0;
}

int counters_forget(const struct capture *capture, struct nisv_vm_key *vms, size_t n)
{
	int fd = capture_map_fd(capture, "vms"), r;

	qsort(vms, n, sizeof(*vms), compare_keys);
	r = forget_keys(capture_map_fd(capture, "sites"), sizeof(struct nisv_site_key),
			sizeof(struct nisv_site), vms, n);
	if (r >= 0)
		r = forget_keys(capture_map_fd(capture, "places"), sizeof(struct nisv_place_key),
				sizeof(struct nisv_place), vms, n);
	if (r >= 0)
		r = forget_vcpus(capture_map_fd(capture, "vcpus"), vms, n);
	for (size_t i = 0; r >= 0 && i < n; i++)
		if (bpf_map_delete_elem(fd, &vms[i]) < 0 && errno != ENOENT)
			r = -errno;
	return r;
}
