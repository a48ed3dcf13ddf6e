/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_VCPU_BPF_H
#define NISV_VCPU_BPF_H

/* Which vCPU, and so which VM, an event belongs to. No state per thread is kept for it. */

#include "maps.bpf.h"

/* What a vCPU tells of itself: enough to know that it is one. */
struct vcpu_id {
	u64 vcpu;
	u64 kvm;
	u64 ops;
};

/*
 * The head of struct kvm_vcpu is kvm, then the notifier's link and ops, on every kernel from 5.10
 * to 7.3: one read in place of two on the hot path, two where a kernel should lay it out otherwise.
 */
static __always_inline void vcpu_read_head(struct vcpu_id *id)
{
	u64 head[4] = {};

	if (bpf_core_field_offset(struct kvm_vcpu, kvm) == 0 &&
	    bpf_core_field_offset(struct kvm_vcpu, preempt_notifier.ops) == 24) {
		bpf_probe_read_kernel(head, sizeof(head), (void *)id->vcpu);
		id->kvm = head[0];
		id->ops = head[3];
		return;
	}
	id->kvm = (u64)READ(kvm_vcpu, id->vcpu, kvm);
	id->ops = (u64)READ(kvm_vcpu, id->vcpu, preempt_notifier.ops);
}

/*
 * A vCPU carries KVM's preempt_ops from its creation on (kvm_vcpu_init()). The first one is
 * believed if it says that it runs in this thread, which KVM_RUN writes into it before the guest
 * is entered (kvm_vcpu_ioctl()).
 */
static __always_inline bool vcpu_check(struct task_struct *task, struct vcpu_id *id)
{
	vcpu_read_head(id);
	if (id->ops && id->ops == kvm_preempt_ops)
		return true;
	if (kvm_preempt_ops || !id->ops || !id->kvm)
		return false;
	if ((u64)READ(kvm_vcpu, id->vcpu, pid) != (u64)FIELD(task, thread_pid))
		return false;
	kvm_preempt_ops = id->ops;
	return true;
}

/* Between vcpu_load() and vcpu_put(): KVM's notifier is the first one of the thread. */
static __always_inline bool vcpu_loaded(struct task_struct *task, struct vcpu_id *id)
{
	u64 link = (u64)FIELD(task, preempt_notifiers.first);

	if (!link)
		return false;
	id->vcpu = link - bpf_core_field_offset(struct kvm_vcpu, preempt_notifier.link);
	return vcpu_check(task, id);
}

#ifdef OLDER_KERNELS
/*
 * The registers of the system call are at the end of the kernel's stack: 16 KiB, on arm64 at least
 * a page (THREAD_SIZE, task_pt_regs()).
 */
static __always_inline struct pt_regs *task_registers(struct task_struct *task)
{
	u64 stack = (u64)FIELD(task, stack);

	return (struct pt_regs *)(stack + (1UL << (host_page_shift > 14 ? host_page_shift : 14)) -
				  bpf_core_type_size(struct pt_regs));
}
#else
static __always_inline struct pt_regs *task_registers(struct task_struct *task)
{
	return (struct pt_regs *)bpf_task_pt_regs(task);
}
#endif

/* The fd of the KVM_RUN that this thread is in, -1 if it is in no such call. */
static __always_inline int run_fd(struct task_struct *task)
{
	struct pt_regs *regs = task_registers(task);

#if defined(__TARGET_ARCH_arm64)
	return (u32)FIELD(regs, regs[1]) == KVM_RUN_CMD ? (int)FIELD(regs, orig_x0) : -1;
#else
	return (u32)FIELD(regs, si) == KVM_RUN_CMD ? (int)FIELD(regs, di) : -1;
#endif
}

/*
 * After vcpu_put(), where kvm_userspace_exit fires: the file that KVM_RUN was called on. That the
 * vCPU last ran in this thread excludes a file that another thread put there meanwhile.
 */
static __always_inline bool vcpu_put_one(struct task_struct *task, struct vcpu_id *id)
{
	int fd = run_fd(task);
	struct fdtable *fdt = FIELD(FIELD(task, files), fdt);
	struct file **files, *file = NULL;

	if (fd < 0 || (u32)fd >= FIELD(fdt, max_fds))
		return false;
	files = FIELD(fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	if (!file)
		return false;
	id->vcpu = (u64)BPF_CORE_READ(file, private_data);
	return id->vcpu && vcpu_check(task, id) &&
	       (u64)READ(kvm_vcpu, id->vcpu, pid) == (u64)FIELD(task, thread_pid);
}

/*
 * The number of this exit from the guest, never 0: KVM counts them before it handles one, so the
 * two phases of a fault see the same and the next fault another. x86 emulates without an exit.
 */
static __always_inline u64 vcpu_exit_number(u64 vcpu)
{
#if defined(__TARGET_ARCH_arm64)
	return READ(kvm_vcpu, vcpu, stat.exits) + 1;
#else
	return 1;
#endif
}

/*
 * See struct nisv_vm_key. debugfs_dentry is an ERR_PTR where debugfs is absent: reading through
 * it fails and leaves 0.
 */
static __always_inline struct nisv_vm_key vm_key(u64 kvm, struct task_struct *task)
{
	struct nisv_vm_key key = {.kvm = kvm};

	key.ino = READ(kvm, kvm, debugfs_dentry, d_inode, i_ino);
	if (!key.ino)
		key.ino = FIELD(FIELD(task, group_leader), start_boottime) | 1ULL << 63;
	return key;
}

#endif
