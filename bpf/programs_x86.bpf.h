/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_PROGRAMS_X86_BPF_H
#define NISV_PROGRAMS_X86_BPF_H

/* The programs of x86-64 alone: what KVM cannot emulate. See nisvd.bpf.c. */

#include "fault_x86.bpf.h"
#include "slotchange.bpf.h"

static __always_inline bool emulation_vm(u64 vcpu, struct fault *f)
{
	struct task_struct *task = current_task();

	f->id.vcpu = vcpu;
	if (!vcpu_check(task, &f->id)) {
		loss_add(NISV_LOSS_NO_VCPU, 1);
		return false;
	}
	fault_vm(f, task);
	f->kind = NISV_KIND_EMULATION;
	return true;
}

/* The last failure has seen no exit: KVM gave the guest's user mode a #UD. */
static __noinline struct vcpu_state *emulation_before(u64 vcpu)
{
	const struct outcome injected = {.outcome = NISV_OUTCOME_ABORT_INJECTED};
	struct vcpu_state *v;
	struct fault f = {};

	if (!emulation_vm(vcpu, &f))
		return NULL;
	v = vcpu_state_get(&f);
	if (!v)
		return NULL;
	if (v->pending_exit && v->latched)
		pending_decide(v, &injected);
	v->counted_exit = v->pending_exit = v->latched = 0;
	return v;
}

static __noinline int emulation_failed(u64 vcpu)
{
	struct fault f = {};
	u64 emulator;

	if (!emulation_vm(vcpu, &f))
		return 0;
	emulator = (u64)READ(kvm_vcpu, vcpu, arch.emulate_ctxt);
	f.pc = READ(x86_emulate_ctxt, emulator, eip);
	f.ipa = emulation_address(vcpu, emulator, f.pc);
	fault_prepare(&f);
	fault_count(&f);
	return 0;
}

/*
 * kvm_emulate_insn(vcpu, u8 failed): the emulator gave up. What KVM does about it is known at
 * kvm_userspace_exit; it makes no such exit where it gave the guest's user mode a #UD, which shows
 * when the next failure finds the last one without an exit.
 */
SEC("raw_tp/kvm_emulate_insn")
int on_emulate_insn(raw_args *ctx)
{
	u64 vcpu = ctx->args[0];

	if (!(u8)ctx->args[1])
		return 0;
	alone_begin();
	fault_send(vcpu_refer(emulation_before(vcpu)));
	emulation_failed(vcpu);
	alone_end();
	return 0;
}

/* The exit that the emulator's failure leads to, if it is that. */
static __noinline struct vcpu_state *emulation_exit(u32 reason, s32 err)
{
	const struct outcome o = {
		.err = err, .reason = reason, .outcome = NISV_OUTCOME_VMM_DECIDES};
	struct task_struct *task = current_task();
	struct vcpu_state *v, *done;
	struct fault f = {};

	if (!vcpu_put_one(task, &f.id)) {
		loss_add(NISV_LOSS_NO_VCPU, 1);
		return NULL;
	}
	fault_vm(&f, task);
	v = vcpu_state_get(&f);
	if (!v || !v->counted_exit)
		return NULL;
	f.kind = NISV_KIND_EMULATION;
	f.pc = v->pc;
	f.ipa = v->ipa;
	done = fault_complete(&f, &o, true);
	v->counted_exit = v->pending_exit = 0;
	return done;
}

static __always_inline u64 memory_fault_address(u64 vcpu)
{
	struct run_memory_fault where = {};

	bpf_probe_read_kernel(&where, sizeof(where),
			      (void *)((u64)READ(kvm_vcpu, vcpu, run) + RUN_EXIT_DATA));
	return where.gpa;
}

/* Linux 6.18 has it among the registers, 7.2 beside them. */
static __always_inline u64 vcpu_pc(u64 vcpu)
{
	if (bpf_core_field_exists(struct kvm_vcpu_arch, rip))
		return READ(kvm_vcpu, vcpu, arch.rip);
	return READ(kvm_vcpu, vcpu, arch.regs[REG_RIP]);
}

static __noinline struct vcpu_state *memory_exit(u32 reason, s32 err)
{
	struct outcome o = {.err = err, .reason = reason, .outcome = NISV_OUTCOME_VMM_DECIDES};
	struct task_struct *task = current_task();
	struct vcpu_state *v, *done;
	struct fault f = {};

	if (!vcpu_put_one(task, &f.id)) {
		loss_add(NISV_LOSS_NO_VCPU, 1);
		return NULL;
	}
	fault_vm(&f, task);
	v = vcpu_state_get(&f);
	if (!v)
		return NULL;
	f.ipa = memory_fault_address(f.id.vcpu);
	f.kind = memory_fault_kind(f.id.kvm, f.ipa);
	f.pc = vcpu_pc(f.id.vcpu);
	if (f.kind == NISV_KIND_BACKING)
		o.outcome = NISV_OUTCOME_VM_KILLED;
	v->counted_exit = 0;
	fault_count(&f);
	done = fault_complete(&f, &o, true);
	v->counted_exit = v->pending_exit = 0;
	return done;
}

/* Two functions: on Linux 6.1 the stack of a chain of calls has no room for one that does both. */
static __always_inline struct vcpu_state *fault_exit(u32 reason, s32 err)
{
	return reason == EXIT_INTERNAL_ERROR ? emulation_exit(reason, err)
					     : memory_exit(reason, err);
}

static __always_inline bool is_fault_exit(u32 reason, s32 err)
{
	return reason == EXIT_INTERNAL_ERROR || reason == EXIT_MEMORY_FAULT;
}

/* The context of a kprobe is struct pt_regs (arch/x86/include/asm/ptrace.h). */
struct kprobe_regs {
	u64 other[8];
	u64 r9, r8, ax, cx, dx, si, di;
};

/* kvm_destroy_vm(kvm) */
SEC("kprobe/kvm_destroy_vm")
int on_destroy_vm(struct kprobe_regs *ctx)
{
	return vm_end(ctx->di);
}

SEC("kprobe/kvm_arch_commit_memory_region")
int on_commit_slot(struct kprobe_regs *ctx)
{
	if (memslots_is_array())
		return slot_changed(ctx->di, ctx->dx, ctx->cx, ctx->r8);
	return slot_changed(ctx->di, ctx->si, ctx->dx, ctx->cx);
}

#endif
