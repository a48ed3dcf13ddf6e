/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_SLOTCHANGE_BPF_H
#define NISV_SLOTCHANGE_BPF_H

/*
 * A memory slot has changed: kvm_arch_commit_memory_region(kvm, old, new, change), and until Linux
 * 5.16, with the array of slots, (kvm, mem, old, new, change). KVM calls it for each change, after
 * the new map is in force and before the slots lock is dropped, in a thread of the VMM.
 */

#include "record.bpf.h"

static __always_inline void slot_copy(u64 address, struct nisv_slot *slot)
{
	slot_describe(address, slot);
	/* A step of the change itself, not a state of the slot. */
	slot->flags &= ~NISV_SLOT_INVALID;
}

static __always_inline int slot_changed(u64 kvm, u64 before, u64 after, u32 change)
{
	struct nisv_vm_key key = vm_key(kvm, current_task());
	struct scratch *scratch = scratch_get(SCRATCH_EVENT);
	u64 now = time_now(); /* before an unknown VM is introduced */
	struct nisv_vm_stat *vm;
	struct nisv_rec_slot *rec;

	/* KVM deletes slots of its own at the end of a VM: nothing to be introduced any more. */
	vm = change == NISV_SLOT_DELETED ? bpf_map_lookup_elem(&vms, &key) : vm_get(&key);
	if (!vm || !scratch || change >= _NISV_SLOT_CHANGE_MAX)
		return 0;
	__sync_fetch_and_add(&vm->slot_changes, 1);
	if (!budget_take(vm, &vm->slots_in_window, slots_per_second)) {
		__sync_fetch_and_add(&vm->slot_changes_dropped, 1);
		return 0;
	}
	rec = &scratch->rec_slot;
	rec->change = change;
	rec->reserved = 0;
	rec->generation = memslots_generation(vm_memslots(kvm));
	slot_copy(change == NISV_SLOT_CREATED ? 0 : before, &rec->before);
	slot_copy(change == NISV_SLOT_DELETED ? 0 : after, &rec->after);
	header_fill(&rec->hdr, NISV_REC_SLOT, sizeof(*rec), &key, add_fetch(&vm->seq, 1));
	rec->hdr.time_ns = now;
	record_send(rec, sizeof(*rec), false, vm);
	return 0;
}

#endif
