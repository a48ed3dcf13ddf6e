/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_CONTEXT_X86_BPF_H
#define NISV_CONTEXT_X86_BPF_H

/* x86: what the guest's memory says of a fault: the callers. */

#include "backtrace.bpf.h"
#include "layout.bpf.h"
#include "paging_x86.bpf.h"

/* enum kvm_reg: rax is 0, rbp 5, rip 16 where it is one (arch/x86/include/asm/kvm_host.h). */
#define REG_RBP 5
#define REG_RIP 16

static __always_inline u32 data_read(struct vcpu_state *v, u64 va, u64 size)
{
	u32 state = linear_walk(vcpu_refer(v), va);

	if (state != NISV_WALK_DONE && state != NISV_WALK_MMU_OFF)
		return state;
	return guest_read(vcpu_refer(v), v->look.walk.out, size);
}

/*
 * Of an SEV guest without SEV-ES the host reads ciphertext: KVM does not say cheaply which one is.
 */
__noinline int context_fill(vcpu_ref ref)
{
	struct vcpu_state *v = vcpu_referred(ref);
	u64 rbp;

	if (!v || !inspect_guest_memory || v->pending.nested || vm_protected(v->key.vm.kvm))
		return 0;
	rbp = v->pending.gpr[REG_RBP];
	look_begin(&v->look, v->key.vm.kvm);
	if (v->pending.code_mode == NISV_CODE_64)
		backtrace_follow(vcpu_refer(v), rbp, 8);
	else if (v->pending.code_mode == NISV_CODE_32)
		backtrace_follow(vcpu_refer(v), (u32)rbp, 4);
	return 0;
}

#endif
