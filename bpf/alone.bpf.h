/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_ALONE_BPF_H
#define NISV_ALONE_BPF_H

/*
 * Programs of one CPU share its scratch area, and while one is in the middle the same one is not
 * run for another thread: that event is lost (recursion_misses). Preemption is off in all of them,
 * by the kernel: but tracepoints of PREEMPT_RT kernels leave it on from Linux 7.0 on
 * (tracepoint_guard(), include/linux/tracepoint.h: it came with tracepoint_srcu). There the
 * programs switch it off themselves where they do more than count. Kprobes run with it off
 * everywhere.
 */

#include "kvm.bpf.h"

/* kernel/tracepoint.c */
struct tp_transition_snapshot {
	unsigned long srcu_gp;
} _core;

/* include/linux/spinlock_types.h with CONFIG_PREEMPT_RT: a spinlock that sleeps. */
struct rt_mutex_base {
	struct task_struct *owner;
} _core;

struct spinlock___rt {
	struct rt_mutex_base lock;
} _core;

/* Linux 6.10 and later; until 6.15 global functions cannot be called in between. */
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

static __always_inline bool is_preemptible(void)
{
	return bpf_core_field_exists(struct tp_transition_snapshot, srcu_gp) &&
	       bpf_core_field_exists(struct spinlock___rt, lock);
}

static __always_inline void alone_begin(void)
{
	if (is_preemptible())
		bpf_preempt_disable();
}

static __always_inline void alone_end(void)
{
	if (is_preemptible())
		bpf_preempt_enable();
}

#endif
