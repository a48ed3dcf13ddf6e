/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/ingest_layout.h"

#include "daemon/edge/publish.h"
#include "daemon/edge/wallclock.h"

/* A new VM has its vCPUs and devices by then. */
#define SETTLE_NS 1000000000ULL

void ingest_choose_machine(struct manager *manager, struct vm *vm)
{
	vm_choose_machine(vm, manager->machines.list, manager->machines.n, manager->host.arch);
}

static void changed(struct manager *manager, struct vm *vm)
{
	vm->layout_due = false;
	vm->dirty = true;
	ingest_choose_machine(manager, vm);
	publish_layout(manager, vm);
}

/*
 * A record may have been overtaken by a newer one, in the ring of those that die; and what was read
 * while it changed says less than what is known.
 */
static bool is_outdated(const struct vm *vm, const struct nisv_rec_layout *rec)
{
	int order = layout_compare_generations(rec->generation, vm->layout.generation);

	if (!vm->layout.known)
		return false;
	return order < 0 || (order == 0 && rec->hdr.time_ns < vm->layout_ns) ||
	       rec->state == NISV_LAYOUT_UNSTABLE;
}

void ingest_layout_take(struct manager *manager, struct vm *vm, const struct nisv_rec_layout *rec)
{
	uint64_t before_ns = vm->layout_ns;
	struct layout fresh = {};

	if (is_outdated(vm, rec) || layout_from_record(&fresh, rec) < 0)
		return;
	vm->layout_lost = false;
	vm->layout_ns = rec->hdr.time_ns;
	if (layout_equal(&vm->layout, &fresh)) {
		layout_clear(&fresh);
		return;
	}
	slot_history_compare(&vm->slots, &vm->layout, &fresh, before_ns, vm->layout_ns);
	layout_clear(&vm->layout);
	vm->layout = fresh;
	changed(manager, vm);
}

void ingest_layout_change(struct vm *vm, const struct nisv_rec_slot *rec)
{
	slot_history_record(&vm->slots, rec);
	if (layout_apply(&vm->layout, rec) < 0) {
		vm->layout_lost = true;
		return;
	}
	if (rec->hdr.time_ns > vm->layout_ns)
		vm->layout_ns = rec->hdr.time_ns;
	vm->layout_due = true;
}

/* A new VM gets its vCPUs and devices after the first slot, which told of it. */
static bool is_new(const struct manager *manager, const struct vm *vm)
{
	return manager->discovered_ns < vm->first_seen_ns + SETTLE_NS;
}

bool ingest_layout_is_settled(const struct manager *manager)
{
	for (size_t i = 0; i < manager->vms.n; i++) {
		const struct vm *vm = manager->vms.list[i];

		if (!vm->end && (vm->layout_lost || is_new(manager, vm)))
			return false;
	}
	return true;
}

/*
 * With a hook on the changes of slots nobody scans in turn. But a new VM is not complete, changes
 * that came too fast were not told one by one, and a VM that a scan missed may be gone.
 */
static bool needs_scan(const struct manager *manager, const struct vm *vm)
{
	if (vm->end)
		return false;
	return vm->layout_lost || vm->missed_ns ||
	       (is_new(manager, vm) && wallclock_now_ns() >= vm->first_seen_ns + SETTLE_NS);
}

bool ingest_layout_poll(struct manager *manager, struct vm *vm)
{
	if (vm->layout_due)
		changed(manager, vm);
	return needs_scan(manager, vm);
}
