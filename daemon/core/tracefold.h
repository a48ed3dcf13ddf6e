/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TRACEFOLD_H
#define NISVD_TRACEFOLD_H

/*
 * The events of a trace, folded into what live capture would have told: each thread's events in
 * their order make faults and MMIO accesses (bpf/nisvd.bpf.c has the same rules, with the memory
 * map at hand). A trace has no memory map, so:
 *
 *   nisv		an abort that is not described, and then kvm_mmio_nisv, KVM_EXIT_ARM_NISV or
 *			ENOSYS in the same thread
 *   backing		an abort, and then EFAULT
 *   ldst64b, memory-fault	an abort, and then that exit
 *   exec, walk		kvm_guest_fault is all that there is, and it comes for ordinary memory, too:
 *			the same fault TRACE_REPEATS times in a row, with nothing else between, is
 *			none of memory, which would have been mapped. Where that is a vector that
 *the guest fetches for ever, the fault that led there counts as well. Their outcome is unknown. All
 *others are only counted, as undecided. emulation		kvm_emulate_insn failed, with
 *KVM_EXIT_INTERNAL_ERROR after it, or without it (then the guest got #UD)
 *
 * MMIO is counted as live: type 0 and 2, and type 1 where no type 0 came before it, which is a read
 * that x86 served in the kernel.
 *
 * Memory is bounded; what finds no room is counted. Nothing here does I/O.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/traceline.h"

#define TRACE_THREADS_MAX 16384
#define TRACE_REPEATS	  64

/* What the trace as a whole is, and what is not known of it. */
struct trace_account {
	uint64_t events[_TRACE_KIND_MAX];
	uint64_t bad_lines;	 /* not understood */
	uint64_t lost_events;	 /* that the tool says it lost */
	uint64_t crowded_events; /* of threads beyond TRACE_THREADS_MAX, or of VMs without room */
	uint64_t undecided;	 /* instruction fetches and table walks: memory or not */
	uint64_t lost_errnos; /* failures of KVM_RUN whose errno was not printed and not certain */
	uint64_t from_ns, to_ns; /* of the trace's clock; 0: it has no times */
	enum trace_arch arch;
	bool has_tgid; /* some line told the process of its thread */
};

struct trace_thread {
	uint32_t tid, tgid; /* tgid is tid where the trace does not tell it */
	uint32_t vcpu; /* told by an event or by the thread's name, else its number in the VM */
	bool has_tgid, has_vcpu, refused;
	char comm[NISV_COMM_LEN]; /* "" unknown */
	void *owner;		  /* of the caller; NULL until it sets it */

	/* For tracefold.c. */
	struct trace_event pending; /* the fault whose outcome is awaited; TRACE_OTHER: none */
	struct trace_event lead;    /* the fault before the one that repeats */
	struct trace_event repeat;  /* the last fetch or walk */
	uint64_t n_repeats;
	uint64_t order; /* faults so far */
	bool read_open; /* a type 0 of kvm_mmio waits for its type 1 */
	bool has_access, access_is_write;
	uint64_t access_ipa; /* the last access, if user space was not credited with it yet */
	struct trace_event page_fault; /* x86: the last one, for the address of what follows */
};

struct tracefold_ops {
	/* The thread of an event, which is new or has become better known: sets its owner, or
	 * returns false where there is no room; then it is not asked again. */
	bool (*on_thread)(struct trace_thread *thread, const struct trace_event *event,
			  void *userdata);
	/* One fault. Its hdr has time_ns, tid and tgid; count is 0, as it stands for itself. */
	void (*on_fault)(struct trace_thread *thread, const struct nisv_rec_fault *fault,
			 void *userdata);
	/* A fault whose address is not in the trace. */
	void (*on_unplaced)(struct trace_thread *thread, enum nisv_kind kind, uint64_t time_ns,
			    void *userdata);
	/* One MMIO access; then, if user space served it, on_user() with the same place. */
	void (*on_access)(struct trace_thread *thread, uint64_t ipa, bool is_write,
			  uint64_t time_ns, void *userdata);
	void (*on_user)(struct trace_thread *thread, uint64_t ipa, bool is_write, void *userdata);
};

struct tracefold;

/* @ops and @account are borrowed. NULL without memory. */
struct tracefold *tracefold_new(const struct tracefold_ops *ops, struct trace_account *account,
				void *userdata);
struct tracefold *tracefold_free(struct tracefold *fold); /* takes NULL, returns NULL */

/* The next event, in the order of the trace. */
void tracefold_event(struct tracefold *fold, const struct trace_event *event);

/* The trace ends: faults that wait for their outcome will not get it. */
void tracefold_end(struct tracefold *fold);

#endif
