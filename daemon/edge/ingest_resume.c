/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What has come of the VMs of an earlier daemon. */

#include <errno.h>
#include <string.h>

#include "daemon/edge/counters.h"
#include "daemon/edge/ingest.h"
#include "daemon/edge/ingest_process.h"
#include "daemon/edge/procfs.h"

static bool was_counted(const struct vms *vms, const struct nisv_vm_key *key)
{
	for (size_t i = 0; i < vms->n; i++)
		if (vms->list[i]->forgotten && vms->list[i]->kernel_key.kvm == key->kvm &&
		    vms->list[i]->kernel_key.ino == key->ino)
			return true;
	return false;
}

/* The earlier daemon may have been killed when it was about to forget them. */
static void doom_counted(struct manager *manager)
{
	struct counters *counters;

	if (counters_read(manager->capture, &counters) < 0)
		return;
	for (size_t i = 0; i < counters->n_vms; i++) {
		const struct nisv_vm_key *key = &counters->vms[i].key;

		if (!vms_find(&manager->vms, key) && was_counted(&manager->vms, key))
			ingest_doom_key(manager, key);
	}
	counters_free(counters);
}

void ingest_resume(struct manager *manager)
{
	/* Records first: they belong to VMs that still ran. */
	ingest_records(manager);
	doom_counted(manager);
	for (size_t i = 0; i < manager->vms.n; i++) {
		struct vm *vm = manager->vms.list[i];

		/* Read anew: the ledger may have had the sum, and not what each site has of it. */
		if (!vm->forgotten)
			memset(vm->totals.faults, 0, sizeof(vm->totals.faults));
		if (!vm->end && (!procfs_is_process(vm->tgid, vm->start_ns) ||
				 ingest_watch(manager, vm) == -ESRCH))
			ingest_end(manager, vm, VM_END_PROCESS_GONE);
	}
	ingest_poll(manager);
}
