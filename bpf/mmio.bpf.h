/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_MMIO_BPF_H
#define NISV_MMIO_BPF_H

/*
 * MMIO counting, the one frequent thing we do: a two-way cache per CPU in front of the map of
 * places. A hit costs no hash look-up, no atomic and no clock. Programs of one tracepoint do not
 * interleave on a CPU (preemption is off; where PREEMPT_RT leaves it on, a nested run is skipped
 * and shows in recursion_misses), so plain increments are exact.
 */

#include "record.bpf.h"

/* Of how many accesses to places that are in no slot one takes a slot from another. */
#define CACHE_CHANCE 8

/* struct nisv_cache_slot, its place. */
static __always_inline u64 place_tag(const struct nisv_place_key *key)
{
	return key->place << 1 | key->is_write;
}

static __always_inline bool place_equal(const struct nisv_cache_slot *slot,
					const struct nisv_place_key *key)
{
	return slot->place == place_tag(key) && slot->vm.kvm == key->vm.kvm &&
	       slot->vm.ino == key->vm.ino;
}

/*
 * The first of the two slots that a place may have. Fibonacci hashing: places of a VM differ in few
 * low bits, VMs in the middle of the pointer.
 */
static __always_inline u32 place_hash(const struct nisv_place_key *key)
{
	u64 mix = place_tag(key) ^ key->vm.kvm >> 8;

	return (mix * 0x9e3779b97f4a7c15ULL) >> (64 - NISV_CACHE_BITS) & ~1U;
}

/*
 * The place, made if the VM has room for it before it is counted at all: what got none is one of
 * the VM's unplaced from its first access on, so places, caches and unplaced always add up to the
 * total.
 */
static __always_inline struct nisv_place *place_get(const struct nisv_place_key *key,
						    struct nisv_vm_stat *vm)
{
	struct nisv_place *place = bpf_map_lookup_elem(&places, key);
	const struct nisv_place none = {};

	if (place || vm->places >= places_per_vm || !room_take(&vm->places, places_per_vm))
		return place;
	if (bpf_map_update_elem(&places, key, &none, BPF_NOEXIST))
		room_return(&vm->places);
	place = bpf_map_lookup_elem(&places, key);
	if (!place)
		loss_add(NISV_LOSS_PLACES, 1);
	return place;
}

/* Clang makes of the addition of a constant 0 an atomic "or", which older kernels lack. */
static __always_inline void number_add(u64 *value, u64 n)
{
	if (n)
		__sync_fetch_and_add(value, n);
}

/* Add counts to a place; if it is NULL they are the VM's unplaced. */
static __always_inline void place_add(struct nisv_place *place, const struct nisv_place_key *key,
				      struct nisv_vm_stat *vm, const struct nisv_place *n)
{
	if (place) {
		number_add(&place->count, n->count);
		number_add(&place->user, n->user);
	} else {
		number_add(&vm->unplaced_mmio, n->count);
	}
	number_add(key->is_write ? &vm->mmio_writes : &vm->mmio_reads, n->count);
	number_add(&vm->mmio_user, n->user);
}

/* What a slot holds goes to its place. @vm is that of @of; of a forgotten VM nobody wants it. */
static __always_inline void cache_flush(struct nisv_cache_slot *slot, u64 *user,
					const struct nisv_vm_key *of, struct nisv_vm_stat *vm)
{
	const struct nisv_place n = {.count = slot->count, .user = *user};
	const struct nisv_place_key key = {
		.vm = slot->vm, .place = slot->place >> 1, .is_write = slot->place & 1};

	if (key.vm.kvm != of->kvm || key.vm.ino != of->ino)
		vm = bpf_map_lookup_elem(&vms, &key.vm);
	if (vm)
		place_add(bpf_map_lookup_elem(&places, &key), &key, vm, &n);
}

/*
 * A place that is in neither slot of its pair, @at being the second: the slot that it gets, or
 * NISV_CACHE_SLOTS if it was counted past the cache, or not at all. Where more places are in use
 * than there are slots each would drive out another that is used as often: most are only counted.
 */
static __noinline int cache_miss(struct nisv_cache *cache, u32 at, const struct nisv_place_key *key)
{
	const struct nisv_place one = {.count = 1};
	struct nisv_vm_stat *vm = vm_get(&key->vm);
	u32 chance = bpf_get_prandom_u32();
	struct nisv_cache_slot *slot;
	struct nisv_place *place;

	if (!vm)
		return NISV_CACHE_SLOTS;
	place = place_get(key, vm);
	/* Either of the two: places that are used in turn end up beside each other. */
	at = (at - (chance >> 31)) & (NISV_CACHE_SLOTS - 1);
	slot = &cache->slot[at];
	if (slot->vm.kvm && chance % CACHE_CHANCE) {
		place_add(place, key, vm, &one);
		return NISV_CACHE_SLOTS;
	}
	if (slot->vm.kvm)
		cache_flush(slot, &cache->user[at], &key->vm, vm);
	slot->count = 0;
	cache->user[at] = 0;
	slot->vm = key->vm;
	slot->place = place_tag(key);
	return at;
}

static __always_inline struct nisv_cache *cache_get(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&mmio_cache, &cpu);
}

/*
 * What tells a VM from an earlier one at the same address, where the end of VMs is not seen. x86
 * sets the offset from the clock, in nanoseconds, when it makes a VM (kvm_arch_init_vm()); if the
 * VMM sets it (KVM_SET_CLOCK), the VM is looked up again.
 */
static __always_inline u64 vm_birth(u64 kvm)
{
#if defined(__TARGET_ARCH_x86)
	/* Without it a VM is looked up again each time. */
	if (bpf_core_field_exists(struct kvm_arch, kvmclock_offset))
		return READ(kvm, kvm, arch.kvmclock_offset);
#endif
	return 0;
}

