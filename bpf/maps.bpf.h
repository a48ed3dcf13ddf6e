/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_MAPS_BPF_H
#define NISV_MAPS_BPF_H

/* Maps, settings and the state that the programs share. */

#include "older.bpf.h"

/* Set by the daemon before loading. (__u32: the skeleton repeats these types in user space.) */
const volatile __u32 sites_per_vm = 10240;
const volatile __u32 places_per_vm = 2048;
const volatile __u32 details_per_second = 32;
const volatile __u32 vital_per_second = 8;
const volatile __u32 slots_per_second = 128;
const volatile __u32 host_page_shift = 12;
const volatile __u64 time_base; /* what the daemon's time is ahead of CLOCK_MONOTONIC */
const volatile bool count_mmio = true;
const volatile bool inspect_guest_memory = true;

/*
 * Set by the daemon after it has attached a source: only an attached program sees events, and
 * which program counts a fault depends on which of them there are.
 */
bool has_mmio_nisv;
bool has_inject;
bool has_destroy;

/* The daemon's time (wallclock.h). */
static __always_inline __u64 time_now(void)
{
	return bpf_ktime_get_ns() + time_base;
}

/* VMs destroyed since the start: what is remembered of a vCPU holds for one epoch (mmio.bpf.h). */
__u64 vm_epoch;

/*
 * KVM's preempt_ops, learned from the first vCPU (vcpu.bpf.h). One static object in kvm.ko, which
 * cannot be unloaded while our programs hold its tracepoints.
 */
__u64 kvm_preempt_ops;

/* The reason of the last exit to a VMM that we do not know. */
__u32 unknown_exit;

#define MAX_VMS	   8192
#define MAX_VCPUS  4096
#define MAX_SITES  65536
#define MAX_PLACES 49152
#define RING_BYTES (1 << 20)

/*
 * A look into the memory of a vCPU's guest, during one event: where what was read is put, and what
 * need not be asked twice.
 */
struct look {
	u64 memslots;
	u64 start, end;	       /* of the VMM's mapping looked at last; it may be read */
	u64 word;	       /* what was read last */
	struct nisv_walk walk; /* the translation made last */
};

/* What we remember of a vCPU between the two phases of a fault. */
struct vcpu_state {
	struct nisv_vcpu_key key;
	u64 order;	   /* faults counted on it so far */
	u64 counted_exit;  /* guest exit whose fault is counted: none is counted twice */
	u64 unanswered;	   /* 1: that fault ended KVM_RUN, and the VMM has not injected an abort */
	u64 pending_exit;  /* guest exit that `pending` describes, 0: none */
	u64 kind, pc, ipa; /* of the fault counted last */
	u64 is_translated; /* that ipa is the VM's own even where a nested guest ran */
	u64 latched;	   /* number of the counted fault if its details are wanted, else 0 */
	u64 unplaced;	   /* 1: it has no site, the VM's budget was used up */
	u64 looked;	   /* 1: `pending` has what the guest's memory says */
	u64 decided;	   /* 1: `pending` has its outcome, and is to be sent */
	struct look look;
	struct nisv_rec_fault pending;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_VMS);
	__type(key, struct nisv_vm_key);
	__type(value, struct nisv_vm_stat);
} vms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, HASH_FLAGS);
	__uint(max_entries, MAX_VCPUS);
	__type(key, struct nisv_vcpu_key);
	__type(value, struct vcpu_state);
} vcpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, HASH_FLAGS);
	__uint(max_entries, MAX_SITES);
	__type(key, struct nisv_site_key);
	__type(value, struct nisv_site);
} sites SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, HASH_FLAGS);
	__uint(max_entries, MAX_PLACES);
	__type(key, struct nisv_place_key);
	__type(value, struct nisv_place);
} places SEC(".maps");

/* One element per possible CPU: the daemon sets max_entries. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct nisv_cache);
} mmio_cache SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, _NISV_LOSS_MAX);
	__type(key, u32);
	__type(value, u64);
} losses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} ring SEC(".maps");

/* A vCPU's death and the first records of each VM: no storm of another VM can fill it. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} ring_vital SEC(".maps");

/*
 * Where values too large for the stack are put together, per CPU. The iterator has its own: it can
 * be preempted by a vCPU thread.
 */
struct scratch {
	struct nisv_vm_stat vm; /* new entries of the maps: 0 but for what is set each time */
	/* Of the iterator: the VM shown last, and in which run. */
	u64 shown_session, shown_kvm;
	struct nisv_site site;
	struct vcpu_state vcpu;
	union {
		struct nisv_rec_vm rec_vm;
		struct nisv_rec_layout rec_layout;
		struct nisv_rec_slot rec_slot;
	};
};

/* A per-CPU element may not be larger (PCPU_MIN_UNIT_SIZE, include/linux/percpu.h). */
_Static_assert(sizeof(struct scratch) <= 32768, "scratch too large");

#define SCRATCH_EVENT	 0U
#define SCRATCH_ITERATOR 1U

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline void loss_add(u32 which, u64 n)
{
	u64 *count = bpf_map_lookup_elem(&losses, &which);

	if (count)
		*count += n;
}

static __always_inline struct scratch *scratch_get(u32 which)
{
	return bpf_map_lookup_elem(&scratches, &which);
}

/*
 * Take one of a VM's budget before using it: several CPUs that look first and take later would
 * overdraw it. What turns out not to be needed is given back.
 */
static __always_inline bool room_take(__u64 *used, u32 max)
{
	if (add_fetch(used, 1) <= max)
		return true;
	__sync_fetch_and_add(used, -1);
	return false;
}

static __always_inline void room_return(__u64 *used)
{
	__sync_fetch_and_add(used, -1);
}

#endif
