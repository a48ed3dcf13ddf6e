/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_PROGRAMS_ARM64_BPF_H
#define NISV_PROGRAMS_ARM64_BPF_H

/* The programs of arm64 alone: stage-2 aborts, and what KVM makes of them. See nisvd.bpf.c. */

#include "fault_arm64.bpf.h"
#include "slotchange.bpf.h"

#define ENOSYS 38
#define EFAULT 14

static __noinline struct vcpu_state *guest_fault(u64 pc, u64 esr, u64 far, u64 page)
{
	const struct outcome o = {.outcome = NISV_OUTCOME_UNKNOWN};
	struct task_struct *task = current_task();
	struct vcpu_state *v;
	struct fault f = {};
	u64 slot;

	if (!vcpu_loaded(task, &f.id)) {
		loss_add(NISV_LOSS_NO_VCPU, 1);
		return NULL;
	}
	f.pc = pc;
	f.esr = esr;
	f.far = far;
	fault_address(&f, page);
	slot = slot_find(vm_memslots(f.id.kvm), gfn_of(f.ipa));
	if (slot_is_memory(slot, is_write(esr)))
		return NULL;
	if (is_cache_op(esr) && !slot_is_memory(slot, false))
		return NULL;
	/* Most faults of a nested guest its own hypervisor answers: only the injection tells. */
	if (!has_inject && vcpu_is_nested(f.id.vcpu))
		return NULL;
	f.kind = fault_kind(&f);
	fault_vm(&f, task);
	v = fault_prepare(&f);
	if (is_nisv(esr))
		return NULL;
	if (has_inject) {
		/* A look from here, not from the kprobe: see look_at(). */
		if (v)
			fill_final(f.id.vcpu, &v->pending, false);
		return v;
	}
	fault_count(&f);
	return fault_complete(&f, &o, false);
}

/*
 * kvm_guest_fault(ulong vcpu_pc, ulong hsr, ulong hxfar, u64 ipa): every stage-2 abort, ordinary
 * RAM faults included. A described access of the guest's own is MMIO or memory: not our business,
 * and most are that.
 */
SEC("raw_tp/kvm_guest_fault")
int on_guest_fault(raw_args *ctx)
{
	u64 esr = ctx->args[1];

	if (is_nisv(esr) ? has_mmio_nisv : !(is_iabt(esr) || (esr & ESR_S1PTW)))
		return 0;
	alone_begin();
	fault_finish(guest_fault(ctx->args[0], esr, ctx->args[2], ctx->args[3]));
	alone_end();
	return 0;
}

static __noinline int mmio_nisv(u64 pc, u64 esr, u64 far, u64 page)
{
	struct task_struct *task = current_task();
	struct fault f = {};

	if (!vcpu_loaded(task, &f.id)) {
		loss_add(NISV_LOSS_NO_VCPU, 1);
		return 0;
	}
	f.pc = pc;
	f.esr = esr;
	f.far = far;
	fault_address(&f, page);
	f.kind = NISV_KIND_NISV;
	f.is_translated = true;
	fault_vm(&f, task);
	fault_prepare(&f);
	fault_count(&f);
	return 0;
}

/* kvm_mmio_nisv(ulong vcpu_pc, ulong esr, ulong far, ulong ipa), Linux 6.7 and later. */
SEC("raw_tp/kvm_mmio_nisv")
int on_mmio_nisv(raw_args *ctx)
{
	alone_begin();
	mmio_nisv(ctx->args[0], ctx->args[1], ctx->args[2], ctx->args[3]);
	alone_end();
	return 0;
}

/*
 * A KVM_RUN that ends: with -ENOSYS or KVM_EXIT_ARM_NISV for an access without a description,
 * with -EFAULT where a slot has no usable memory behind it.
 */
static __always_inline bool exit_kind(struct fault *f, u32 reason, s32 err)
{
	if (reason == EXIT_MEMORY_FAULT)
		f->kind = memory_fault_kind(f->id.kvm, f->ipa);
	else if (reason == EXIT_ARM_LDST64B)
		f->kind = NISV_KIND_LDST64B;
	else if (err == -EFAULT)
		f->kind = NISV_KIND_BACKING;
	else
		f->kind = fault_kind(f);
	if (f->kind == NISV_KIND_BACKING)
		return (is_iabt(f->esr) || ESR_EC(f->esr) == EC_DABT_LOW) &&
		       (vcpu_is_nested(f->id.vcpu) ||
			slot_find(vm_memslots(f->id.kvm), gfn_of(f->ipa)));
	if (err == -ENOSYS || reason == EXIT_ARM_NISV)
		return is_nisv(f->esr);
	return true;
}

/*
 * The event that counted the fault tells its address, too: HPFAR_EL2 holds that of a nested guest,
 * kvm_mmio_nisv the one that KVM translated it to (kvm_handle_guest_abort()).
 */
static __always_inline void fault_recall(struct fault *f)
{
	const struct vcpu_state *v = vcpu_state_get(f);

	if (!v || v->counted_exit != f->exit)
		return;
	f->ipa = v->ipa;
	f->is_translated = v->is_translated;
}

