/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The faults of one thread: what each event says about the one before it. */

#include <errno.h>
#include <string.h>

#include "daemon/core/syndrome.h"
#include "daemon/core/tracefold_internal.h"

/* include/uapi/linux/kvm.h */
#define EXIT_MMIO	    6U
#define EXIT_INTERNAL_ERROR 17U
#define EXIT_ARM_NISV	    28U
#define EXIT_MEMORY_FAULT   39U
#define EXIT_ARM_LDST64B    42U

#define PAGE_OFFSET 0xfffULL

/* Of each quarter of the vectors the first entry is that of synchronous exceptions: Arm ARM DDI
 * 0487, D1.3.1.5 "Exception vectors". */
#define VECTORS_OFFSET 0x7ffULL
#define VECTOR_STRIDE  0x200ULL

static bool is_walk_or_fetch(uint64_t esr)
{
	struct syndrome s = syndrome_decode(esr);

	return s.is_iabt || s.s1ptw;
}

/* KVM needs a description of this one where it is outside memory (io_mem_abort()). */
static bool is_undescribed(const struct trace_event *event)
{
	struct syndrome s = syndrome_decode(event->esr);

	if (event->kind == TRACE_MMIO_NISV)
		return true;
	return event->kind == TRACE_GUEST_FAULT && s.is_abort && !s.is_iabt && !s.isv && !s.s1ptw;
}

static bool is_abort(const struct trace_event *event)
{
	return event->kind == TRACE_GUEST_FAULT || event->kind == TRACE_MMIO_NISV;
}

struct outcome {
	enum nisv_outcome outcome;
	int err;
	uint32_t reason;
};

static void emit(struct tracefold *fold, struct trace_thread *thread,
		 const struct trace_event *event, enum nisv_kind kind, struct outcome outcome)
{
	struct nisv_rec_fault rec = {
		.hdr = {.type = NISV_REC_FAULT,
			.size = sizeof(rec),
			.time_ns = event->time_ns,
			.tgid = thread->tgid,
			.tid = thread->tid},
		.kind = kind,
		.outcome = outcome.outcome,
		.errno_ = outcome.err,
		.exit_reason = outcome.reason,
		.vcpu_id = thread->vcpu,
		.layout_state = NISV_LAYOUT_NONE,
		.vcpu_order = ++thread->order,
		.esr = event->esr,
		.far = event->far,
		.ipa = event->ipa,
		.pc = event->pc,
		/* What the tracepoint prints can be the beginning of the instruction only. */
		.insn_state = event->insn_len ? NISV_INSN_LEFT_OUT : NISV_INSN_NONE,
		.slot = {.id = -1},
		.below = {.id = -1},
		.above = {.id = -1},
	};

	/* kvm_guest_fault has the page; with S1PTW, FAR is not about the table (Arm ARM). */
	if (is_abort(event)) {
		rec.ipa &= ~PAGE_OFFSET;
		if (!syndrome_decode(event->esr).s1ptw)
			rec.ipa |= event->far & PAGE_OFFSET;
	}
	memcpy(rec.comm, thread->comm, sizeof(rec.comm));
	fold->ops.on_fault(thread, &rec, fold->userdata);
}

static void emit_undecided(struct tracefold *fold, struct trace_thread *thread,
			   const struct trace_event *event)
{
	fold->account->undecided--;
	emit(fold, thread, event,
	     syndrome_decode(event->esr).s1ptw ? NISV_KIND_WALK : NISV_KIND_EXEC,
	     (struct outcome){NISV_OUTCOME_UNKNOWN, 0, 0});
}

void tracefold_forget_repeats(struct trace_thread *thread)
{
	thread->lead.kind = thread->repeat.kind = TRACE_OTHER;
	thread->n_repeats = 0;
}

static bool is_vector_fetch(const struct trace_event *event)
{
	return syndrome_decode(event->esr).is_iabt &&
	       (event->pc & VECTORS_OFFSET) % VECTOR_STRIDE == 0;
}

static bool is_same_fault(const struct trace_event *a, const struct trace_event *b)
{
	return a->kind == b->kind && a->pc == b->pc && a->esr == b->esr &&
	       a->ipa >> 12 == b->ipa >> 12;
}

/* An instruction fetch or a table walk: only that it does not end tells it from one of memory. */
static void on_candidate(struct tracefold *fold, struct trace_thread *thread,
			 const struct trace_event *event)
{
	fold->account->undecided++;
	if (!is_same_fault(&thread->repeat, event)) {
		thread->lead = thread->repeat;
		if (thread->n_repeats != 1)
			thread->lead.kind = TRACE_OTHER;
		thread->repeat = *event;
		thread->n_repeats = 0;
	}
	thread->n_repeats++;
	if (thread->n_repeats < TRACE_REPEATS)
		return;
	if (thread->n_repeats > TRACE_REPEATS) {
		emit_undecided(fold, thread, event);
		return;
	}
	if (thread->lead.kind != TRACE_OTHER && is_vector_fetch(event))
		emit_undecided(fold, thread, &thread->lead);
	for (int i = 0; i < TRACE_REPEATS; i++)
		emit_undecided(fold, thread, &thread->repeat);
}

/*
 * x86's emulator gives up without an exit only where it gives the guest a #UD
 * (handle_emulation_failure()).
 */
void tracefold_settle(struct tracefold *fold, struct trace_thread *thread)
{
	struct trace_event event = thread->pending;

	thread->pending.kind = TRACE_OTHER;
	if (event.kind == TRACE_MMIO_NISV)
		emit(fold, thread, &event, NISV_KIND_NISV,
		     (struct outcome){NISV_OUTCOME_UNKNOWN, 0, 0});
	else if (event.kind == TRACE_EMULATE_INSN)
		emit(fold, thread, &event, NISV_KIND_EMULATION,
		     (struct outcome){NISV_OUTCOME_ABORT_INJECTED, 0, 0});
}

