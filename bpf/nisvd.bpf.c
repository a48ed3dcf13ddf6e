/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The programs. All tracepoint programs are raw_tp: they load on every kernel, and only attaching
 * fails where a tracepoint is absent. None is ever attached to kvm_entry or kvm_exit. Arguments of
 * the tracepoints: include/trace/events/kvm.h, arch/arm64/kvm/trace_arm.h, arch/x86/kvm/trace.h.
 */

#include "maps.bpf.h"

#include "discover.bpf.h"
#include "fields.bpf.h"
#include "mmio.bpf.h"

char program_license[] SEC("license") = "GPL";

/* kvm_mmio(int type, int len, u64 gpa, void *val) */
SEC("raw_tp/kvm_mmio")
int on_mmio(raw_args *ctx)
{
	u32 type = ctx->args[0];

#if defined(__TARGET_ARCH_arm64)
	/* Every read fires type 0; type 1 is its completion, fired before the vCPU is loaded. */
	if (type == MMIO_READ)
		return 0;
#endif
	mmio_count(current_task(), type, ctx->args[2]);
	return 0;
}

/* Never attached: the daemon runs it once, before the others are attached. */
SEC("raw_tp")
int tell_fields(raw_args *ctx)
{
	fields_tell();
	return 0;
}

SEC("iter/task_file")
int find_vms(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	if (!task || !file)
		return 0;
	return file_show(ctx->meta, task, file, ctx->fd);
}

#if defined(__TARGET_ARCH_arm64)
#include "programs_arm64.bpf.h"
#else
#include "programs_x86.bpf.h"
#endif

/* kvm_userspace_exit(u32 reason, int errno) */
SEC("raw_tp/kvm_userspace_exit")
int on_userspace_exit(raw_args *ctx)
{
	u32 reason = ctx->args[0];
	s32 err = ctx->args[1];

	if (count_mmio)
		mmio_exit(reason == EXIT_MMIO && !err);
	if (!is_fault_exit(reason, err))
		return 0;
	alone_begin();
	fault_finish(fault_exit(reason, err));
	alone_end();
	return 0;
}
