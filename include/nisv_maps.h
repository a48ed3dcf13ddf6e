/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_MAPS_H
#define NISV_MAPS_H

/*
 * The maps of the BPF programs that the daemon reads: their keys and values, and what is counted as
 * lost. Part of the ABI between the two; what travels through the rings is in nisv_record.h.
 */

#include "include/nisv_record.h"

#define NISV_PLACE_SHIFT 9 /* MMIO is counted per 512 bytes: one virtio-mmio transport each */

/*
 * Map `vcpus`, its key: what BPF remembers of a vCPU. Addresses of vCPUs are reused as those of VMs
 * are: with the VM in the key nothing of an ended one is taken for another's, or deleted with it.
 */
struct nisv_vcpu_key {
	__u64 vcpu; /* struct kvm_vcpu */
	struct nisv_vm_key vm;
};

/* Map `sites`: one fault site, struct nisv_site_key -> struct nisv_site. */
struct nisv_site_key {
	struct nisv_vm_key vm;
	__u64 page; /* ipa >> 12 */
	__u64 pc;
	__u32 kind;
	__u32 reserved;
};

struct nisv_site {
	__u64 count;
	/* Of these, which ended KVM_RUN: before the guest ran again the VMM gave it an external
	 * abort (KVM_SET_VCPU_EVENTS). 0 also where no hook sees that. */
	__u64 answers;
	__u64 first_ns;
	__u64 last_ns;
	__u64 ipa; /* of the first fault */
	__u64 far;
	__u64 esr;
	__u32 vcpu_id; /* of the last fault */
	__u32 outcome; /* of the last fault */
	__s32 errno_;
	__u32 reserved;
};

/* Map `places`: MMIO by 512-byte place and direction, struct nisv_place_key -> struct nisv_place.
 */
struct nisv_place_key {
	struct nisv_vm_key vm;
	__u64 place;	/* ipa >> NISV_PLACE_SHIFT */
	__u32 is_write; /* 0 read, 1 write */
	__u32 reserved;
};

struct nisv_place {
	__u64 count; /* accesses, each once */
	__u64 user;  /* of these, served by user space */
};

/*
 * Map `mmio_cache`: one element per CPU, a cache in front of `places`, in which a place may have
 * either slot of a pair. Its true count is its `places` value plus what the caches hold. A pair is
 * one cache line, so that is all that an access takes; what user space served is in another array.
 */
#define NISV_CACHE_BITS	 10
#define NISV_CACHE_SLOTS (1U << NISV_CACHE_BITS)
struct nisv_cache_slot {
	struct nisv_vm_key vm; /* kvm == 0: empty */
	__u64 place;	       /* (ipa >> NISV_PLACE_SHIFT) << 1 | is_write */
	__u64 count;
};
/* BPF-private: the access that this CPU counted last, and whose it was. */
struct nisv_cache_last {
	__u64 link;	  /* of the vCPU's preempt notifier */
	__u64 epoch;	  /* VMs destroyed until then */
	__u64 migrations; /* of the thread, until then */
	__u64 gpa;	  /* NISV_ADDR_UNSET: credited to user space already */
	struct nisv_vm_key vm;
	__u64 birth; /* of the VM: x86's kvmclock offset */
	__u32 pid;   /* of the thread, in the initial PID namespace */
	__u32 slot;  /* NISV_CACHE_SLOTS: it was counted past the cache */
	__u32 left;  /* 1: the thread has left KVM_RUN since, and the end of VMs is not seen */
	__u32 reserved;
	__u64 unused[7]; /* to the end of a cache line, of 64 bytes */
};
struct nisv_cache {
	struct nisv_cache_last last;
	struct nisv_cache_slot slot[NISV_CACHE_SLOTS];
	__u64 user[NISV_CACHE_SLOTS]; /* of the count of each slot, served by user space */
};

/* Map `vms`: exact totals of one VM, struct nisv_vm_key -> struct nisv_vm_stat. */
struct nisv_vm_stat {
	__u64 seq;
	__u64 faults[_NISV_KIND_MAX]; /* exact, never limited */
	__u64 unplaced_faults;	      /* of these, without a site: the VM's budget was used up */
	__u64 answers;		      /* of all, as struct nisv_site counts them */
	__u64 mmio_reads;	      /* flushed from the caches; add what they still hold */
	__u64 mmio_writes;
	__u64 mmio_user;
	__u64 unplaced_mmio;	/* of the MMIO counts, without a place */
	__u64 suppressed;	/* detail records not sent: rate limit */
	__u64 lost_records;	/* records that found their ring full */
	__u64 detail_window_ns; /* BPF-private: start of the current rate window */
	__u64 slot_changes; /* memslot changes, exact where KVM's function can be hooked, else 0 */
	__u64 slot_changes_dropped; /* of these, without a record: rate limit */
	__u64 generation;	    /* BPF-private: memslots generation of the last layout record */
	__u64 sites; /* of its budget; 64 bits wide for an atomic that returns a value */
	__u64 places;
	__u32 detail_in_window; /* BPF-private */
	__u32 vital_in_window;	/* BPF-private */
	__u32 tgid;
	__u32 has_layout;      /* BPF-private: a layout record was sent */
	__u32 has_fault;       /* BPF-private: a fault record was sent */
	__u32 slots_in_window; /* BPF-private */
};

/* Map `losses`: per-CPU array, one counter per way to lose something. */
enum nisv_loss {
	NISV_LOSS_RING = 0,    /* detail ring full: record lost, count kept */
	NISV_LOSS_VITAL = 1,   /* vital ring full: record lost, count kept */
	NISV_LOSS_VMS = 2,     /* more VMs than the map holds: event not counted */
	NISV_LOSS_SITES = 3,   /* site map full: place lost, count kept */
	NISV_LOSS_PLACES = 4,  /* place map full: place lost, count kept */
	NISV_LOSS_VCPUS = 5,   /* no room to remember a first phase: record less complete */
	NISV_LOSS_NO_VCPU = 6, /* vCPU of an event could not be found: event not counted */
	NISV_LOSS_WALK = 7,    /* a slot walk hit its bound: layout incomplete */
	NISV_LOSS_EXIT = 8,    /* an exit to the VMM for a reason that nisvd does not know */
	_NISV_LOSS_MAX = 9,
};

NISV_ASSERT_SIZE(struct nisv_vcpu_key, 24);
NISV_ASSERT_SIZE(struct nisv_site_key, 40);
NISV_ASSERT_SIZE(struct nisv_site, 72);
NISV_ASSERT_SIZE(struct nisv_place_key, 32);
NISV_ASSERT_SIZE(struct nisv_cache_slot, 32);
NISV_ASSERT_SIZE(struct nisv_cache_last, 128);

#endif
