/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which VM is meant: by what people call it, and which of its runs. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/vm.h"

bool vm_ended_within(const struct vm *vm, uint64_t now_ns, uint64_t window_ns)
{
	return vm->end && vm->end_ns + window_ns > now_ns;
}

static int by_first_sight(const void *a, const void *b)
{
	const struct vm *x = *(struct vm *const *)a, *y = *(struct vm *const *)b;

	return x->first_seen_ns < y->first_seen_ns ? -1 : x->first_seen_ns > y->first_seen_ns;
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

/*
 * Are both runs of one VM? Only a name of its own tells, not the name of the program that a VM
 * without one goes by; where both have UUIDs, they must be equal, too.
 */
static bool vm_is_same(const struct vm *a, const struct vm *b)
{
	if (!strcmp(a->name.source, "comm") || !strcmp(b->name.source, "comm") ||
	    strcmp(a->name.name, b->name.name) != 0)
		return false;
	return !a->name.uuid[0] || !b->name.uuid[0] || !strcmp(a->name.uuid, b->name.uuid);
}

/* Of entries with one id the running one is meant, else what there is something to tell about. */
static int rank(const struct vm *vm)
{
	return !vm->end ? 2 : vm->findings.n ? 1 : 0;
}

/* A key is never used again; an id is by later boots, and by a VM that outlives its nisvd. */
static struct vm *vms_by_id(const struct vms *vms, const char *query)
{
	struct vm *best = NULL;

	for (size_t i = vms->n; i > 0; i--) {
		struct vm *vm = vms->list[i - 1];

		if (!strcasecmp(vm->key, query))
			return vm;
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

struct vm *vms_previous_run(const struct vms *vms, const struct vm *vm, uint64_t now_ns,
			    uint64_t window_ns)
{
	struct vm *newest = NULL;

	for (size_t i = 0; i < vms->n; i++) {
		struct vm *other = vms->list[i];

		if (other == vm || !other->end || !other->findings.n || !vm_is_same(other, vm))
			continue;
		if (!vm_ended_within(other, now_ns, window_ns) ||
		    (vm->end && other->end_ns > vm->end_ns))
			continue;
		if (!newest || other->end_ns >= newest->end_ns)
			newest = other;
	}
	return newest;
}
