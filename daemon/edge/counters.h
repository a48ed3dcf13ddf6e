/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_COUNTERS_H
#define NISVD_COUNTERS_H

/*
 * The counters that BPF keeps, read as one snapshot: totals per VM, fault sites, MMIO places. They
 * are cumulative since the VM was first seen and never reset. Reading races with counting: a
 * snapshot may be off by the accesses of that moment, it is exact when the guests are at rest.
 */

#include <stddef.h>

#include "include/nisv_maps.h"

struct capture;

struct counters_vm {
	struct nisv_vm_key key;
	struct nisv_vm_stat stat; /* MMIO totals and places include what the caches hold */
};

struct counters_place {
	struct nisv_place_key key;
	struct nisv_place place; /* what the caches hold included; user <= count */
};

/* Each array is sorted by VM, then by address. */
struct counters {
	struct counters_vm *vms;
	size_t n_vms;
	struct counters_place *places;
	size_t n_places;
};

/* 0 or -errno. The caller frees the snapshot. Bounded by the sizes of the maps. */
int counters_read(const struct capture *capture, struct counters **ret);

void counters_free(struct counters *counters); /* takes NULL */

/*
 * Shows all sites of all VMs, in no order: only who sees that the totals of a VM changed needs
 * them, and there may be too many for a copy. 0 or -errno.
 */
typedef void (*counters_site_t)(const struct nisv_site_key *key, const struct nisv_site *site,
				void *userdata);
int counters_each_site(const struct capture *capture, counters_site_t show, void *userdata);

/* Parts of one VM; NULL or 0 if it has none. Borrowed from the snapshot. */
const struct counters_vm *counters_find(const struct counters *counters,
					const struct nisv_vm_key *vm);
const struct counters_place *counters_places(const struct counters *counters,
					     const struct nisv_vm_key *vm, size_t *ret_n);

/*
 * Deletes everything about @n VMs that have ended, and their vCPUs, and sorts @vms. Not for running
 * ones: their counts would begin anew. It looks at all there is, however few they are. 0 or
 * -errno.
 */
int counters_forget(const struct capture *capture, struct nisv_vm_key *vms, size_t n);

#endif
