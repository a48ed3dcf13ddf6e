/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_CONTEXT_X86_BPF_H
#define NISV_CONTEXT_X86_BPF_H

/* x86: what the guest's memory says of a fault: the callers. */

#include "backtrace.bpf.h"
#include "layout.bpf.h"
#include "paging_x86.bpf.h"

/* enum kvm_reg: rax is 0, rbp 5, rip 16 (arch/x86/include/asm/kvm_host.h). */
#define REG_RBP 5
#define REG_RIP 16

static __always_inline u32 data_read(u64 vcpu, u64 va, u64 size)
{
	struct vcpu_state *v = bpf_map_lookup_elem(&vcpus, &vcpu);
	u32 state = linear_walk(vcpu, va);

	if (!v)
		return NISV_WALK_UNREADABLE;
	if (state != NISV_WALK_DONE && state != NISV_WALK_MMU_OFF)
		return state;
	return guest_read(vcpu, v->look.walk.out, size);
}

/*
 * Complete the pending record of a vCPU from its guest's memory; its registers are filled. Of an
 * SEV guest without SEV-ES the host reads ciphertext: KVM does not say cheaply which one is.
 */
__noinline int context_fill(u64 vcpu)
{
	struct vcpu_state *v = bpf_map_lookup_elem(&vcpus, &vcpu);
	struct nisv_rec_fault *rec;
	u64 rbp;

	if (!v || !inspect_guest_memory || v->pending.is_nested || vm_protected(v->vm.kvm))
		return 0;
	rec = &v->pending;
	rbp = rec->gpr[REG_RBP];
	look_begin(&v->look, v->vm.kvm);
	if (rec->code_mode == NISV_CODE_64)
		backtrace_follow(vcpu, rbp, 8);
	else if (rec->code_mode == NISV_CODE_32)
		backtrace_follow(vcpu, (u32)rbp, 4);
	return 0;
}

#endif
