/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/tracefold_internal.h"

struct tracefold *tracefold_new(const struct tracefold_ops *ops, struct trace_account *account,
				void *userdata)
{
	struct tracefold *fold = calloc(1, sizeof(*fold));

	if (!fold)
		return NULL;
	fold->ops = *ops;
	fold->account = account;
	fold->userdata = userdata;
	return fold;
}

struct tracefold *tracefold_free(struct tracefold *fold)
{
	if (!fold)
		return NULL;
	free(fold->threads);
	free(fold);
	return NULL;
}

/* ---- threads ---- */

/* Room doubles from 16 on: the count alone tells when it is used up. */
static bool threads_grow(struct tracefold *fold)
{
	size_t n = fold->n_threads;
	struct trace_thread *list;

	if (n >= TRACE_THREADS_MAX)
		return false;
	if (n && (n < 16 || (n & (n - 1))))
		return true;
	list = realloc(fold->threads, (n ? 2 * n : 16) * sizeof(*list));
	if (list)
		fold->threads = list;
	return list;
}

/* Fibonacci hashing: thread ids of one process follow one another. */
static uint32_t *bucket_of(struct tracefold *fold, uint32_t tid)
{
	uint32_t at = tid * 0x9e3779b1U & (BUCKETS - 1);

	while (fold->buckets[at] && fold->threads[fold->buckets[at] - 1].tid != tid)
		at = (at + 1) & (BUCKETS - 1);
	return &fold->buckets[at];
}

/* What a trace tells of a thread can become more: perf knows some names only later. */
static bool thread_learn(struct trace_thread *thread, const struct trace_event *event)
{
	bool changed = !thread->owner && !thread->refused;

	if (event->has_tgid && !thread->has_tgid) {
		thread->tgid = event->tgid;
		thread->has_tgid = changed = true;
	}
	if (event->comm[0] && !thread->comm[0]) {
		memcpy(thread->comm, event->comm, sizeof(thread->comm));
		changed = true;
	}
	if (event->has_vcpu) {
		thread->vcpu = event->vcpu;
		thread->has_vcpu = true;
	}
	return changed;
}

/* The thread of @event if its owner has room for it, else NULL. */
static struct trace_thread *thread_of(struct tracefold *fold, const struct trace_event *event)
{
	uint32_t *bucket = bucket_of(fold, event->tid);
	struct trace_thread *thread;

	if (!*bucket) {
		if (!threads_grow(fold))
			return NULL;
		fold->threads[fold->n_threads] =
			(struct trace_thread){.tid = event->tid, .tgid = event->tid};
		*bucket = (uint32_t)++fold->n_threads;
	}
	thread = &fold->threads[*bucket - 1];
	/* The id of a thread that is gone was given to another process. */
	if (event->has_tgid && thread->has_tgid && thread->tgid != event->tgid)
		*thread = (struct trace_thread){.tid = event->tid, .tgid = event->tid};
	if (thread_learn(thread, event))
		thread->refused = !fold->ops.on_thread(thread, event, fold->userdata);
	return thread->owner ? thread : NULL;
}

/* ---- MMIO ---- */

static void on_mmio(struct tracefold *fold, struct trace_thread *thread,
		    const struct trace_event *event)
{
	bool completes = event->type == TRACE_MMIO_READ &&
			 (thread->read_open || fold->account->arch == TRACE_ARCH_ARM64);

	tracefold_settle(fold, thread);
	tracefold_forget_repeats(thread);
	thread->read_open = event->type == TRACE_MMIO_UNSATISFIED;
	if (completes)
		return;
	thread->has_access = true;
	thread->access_ipa = event->ipa;
	thread->access_is_write = event->type == TRACE_MMIO_WRITE;
	fold->ops.on_access(thread, event->ipa, thread->access_is_write, event->time_ns,
			    fold->userdata);
}

/* ---- all events ---- */

static void account_take(struct trace_account *account, const struct trace_event *event)
{
	account->events[event->kind]++;
	account->lost_events += event->kind == TRACE_LOST ? event->lost + !event->lost : 0;
	account->has_tgid |= event->has_tgid;
	if (!account->arch)
		account->arch = event->arch;
	if (!event->has_time)
		return;
	if (!account->from_ns || event->time_ns < account->from_ns)
		account->from_ns = event->time_ns;
	if (event->time_ns > account->to_ns)
		account->to_ns = event->time_ns;
}

void tracefold_event(struct tracefold *fold, const struct trace_event *event)
{
	struct trace_thread *thread;

	account_take(fold->account, event);
	if (event->kind == TRACE_OTHER || event->kind == TRACE_LOST)
		return;
	thread = thread_of(fold, event);
	if (!thread) {
		fold->account->crowded_events++;
		return;
	}
	switch (event->kind) {
	case TRACE_GUEST_FAULT:
		tracefold_guest_fault(fold, thread, event);
		break;
	case TRACE_MMIO_NISV:
		tracefold_mmio_nisv(fold, thread, event);
		break;
	case TRACE_MMIO:
		on_mmio(fold, thread, event);
		break;
	case TRACE_USERSPACE_EXIT:
		tracefold_exit(fold, thread, event);
		break;
	case TRACE_EMULATE_INSN:
		tracefold_emulate_insn(fold, thread, event);
		break;
	case TRACE_PAGE_FAULT:
		thread->page_fault = *event;
		break;
	case TRACE_EXIT:
	case TRACE_ENTRY:
		tracefold_settle(fold, thread);
		break;
	default:
		break;
	}
}

void tracefold_end(struct tracefold *fold)
{
	for (size_t i = 0; i < fold->n_threads; i++)
		if (fold->threads[i].owner && fold->threads[i].pending.kind == TRACE_MMIO_NISV)
			tracefold_settle(fold, &fold->threads[i]);
}