/* Its own function, with its own stack: most exits are none of ours. */
static __noinline struct vcpu_state *fault_exit(u32 reason, s32 err)
{
	struct outcome o = {.err = err, .reason = reason};
	struct task_struct *task = current_task();
	struct fault f = {};

	if (!vcpu_put_one(task, &f.id)) {
		loss_add(NISV_LOSS_NO_VCPU, 1);
		return NULL;
	}
	fault_of_vcpu(&f);
	fault_vm(&f, task);
	fault_recall(&f);
	if (!exit_kind(&f, reason, err))
		return NULL;
	o.outcome = err < 0 && f.kind != NISV_KIND_MEMORY_FAULT ? NISV_OUTCOME_VM_KILLED
								: NISV_OUTCOME_VMM_DECIDES;
	fault_count(&f);
	return fault_complete(&f, &o, true);
}

static __always_inline bool is_fault_exit(u32 reason, s32 err)
{
	/* With a reason of its own an errno means what that says. */
	return (reason == EXIT_UNKNOWN && (err == -ENOSYS || err == -EFAULT)) ||
	       reason == EXIT_ARM_NISV || reason == EXIT_MEMORY_FAULT || reason == EXIT_ARM_LDST64B;
}

/*
 * The VMM gives the guest an abort (KVM_SET_VCPU_EVENTS). That answers the fault that its KVM_RUN
 * ended with, if the guest has not run since. The site goes first: who sees the VM's new total
 * finds it at the site.
 */
static __noinline int vmm_injects(u64 vcpu)
{
	struct task_struct *task = current_task();
	struct fault f = {.id = {.vcpu = vcpu}};
	struct nisv_site_key place;
	struct nisv_vcpu_key key;
	struct nisv_vm_stat *vm;
	struct nisv_site *site;
	struct vcpu_state *v;

	if (!vcpu_check(task, &f.id))
		return 0;
	f.vm = vm_key(f.id.kvm, task);
	key = (struct nisv_vcpu_key){.vcpu = vcpu, .vm = f.vm};
	v = bpf_map_lookup_elem(&vcpus, &key);
	if (!v || !v->unanswered || v->counted_exit != vcpu_exit_number(vcpu))
		return 0;
	v->unanswered = 0;
	f.kind = v->kind;
	f.pc = v->pc;
	f.ipa = v->ipa;
	site_key(&f, &place);
	site = bpf_map_lookup_elem(&sites, &place);
	if (site)
		__sync_fetch_and_add(&site->answers, 1);
	vm = bpf_map_lookup_elem(&vms, &f.vm);
	if (vm)
		__sync_fetch_and_add(&vm->answers, 1);
	return 0;
}

/* KVM gives the guest an abort: inside KVM_RUN its own answer to an access outside memory. */
static __noinline struct vcpu_state *kvm_injects(u64 vcpu, bool beyond_host)
{
	const struct outcome o = {
		.outcome = NISV_OUTCOME_ABORT_INJECTED,
		.beyond_host = beyond_host,
	};
	struct task_struct *task = current_task();
	struct fault f = {.id = {.vcpu = vcpu}};

	if (!vcpu_check(task, &f.id)) {
		loss_add(NISV_LOSS_NO_VCPU, 1);
		return NULL;
	}
	fault_of_vcpu(&f);
	f.kind = fault_kind(&f);
	/* Aborts of other causes, such as an exclusive access to device memory, are none of ours.
	 */
	if (f.kind == NISV_KIND_NISV && (!is_nisv(f.esr) || is_cache_op(f.esr)))
		return NULL;
	fault_vm(&f, task);
	fault_count(&f);
	return fault_complete(&f, &o, false);
}

static __always_inline int injected(u64 vcpu, bool beyond_host)
{
	if (run_fd(current_task()) < 0)
		vmm_injects(vcpu);
	else
		fault_finish(kvm_injects(vcpu, beyond_host));
	return 0;
}

/* kvm_inject_dabt(vcpu, addr) and kvm_inject_pabt(vcpu, addr), until Linux 6.16 */
SEC("kprobe/kvm_inject_dabt")
int on_inject_dabt(struct user_pt_regs *ctx)
{
	return injected(ctx->regs[0], false);
}

SEC("kprobe/kvm_inject_pabt")
int on_inject_pabt(struct user_pt_regs *ctx)
{
	return injected(ctx->regs[0], false);
}

/* kvm_inject_sea(vcpu, iabt, addr), their successor */
SEC("kprobe/kvm_inject_sea")
int on_inject_sea(struct user_pt_regs *ctx)
{
	return injected(ctx->regs[0], false);
}

/* Beyond the host's own limit; where it calls one of those above, the exit is counted already. */
SEC("kprobe/kvm_inject_size_fault")
int on_inject_size_fault(struct user_pt_regs *ctx)
{
	return injected(ctx->regs[0], true);
}

SEC("kprobe/kvm_destroy_vm")
int on_destroy_vm(struct user_pt_regs *ctx)
{
	return vm_end(ctx->regs[0]);
}

SEC("kprobe/kvm_arch_commit_memory_region")
int on_commit_slot(struct user_pt_regs *ctx)
{
	if (memslots_is_array())
		return slot_changed(ctx->regs[0], ctx->regs[2], ctx->regs[3], ctx->regs[4]);
	return slot_changed(ctx->regs[0], ctx->regs[1], ctx->regs[2], ctx->regs[3]);
}

#endif