void tracefold_guest_fault(struct tracefold *fold, struct trace_thread *thread,
			   const struct trace_event *event)
{
	tracefold_settle(fold, thread);
	thread->pending = *event;
	if (is_walk_or_fetch(event->esr))
		on_candidate(fold, thread, event);
	else
		tracefold_forget_repeats(thread);
}

void tracefold_mmio_nisv(struct tracefold *fold, struct trace_thread *thread,
			 const struct trace_event *event)
{
	tracefold_settle(fold, thread);
	tracefold_forget_repeats(thread);
	thread->pending = *event;
}

/* ---- exits to user space ---- */

static void end_arm64(struct tracefold *fold, struct trace_thread *thread,
		      const struct trace_event *event, enum nisv_kind kind, int err)
{
	const struct trace_event *fault = &thread->pending;
	struct outcome outcome = {NISV_OUTCOME_VMM_DECIDES, err, event->reason};

	if (event->reason != EXIT_ARM_NISV && event->reason != EXIT_MEMORY_FAULT &&
	    event->reason != EXIT_ARM_LDST64B)
		outcome.outcome = NISV_OUTCOME_VM_KILLED;
	if (!is_abort(fault) || (kind == NISV_KIND_NISV && !is_undescribed(fault))) {
		fold->ops.on_unplaced(thread, kind, event->time_ns, fold->userdata);
		return;
	}
	/* With its repeats it was told already. */
	if (fault->kind == TRACE_GUEST_FAULT && is_walk_or_fetch(fault->esr) &&
	    thread->n_repeats < TRACE_REPEATS)
		fold->account->undecided--;
	emit(fold, thread, fault, kind, outcome);
	thread->pending.kind = TRACE_OTHER;
}

/*
 * KVM_RUN failed, with an errno that the tool did not print. ENOSYS is what an access that is not
 * described ends with, and EFAULT what any other does; which of them it was for one that could be
 * either shows kvm_mmio_nisv, where the kernel has it.
 */
static void end_without_errno(struct tracefold *fold, struct trace_thread *thread,
			      const struct trace_event *event)
{
	const struct trace_event *fault = &thread->pending;

	if (fault->kind == TRACE_MMIO_NISV) {
		end_arm64(fold, thread, event, NISV_KIND_NISV, -ENOSYS);
	} else if (!is_abort(fault)) {
		fold->account->lost_errnos++;
	} else if (is_undescribed(fault) && !fold->account->events[TRACE_MMIO_NISV]) {
		fold->account->lost_errnos++;
		end_arm64(fold, thread, event, NISV_KIND_NISV, 0);
	} else {
		end_arm64(fold, thread, event, NISV_KIND_BACKING, -EFAULT);
	}
}

static void on_exit_arm64(struct tracefold *fold, struct trace_thread *thread,
			  const struct trace_event *event)
{
	if (event->reason == EXIT_ARM_NISV || event->errno_ == -ENOSYS)
		end_arm64(fold, thread, event, NISV_KIND_NISV, event->errno_);
	else if (event->reason == EXIT_ARM_LDST64B)
		end_arm64(fold, thread, event, NISV_KIND_LDST64B, event->errno_);
	else if (event->reason == EXIT_MEMORY_FAULT)
		end_arm64(fold, thread, event, NISV_KIND_MEMORY_FAULT, event->errno_);
	else if (event->errno_ == -EFAULT)
		end_arm64(fold, thread, event, NISV_KIND_BACKING, event->errno_);
	else if (event->errno_lost)
		end_without_errno(fold, thread, event);
}

static void on_exit_x86(struct tracefold *fold, struct trace_thread *thread,
			const struct trace_event *event)
{
	struct outcome outcome = {NISV_OUTCOME_VMM_DECIDES, event->errno_, event->reason};
	struct trace_event fault = thread->pending;

	if (event->reason == EXIT_MEMORY_FAULT)
		fold->ops.on_unplaced(thread, NISV_KIND_MEMORY_FAULT, event->time_ns,
				      fold->userdata);
	if (event->reason != EXIT_INTERNAL_ERROR || fault.kind != TRACE_EMULATE_INSN)
		return;
	thread->pending.kind = TRACE_OTHER;
	emit(fold, thread, &fault, NISV_KIND_EMULATION, outcome);
}

void tracefold_exit(struct tracefold *fold, struct trace_thread *thread,
		    const struct trace_event *event)
{
	if (event->reason == EXIT_ARM_NISV)
		fold->account->arch = TRACE_ARCH_ARM64;
	if (fold->account->arch == TRACE_ARCH_ARM64)
		on_exit_arm64(fold, thread, event);
	else
		on_exit_x86(fold, thread, event);
	tracefold_settle(fold, thread);
	tracefold_forget_repeats(thread);
	if (event->reason == EXIT_MMIO && !event->errno_ && thread->has_access)
		fold->ops.on_user(thread, thread->access_ipa, thread->access_is_write,
				  fold->userdata);
	thread->has_access = false;
}

/* ---- x86 ---- */

void tracefold_emulate_insn(struct tracefold *fold, struct trace_thread *thread,
			    const struct trace_event *event)
{
	const struct trace_event *page_fault = &thread->page_fault;

	tracefold_settle(fold, thread);
	if (!event->failed)
		return;
	thread->pending = *event;
	/* With nested paging KVM emulates on the address of the page fault. */
	if (page_fault->kind == TRACE_PAGE_FAULT && page_fault->pc == event->pc &&
	    page_fault->value & TRACE_PFERR_GUEST_FINAL)
		thread->pending.ipa = page_fault->ipa;
}
