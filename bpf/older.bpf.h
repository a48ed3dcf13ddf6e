/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_OLDER_BPF_H
#define NISV_OLDER_BPF_H

/*
 * The programs are compiled twice. With OLDER_KERNELS they do without what Linux 5.10 lacks, and
 * its verifier refuses in a program even where it is never executed:
 *  - atomics that return the old value: Linux 5.12 on x86-64, 5.18 on arm64;
 *  - bpf_find_vma(): 5.17;
 *  - global functions that take pointers: 5.13 (vcpuref.bpf.h);
 *  - bpf_task_pt_regs(): 5.15;
 *  - bpf_get_current_task_btf(): 5.11; what it returns is read without a helper.
 * Their maps are allocated in advance: for any other, 5.10 warns in the kernel's log.
 */

#include "kvm.bpf.h"

#ifdef OLDER_KERNELS

#define HASH_FLAGS 0

/* A member of a task, or of what hangs on it. */
#define FIELD(pointer, member)                  \
	({                                      \
		typeof(pointer) _p = (pointer); \
		BPF_CORE_READ(_p, member);      \
	})

static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

/*
 * What other CPUs add in between is in the result, too: two of them may both see the later number
 * and none the earlier one. The sum is exact.
 */
static __always_inline u64 add_fetch(u64 *value, u64 n)
{
	__sync_fetch_and_add(value, n);
	return *(volatile u64 *)value;
}

#else

#define HASH_FLAGS BPF_F_NO_PREALLOC

#define FIELD(pointer, member) ((pointer)->member)

static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task_btf();
}

static __always_inline u64 add_fetch(u64 *value, u64 n)
{
	return __sync_fetch_and_add(value, n) + n;
}

#endif

#endif
