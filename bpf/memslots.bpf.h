/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_MEMSLOTS_BPF_H
#define NISV_MEMSLOTS_BPF_H

/*
 * The memory map of a VM as KVM has it: a red-black tree of slots by first frame (Linux 5.17 and
 * later, struct kvm_memslots.gfn_tree). Address space 0 only: on x86 that is not SMM's.
 */

#include "maps.bpf.h"

/* Twice log2 of the 32764 slots that KVM allows bounds the depth of a red-black tree. */
#define TREE_DEPTH 32

#define GFN_SHIFT 12

/* Address of the kvm_memory_slot at a node of the tree. */
static __always_inline u64 slot_of_node(u64 node, u32 idx)
{
	return node - bpf_core_field_offset(struct kvm_memory_slot, gfn_node) -
	       (u64)idx * bpf_core_type_size(struct rb_node);
}

/*
 * Both searches are global functions: the verifier checks such a function once, not at each of its
 * calls. Their arguments and results must be numbers then: addresses, 0 for none.
 */

/* The slot with the largest base_gfn that is <= gfn. */
__noinline u64 slot_at_or_below(u64 memslots, u64 gfn)
{
	u64 node = (u64)READ(kvm_memslots, memslots, gfn_tree.rb_node);
	u32 idx = READ(kvm_memslots, memslots, node_idx) & 1;
	u64 best = 0;
	int i;

	for (i = 0; i < TREE_DEPTH && node; i++) {
		u64 slot = slot_of_node(node, idx);

		if (READ(kvm_memory_slot, slot, base_gfn) <= gfn) {
			best = slot;
			node = (u64)READ(rb_node, node, rb_right);
		} else {
			node = (u64)READ(rb_node, node, rb_left);
		}
	}
	if (node)
		loss_add(NISV_LOSS_WALK, 1);
	return best;
}

/* The slot with the smallest base_gfn that is > gfn. */
__noinline u64 slot_above(u64 memslots, u64 gfn)
{
	u64 node = (u64)READ(kvm_memslots, memslots, gfn_tree.rb_node);
	u32 idx = READ(kvm_memslots, memslots, node_idx) & 1;
	u64 best = 0;
	int i;

	for (i = 0; i < TREE_DEPTH && node; i++) {
		u64 slot = slot_of_node(node, idx);

		if (READ(kvm_memory_slot, slot, base_gfn) > gfn) {
			best = slot;
			node = (u64)READ(rb_node, node, rb_left);
		} else {
			node = (u64)READ(rb_node, node, rb_right);
		}
	}
	if (node)
		loss_add(NISV_LOSS_WALK, 1);
	return best;
}

static __always_inline void slot_describe(u64 address, struct nisv_slot *slot)
{
	if (!address) {
		slot->gpa = slot->size = slot->hva = 0;
		slot->flags = 0;
		slot->id = -1;
		slot->as_id = 0;
		return;
	}
	slot->gpa = READ(kvm_memory_slot, address, base_gfn) << GFN_SHIFT;
	slot->size = (u64)READ(kvm_memory_slot, address, npages) << GFN_SHIFT;
	slot->hva = READ(kvm_memory_slot, address, userspace_addr);
	slot->flags = READ(kvm_memory_slot, address, flags);
	slot->id = READ(kvm_memory_slot, address, id);
	slot->as_id = READ(kvm_memory_slot, address, as_id);
}

static __always_inline bool slot_contains(u64 address, u64 gfn)
{
	return address && gfn - READ(kvm_memory_slot, address, base_gfn) <
				  READ(kvm_memory_slot, address, npages);
}

/* The slot that contains gfn, 0 if none does. KVM's last used one is the likely answer. */
static __always_inline u64 slot_find(u64 memslots, u64 gfn)
{
	u64 slot = READ(kvm_memslots, memslots, last_used_slot.counter);

	if (slot_contains(slot, gfn))
		return slot;
	slot = slot_at_or_below(memslots, gfn);
	return slot_contains(slot, gfn) ? slot : 0;
}

/*
 * Would KVM take this access for memory? A slot that is being changed is none for it
 * (KVM_MEMSLOT_INVALID, __gfn_to_hva_many()), nor is a read-only one for a write.
 */
static __always_inline bool slot_is_memory(u64 slot, bool is_write)
{
	u32 flags;

	if (!slot)
		return false;
	flags = READ(kvm_memory_slot, slot, flags);
	return !(flags & NISV_SLOT_INVALID) && !(is_write && (flags & NISV_SLOT_READONLY));
}

static __always_inline u64 vm_memslots(u64 kvm)
{
	return (u64)READ(kvm, kvm, memslots[0]);
}

/*
 * Fill slot, below and above of a record for its ipa. KVM publishes a change by swapping the
 * memslots pointer, so the same pointer and generation before and after mean one consistent map.
 */
static __always_inline void slots_around(u64 kvm, struct nisv_rec_fault *rec, u32 if_stable)
{
	u64 gfn = rec->ipa >> GFN_SHIFT;
	int try;

	rec->layout_state = NISV_LAYOUT_UNSTABLE;
	for (try = 0; try < 2; try++) {
		u64 memslots = vm_memslots(kvm);
		u64 generation = READ(kvm_memslots, memslots, generation);
		u64 slot = slot_at_or_below(memslots, gfn);
		bool hit = slot_contains(slot, gfn);

		rec->generation = generation;
		slot_describe(hit ? slot : 0, &rec->slot);
		if (hit) {
			u64 base = rec->slot.gpa >> GFN_SHIFT;

			slot = base ? slot_at_or_below(memslots, base - 1) : 0;
		}
		slot_describe(slot, &rec->below);
		slot_describe(slot_above(memslots, gfn), &rec->above);
		if (vm_memslots(kvm) == memslots &&
		    READ(kvm_memslots, memslots, generation) == generation) {
			rec->layout_state = if_stable;
			return;
		}
	}
}

#endif
