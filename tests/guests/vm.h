/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One VM on raw KVM: memory slots, devices, vCPUs. See Documentation/virt/kvm/api.rst in Linux. */
#ifndef NISVD_TESTS_VM_H
#define NISVD_TESTS_VM_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>

#include "options.h"
#include "stats.h"

/* A memory slot and its memory. */
struct slot {
	struct slot_option option;
	uint32_t id; /* KVM slot number, and its place in vm->slots */
	uint32_t flags;
	uint8_t *memory; /* host mapping, owned by the VM; NULL once the slot was removed */
};

enum vcpu_state {
	VCPU_RUNNABLE,
	VCPU_DONE,   /* the guest said so, or a limit was reached */
	VCPU_PAUSED, /* --on-error pause */
};

struct crew;
struct vm;

struct vcpu {
	struct vm *vm;
	unsigned int index;
	int fd;
	struct kvm_run *run;
	enum vcpu_state state; /* written by the thread that runs the vCPU */
	struct stats stats;    /* same */
	pthread_t last_thread; /* --move-threads: who ran it last */
	bool queued;	       /* --move-threads: no thread runs it */
	bool has_last_thread;
};

struct vm {
	const struct options *options;
	unsigned int index;
	unsigned int round; /* of --repeat */
	int kvm_fd, fd, vgic_fd, its_fd;
	size_t run_size; /* bytes of a struct kvm_run mapping */
	struct slot slots[MAX_SLOTS + 1];
	unsigned int n_slots;
	struct slot *churn; /* the one of --churn, or NULL */
	struct vcpu vcpus[MAX_VCPUS];
	unsigned int n_vcpus;
	int ioeventfds[MAX_IOEVENTFDS];
	uint64_t entry;			  /* guest physical */
	struct crew *crew;		  /* the threads that run the vCPUs, set by crew_new() */
	atomic_bool stop;		  /* vCPUs are to return from KVM_RUN and stay out */
	atomic_ullong exits, nisv;	  /* all vCPUs, kept only for --max-exits and --max-nisv */
	atomic_ullong begun_ns, ended_ns; /* CLOCK_MONOTONIC; 0: never ran */
};

/*
 * Creates VM number index with everything the options ask for and the guest program in its memory.
 * Ends the process with EXIT_SETUP or EXIT_UNSUPPORTED when KVM refuses. The caller owns the VM.
 */
struct vm *vm_new(const struct options *options, unsigned int index, unsigned int round);

/* Closes and unmaps everything; takes NULL. No vCPU may be running. */
void vm_free(struct vm *vm);

/* Sets or, with present false, deletes a slot. Returns 0 or -errno. Safe beside running vCPUs. */
int vm_slot_set(struct vm *vm, struct slot *slot, bool present);

/*
 * Adds a slot with new memory, under the lowest free id, and returns it in *ret. Returns 0 or
 * -errno: what KVM says, -ENOMEM, or -ENOSPC. Not beside another change of this VM's slots.
 */
int vm_slot_add(struct vm *vm, const struct slot_option *option, struct slot **ret);

/* Deletes a slot and unmaps its memory. Returns 0 or -errno. */
int vm_slot_remove(struct vm *vm, struct slot *slot);

/* The slot that backs a guest physical address, or NULL. */
struct slot *vm_slot_find(struct vm *vm, uint64_t address);

/* Host address of size bytes of guest memory inside one slot, or NULL. */
uint8_t *vm_memory(struct vm *vm, uint64_t address, uint64_t size);

/* Fetches and so clears a slot's dirty log: its pages are write protected again. 0 or -errno. */
int vm_dirty_log_clear(struct vm *vm, struct slot *slot);

#endif
