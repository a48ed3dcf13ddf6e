/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BACKTRACE_BPF_H
#define NISV_BACKTRACE_BPF_H

/* The guest's callers, by the chain of its frame records. See struct nisv_backtrace. */

#include "guestmem.bpf.h"

/*
 * Architecture: read @size bytes at a guest virtual address into the vCPU's look.word, in the byte
 * order of the guest's data; an enum nisv_walk_state.
 */
static __always_inline u32 data_read(struct vcpu_state *v, u64 va, u64 size);

#define NO_LIMIT (~0ULL)

/* A chain of frame records, as far as it is followed. */
struct chain {
	u64 fp;	   /* the record that comes next */
	u64 first; /* the one it began with */
	u64 limit; /* where it must end: the stack that it has left begins there */
};

/*
 * Go on to the record at @next. Stacks grow down: it must be above this one. But a handler's stack
 * may lie above that of what it interrupted, so the chain may go down once, to below all that it
 * has passed. Linux unwinds the same way, and never back to a stack that it has left
 * (unwind_next_frame_record(), arch/arm64/include/asm/stacktrace/common.h); it knows its stacks,
 * and so how often they may change: from the IRQ stack to a task's, rarely more.
 */
static __always_inline bool chain_advance(struct chain *chain, u64 next, u64 word)
{
	bool is_below = next < chain->fp + 2 * word;

	chain->fp = next;
	if (is_below && chain->limit != NO_LIMIT)
		return false;
	if (is_below)
		chain->limit = chain->first;
	return next + 2 * word <= chain->limit;
}

/* Take one record; an enum nisv_backtrace_end, NONE: there may be more. */
static __always_inline u32 chain_step(struct vcpu_state *v, struct chain *chain, u64 word)
{
	struct nisv_backtrace *trace = &v->pending.backtrace;
	u64 next;

	if (!chain->fp)
		return NISV_BACKTRACE_COMPLETE;
	if (chain->fp & (word - 1))
		return NISV_BACKTRACE_MISALIGNED;
	trace->read_state = data_read(v, chain->fp, word);
	next = v->look.word;
	if (trace->read_state == NISV_WALK_DONE)
		trace->read_state = data_read(v, chain->fp + word, word);
	if (trace->read_state != NISV_WALK_DONE)
		return NISV_BACKTRACE_UNREADABLE;
	trace->read_state = NISV_WALK_NONE;
	if (!next && !v->look.word)
		return NISV_BACKTRACE_COMPLETE;
	if (trace->n >= NISV_FRAMES_MAX)
		return NISV_BACKTRACE_FULL;
	trace->frame[trace->n++ & (NISV_FRAMES_MAX - 1)] = v->look.word;
	if (!next)
		return NISV_BACKTRACE_COMPLETE;
	return chain_advance(chain, next, word) ? NISV_BACKTRACE_NONE : NISV_BACKTRACE_ORDER;
}

_Static_assert(!(NISV_FRAMES_MAX & (NISV_FRAMES_MAX - 1)), "a mask bounds the index");

/* Add the frames from the record at @fp on to the pending record's; @word: bytes of a register. */
__noinline int backtrace_follow(vcpu_ref ref, u64 fp, u64 word)
{
	struct vcpu_state *v = vcpu_referred(ref);
	struct chain chain = {.fp = fp, .first = fp, .limit = NO_LIMIT};
	struct nisv_backtrace *trace;
	u32 i;

	if (!v)
		return 0;
	trace = &v->pending.backtrace;
	for (i = 0; i <= NISV_FRAMES_MAX && !trace->end; i++)
		trace->end = chain_step(v, &chain, word);
	if (trace->end != NISV_BACKTRACE_COMPLETE)
		trace->stopped_at = chain.fp;
	return 0;
}

#endif
