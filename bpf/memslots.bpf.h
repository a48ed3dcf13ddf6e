/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_MEMSLOTS_BPF_H
#define NISV_MEMSLOTS_BPF_H

/*
 * The memory map of a VM as KVM has it: a red-black tree of slots by first frame (Linux 5.17 and
 * later, struct kvm_memslots.gfn_tree), or an array of them, descending (before). Slots of one
 * address space never overlap. What a fault met is looked up in address space 0: on x86 the other
 * one is that of system management mode.
 */

#include "maps.bpf.h"

/* Twice log2 of the 32764 slots that KVM allows bounds the depth of a red-black tree. */
#define TREE_DEPTH 32

/* The smallest page that a guest can have, and of the addresses that the CPU reports of aborts. */
#define PAGE_SHIFT 12
#define PAGE_BYTES (1ULL << PAGE_SHIFT)

/* KVM counts frames in pages of the host, whatever the guest's are. */
static __always_inline u64 gfn_of(u64 gpa)
{
	return gpa >> host_page_shift;
}

static __always_inline u64 gpa_of(u64 gfn)
{
	return gfn << host_page_shift;
}

/* Address of the kvm_memory_slot at a node of the tree. */
static __always_inline u64 slot_of_node(u64 node, u32 idx)
{
	return node - bpf_core_field_offset(struct kvm_memory_slot, gfn_node) -
	       (u64)idx * bpf_core_type_size(struct rb_node);
}

static __always_inline u32 tree_index(u64 memslots)
{
	return READ(kvm_memslots, memslots, node_idx) & 1;
}

/* ---- the array ---- */

#define ARRAY_STEPS 16 /* halvings of 32767 slots */

static __always_inline bool memslots_is_array(void)
{
	return !bpf_core_field_exists(struct kvm_memslots, gfn_tree);
}

static __always_inline u64 array_slot(u64 memslots, u32 i)
{
	return memslots + bpf_core_field_offset(struct kvm_memslots___v510, memslots) +
	       (u64)i * bpf_core_type_size(struct kvm_memory_slot);
}

/* The number of slots with a base_gfn > gfn: they come first. */
static __always_inline u32 array_above(u64 memslots, u64 gfn)
{
	u32 low = 0, high = READ(kvm_memslots___v510, memslots, used_slots);
	int i;

	for (i = 0; i < ARRAY_STEPS && low < high; i++) {
		u32 middle = (low + high) / 2;

		if (READ(kvm_memory_slot, array_slot(memslots, middle), base_gfn) <= gfn)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* ---- either ---- */

/*
 * The searches are global functions: the verifier checks such a function once, not at each of its
 * calls. Their arguments and results must be numbers then: addresses, 0 for none.
 */

/* The slot with the largest base_gfn that is <= gfn. */
__noinline u64 slot_at_or_below(u64 memslots, u64 gfn)
{
	u64 node, best = 0;
	u32 idx;
	int i;

	if (memslots_is_array()) {
		idx = array_above(memslots, gfn);
		return idx < (u32)READ(kvm_memslots___v510, memslots, used_slots)
			       ? array_slot(memslots, idx)
			       : 0;
	}
	node = (u64)READ(kvm_memslots, memslots, gfn_tree.rb_node);
	idx = tree_index(memslots);
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
	u64 node, best = 0;
	u32 idx;
	int i;

	if (memslots_is_array()) {
		idx = array_above(memslots, gfn);
		return idx ? array_slot(memslots, idx - 1) : 0;
	}
	node = (u64)READ(kvm_memslots, memslots, gfn_tree.rb_node);
	idx = tree_index(memslots);
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

/*
 * The slot that follows this one in the order of addresses. From slot to slot it costs two steps of
 * the tree on average, where a search from the top costs one for each level.
 */
__noinline u64 slot_next(u64 memslots, u64 slot)
{
	u64 node, next;
	u32 idx;
	int i;

	if (memslots_is_array())
		return slot > array_slot(memslots, 0)
			       ? slot - bpf_core_type_size(struct kvm_memory_slot)
			       : 0;
	idx = tree_index(memslots);
	node = slot + bpf_core_field_offset(struct kvm_memory_slot, gfn_node) +
	       (u64)idx * bpf_core_type_size(struct rb_node);
	next = (u64)READ(rb_node, node, rb_right);
	if (next) {
		for (i = 0; i < TREE_DEPTH && next; i++) {
			node = next;
			next = (u64)READ(rb_node, node, rb_left);
		}
		if (next)
			loss_add(NISV_LOSS_WALK, 1);
		return slot_of_node(node, idx);
	}
	/* Up, until it is a left child that we come from. */
	for (i = 0; i < TREE_DEPTH; i++) {
		u64 parent = READ(rb_node, node, __rb_parent_color) & ~3ULL;

		if (!parent)
			return 0;
		if ((u64)READ(rb_node, parent, rb_left) == node)
			return slot_of_node(parent, idx);
		node = parent;
	}
	loss_add(NISV_LOSS_WALK, 1);
	return 0;
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
	slot->gpa = gpa_of(READ(kvm_memory_slot, address, base_gfn));
	slot->size = gpa_of(READ(kvm_memory_slot, address, npages));
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
	u64 slot;

	if (!memslots_is_array()) {
		slot = READ(kvm_memslots, memslots, last_used_slot.counter);
		if (slot_contains(slot, gfn))
			return slot;
	}
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

/* x86 kernels that emulate system management mode have a second address space. */
#define ADDRESS_SPACES (bpf_core_field_size(struct kvm, memslots) / sizeof(u64))

static __always_inline u64 vm_memslots_of(u64 kvm, u32 as_id)
{
	u64 memslots = 0;

	bpf_probe_read_kernel(
		&memslots, sizeof(memslots),
		(void *)(kvm + bpf_core_field_offset(struct kvm, memslots) + 8 * as_id));
	return memslots;
}

static __always_inline u64 vm_memslots(u64 kvm)
{
	return vm_memslots_of(kvm, 0);
}

static __always_inline u64 memslots_generation(u64 memslots)
{
	return READ(kvm_memslots, memslots, generation);
}

/*
 * Fill slot, below and above of a record for its ipa. KVM publishes a change by swapping the
 * memslots pointer, so the same pointer and generation before and after mean one consistent map.
 */
static __always_inline void slots_around(u64 kvm, struct nisv_rec_fault *rec, u32 if_stable)
{
	u64 gfn = gfn_of(rec->ipa);
	int try;

	rec->layout_state = NISV_LAYOUT_UNSTABLE;
	for (try = 0; try < 2; try++) {
		u64 memslots = vm_memslots(kvm);
		u64 generation = memslots_generation(memslots);
		u64 slot = slot_at_or_below(memslots, gfn);
		bool hit = slot_contains(slot, gfn);

		rec->generation = generation;
		slot_describe(hit ? slot : 0, &rec->slot);
		if (hit) {
			u64 base = gfn_of(rec->slot.gpa);

			slot = base ? slot_at_or_below(memslots, base - 1) : 0;
		}
		slot_describe(slot, &rec->below);
		slot_describe(slot_above(memslots, gfn), &rec->above);
		if (vm_memslots(kvm) == memslots && memslots_generation(memslots) == generation) {
			rec->layout_state = if_stable;
			return;
		}
	}
}

#endif