static __always_inline bool mmio_look_up(struct task_struct *task, struct nisv_cache_last *last,
					 u64 link)
{
	struct vcpu_id id = {};
	bool known;

	/* The same notifier as at the last access, but the thread has been elsewhere since. */
	known = link && last->link == link && last->epoch == vm_epoch && last->birth;
	last->link = 0;
	if (!vcpu_loaded(task, &id)) {
		loss_add(NISV_LOSS_NO_VCPU, 1);
		return false;
	}
	if (!known || id.kvm != last->vm.kvm || vm_birth(id.kvm) != last->birth) {
		last->epoch = vm_epoch;
		last->birth = vm_birth(id.kvm);
		last->vm = vm_key(id.kvm, task);
	}
	last->pid = FIELD(task, pid);
	last->migrations = FIELD(task, se.nr_migrations);
	last->link = link;
	last->left = 0;
	return true;
}

/*
 * Whose VM this is, from the last access that this CPU counted: if it was in the same thread, which
 * was not migrated since, with the same notifier in front, and no VM was destroyed meanwhile, then
 * it was on the same vCPU of the same VM. Where the end of a VM is not seen, that holds for one
 * KVM_RUN only. Saves four reads of kernel memory, most of the cost.
 */
static __always_inline bool mmio_whose(struct task_struct *task, struct nisv_cache_last *last)
{
	u64 link = (u64)FIELD(task, preempt_notifiers.first);

	if (link && last->link == link && !last->left && last->pid == (u32)FIELD(task, pid) &&
	    last->migrations == FIELD(task, se.nr_migrations) && last->epoch == vm_epoch)
		return true;
	return mmio_look_up(task, last, link);
}

#if defined(__TARGET_ARCH_x86)
/* A read that user space completes: it was counted when it went out (read_prepare()). */
static __always_inline bool is_completion(u32 type, u64 link)
{
	u64 vcpu = link - bpf_core_field_offset(struct kvm_vcpu, preempt_notifier.link);

	return type == MMIO_READ && READ(kvm_vcpu, vcpu, mmio_read_completed);
}
#else
/* arm64: every read fires type 0; type 1 is left out before the vCPU is looked for. */
static __always_inline bool is_completion(u32 type, u64 link)
{
	return false;
}
#endif

static __always_inline void mmio_count(struct task_struct *task, u32 type, u64 gpa)
{
	struct nisv_cache *cache = cache_get();
	struct nisv_place_key key = {};
	u32 at;

	if (!cache || !mmio_whose(task, &cache->last) || is_completion(type, cache->last.link))
		return;
	key.vm = cache->last.vm;
	key.place = gpa >> NISV_PLACE_SHIFT;
	key.is_write = type == MMIO_WRITE;
	at = place_hash(&key);
	if (!place_equal(&cache->slot[at], &key) && !place_equal(&cache->slot[++at], &key))
		at = cache_miss(cache, at, &key);
	cache->last.slot = at;
	cache->last.gpa = gpa;
	if (at < NISV_CACHE_SLOTS)
		cache->slot[at].count++;
}

/*
 * The slow way to the place of an access that user space serves: the thread was moved, or another
 * used this CPU, between kvm_mmio and kvm_userspace_exit.
 */
static __noinline int mmio_user_by_fd(struct task_struct *task)
{
	const struct nisv_place one = {.count = 0, .user = 1};
	struct nisv_place_key key = {};
	struct run_mmio mmio = {};
	struct nisv_vm_stat *vm;
	struct vcpu_id id = {};

	if (!vcpu_put_one(task, &id)) {
		loss_add(NISV_LOSS_NO_VCPU, 1);
		return -1;
	}
	bpf_probe_read_kernel(&mmio, sizeof(mmio),
			      (void *)((u64)READ(kvm_vcpu, id.vcpu, run) + RUN_EXIT_DATA));
	key.vm = vm_key(id.kvm, task);
	key.place = mmio.phys_addr >> NISV_PLACE_SHIFT;
	key.is_write = !!mmio.is_write;
	vm = vm_get(&key.vm);
	if (vm)
		place_add(bpf_map_lookup_elem(&places, &key), &key, vm, &one);
	return 0;
}

/*
 * Credit the access that kvm_mmio counted last in this thread to user space. It is the one in the
 * cache of this CPU if that is of this thread and the thread was not migrated since. x86 makes one
 * exit per 8 bytes of one access: the later ones find the gpa taken.
 */
static __always_inline void mmio_user(struct nisv_cache *cache, struct task_struct *task)
{
	struct nisv_cache_last *last = &cache->last;
	u64 gpa = last->gpa;
	u32 at = last->slot;

	if (last->pid != (u32)FIELD(task, pid) ||
	    last->migrations != FIELD(task, se.nr_migrations)) {
		mmio_user_by_fd(task);
		return;
	}
	if (gpa == NISV_ADDR_UNSET)
		return;
	last->gpa = NISV_ADDR_UNSET;
	/* There may be none, or it is another place's by now: another thread ran here in between.
	 */
	if (at < NISV_CACHE_SLOTS && cache->slot[at].place >> 1 == gpa >> NISV_PLACE_SHIFT &&
	    cache->slot[at].vm.kvm == last->vm.kvm)
		cache->user[at]++;
	else
		mmio_user_by_fd(task);
}

/* Each return to user space. */
static __always_inline void mmio_exit(bool is_mmio)
{
	struct nisv_cache *cache = cache_get();

	if (!cache)
		return;
	if (is_mmio)
		mmio_user(cache, current_task());
	if (!has_destroy)
		cache->last.left = 1;
}

#endif
