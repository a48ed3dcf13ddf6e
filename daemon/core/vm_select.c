/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which VM is meant: by what people call it, and which of its runs. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/vm.h"

static bool ended_within(const struct vm *vm, const struct vm_now *now, uint64_t window_ns)
{
	return vm->end && vm->end_ns + window_ns > (vm->host ? now->of_files_ns : now->ns);
}

bool vm_is_before(const struct vm *vm, uint64_t a, const struct vm *other, uint64_t b)
{
	return !vm->host == !other->host ? a < b : vm->host != NULL;
}

static int by_first_sight(const void *a, const void *b)
{
	const struct vm *x = *(struct vm *const *)a, *y = *(struct vm *const *)b;

	if (vm_is_before(x, x->first_seen_ns, y, y->first_seen_ns))
		return -1;
	if (vm_is_before(y, y->first_seen_ns, x, x->first_seen_ns))
		return 1;
	/* One order for all who sort them: a restart changes nothing. */
	return strcmp(x->key, y->key);
}

void vms_sort(struct vms *vms)
{
	if (vms->n)
		qsort(vms->list, vms->n, sizeof(*vms->list), by_first_sight);
}

static bool vm_matches(const struct vm *vm, const char *query)
{
	char pid[12];

	snprintf(pid, sizeof(pid), "%" PRIu32, vm->tgid);
	return !strcmp(pid, query) || !strcmp(vm->name.name, query) ||
	       (vm->name.uuid[0] && !strcasecmp(vm->name.uuid, query));
}

static bool are_named_alike(const struct vm *a, const struct vm *b)
{
	return !strcmp(a->name.name, b->name.name) &&
	       (!a->name.uuid[0] || !b->name.uuid[0] || !strcmp(a->name.uuid, b->name.uuid));
}

/*
 * Are both runs of one VM? Only a name of its own tells, not the name of the program that a VM
 * without one goes by; where both have UUIDs, they must be equal, too.
 */
static bool vm_is_same(const struct vm *a, const struct vm *b)
{
	return strcmp(a->name.source, "comm") != 0 && strcmp(b->name.source, "comm") != 0 &&
	       are_named_alike(a, b);
}

/* Was @vm lost sight of, and is it what now runs as @other? Its id tells more than a name. */
static bool vm_runs_on(const struct vm *vm, const struct vm *other)
{
	return vm->end == VM_END_NOT_WATCHED && !other->end && !strcmp(vm->id, other->id) &&
	       are_named_alike(vm, other);
}

bool vms_is_open(const struct vms *vms, const struct vm *vm, const struct vm_now *now,
		 uint64_t window_ns)
{
	if (!vm->end || !vm->findings.n)
		return !vm->end;
	if (ended_within(vm, now, window_ns))
		return true;
	for (size_t i = 0; i < vms->n; i++)
		if (vm_runs_on(vm, vms->list[i]))
			return true;
	return false;
}

struct vm *vms_by_key(const struct vms *vms, const char *key)
{
	for (size_t i = 0; i < vms->n; i++)
		if (!strcasecmp(vms->list[i]->key, key))
			return vms->list[i];
	return NULL;
}

/* Of entries with one id the running one is meant, else what there is something to tell about. */
static int rank(const struct vm *vm)
{
	return !vm->end ? 2 : vm->findings.n ? 1 : 0;
}

/* A key is never used again; an id is by later boots, and by a VM that outlives its nisvd. */
static struct vm *vms_by_id(const struct vms *vms, const char *query)
{
	struct vm *best = vms_by_key(vms, query);

	if (best)
		return best;
	for (size_t i = vms->n; i > 0; i--) {
		struct vm *vm = vms->list[i - 1];

		if (!strcmp(vm->id, query) && (!best || rank(vm) > rank(best)))
			best = vm;
	}
	return best;
}

size_t vms_select(const struct vms *vms, const char *query, struct vm *matches[VMS_MATCHES_MAX])
{
	size_t n = 0;

	matches[0] = vms_by_id(vms, query);
	if (matches[0])
		return 1;
	for (int ended = 0; ended <= 1 && !n; ended++) {
		for (size_t i = vms->n; i > 0; i--) {
			struct vm *vm = vms->list[i - 1];

			if (!!vm->end != ended || !vm_matches(vm, query))
				continue;
			if (ended && n && vm_is_same(vm, matches[0]))
				continue; /* an older run of the same VM */
			if (n < VMS_MATCHES_MAX)
				matches[n] = vm;
			n++;
		}
	}
	return n;
}

struct vm *vms_previous_run(const struct vms *vms, const struct vm *vm, const struct vm_now *now,
			    uint64_t window_ns)
{
	struct vm *newest = NULL;

	for (size_t i = 0; i < vms->n; i++) {
		struct vm *other = vms->list[i];

		if (other == vm || !other->end || !other->findings.n)
			continue;
		if (!vm_runs_on(other, vm) &&
		    !(vm_is_same(other, vm) && ended_within(other, now, window_ns)))
			continue;
		if (vm->end && !vm_is_before(other, other->end_ns, vm, vm->end_ns))
			continue;
		if (!newest || !vm_is_before(other, other->end_ns, newest, newest->end_ns))
			newest = other;
	}
	return newest;
}
