/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_FAULT_X86_BPF_H
#define NISV_FAULT_X86_BPF_H

/* x86-64: what KVM's instruction emulator knew when it gave up. */

#include "context_x86.bpf.h"
#include "fault.bpf.h"

/* Bytes of the instruction that the emulator fetched; 0: the fetch itself failed. */
static __always_inline u32 fetched_bytes(u64 ctxt)
{
	u64 data = ctxt + bpf_core_field_offset(struct x86_emulate_ctxt, fetch.data);
	u64 n = (u64)READ(x86_emulate_ctxt, ctxt, fetch.end) - data;

	return n <= NISV_INSN_MAX - 1 ? n : 0;
}

/*
 * The guest-physical address that the emulation failed on, as far as KVM says it: the page fault's,
 * that of the last MMIO at the code's address, or, where nothing could be fetched without paging,
 * the code's own. 0: unknown.
 */
static __always_inline u64 emulation_address(u64 vcpu, u64 ctxt, u64 pc)
{
	if (READ(x86_emulate_ctxt, ctxt, gpa_available))
		return READ(x86_emulate_ctxt, ctxt, gpa_val);
	if (fetched_bytes(ctxt) || !HAS(SYSREGS))
		return 0;
	if (!(READ(kvm_vcpu, vcpu, arch.cr0) & CR0_PG))
		return pc;
	if (READ(kvm_vcpu, vcpu, arch.mmio_gva) == (pc & ~(PAGE_BYTES - 1)))
		return gpa_of(READ(kvm_vcpu, vcpu, arch.mmio_gfn)) | (pc & (PAGE_BYTES - 1));
	return 0;
}

static __always_inline u32 code_mode(u64 ctxt)
{
	u32 mode = READ(x86_emulate_ctxt, ctxt, mode);

	if (mode == bpf_core_enum_value(enum x86emul_mode, X86EMUL_MODE_PROT64))
		return NISV_CODE_64;
	if (mode == bpf_core_enum_value(enum x86emul_mode, X86EMUL_MODE_PROT32))
		return NISV_CODE_32;
	if (mode == bpf_core_enum_value(enum x86emul_mode, X86EMUL_MODE_PROT16))
		return NISV_CODE_16;
	if (mode == bpf_core_enum_value(enum x86emul_mode, X86EMUL_MODE_VM86))
		return NISV_CODE_VM86;
	if (mode == bpf_core_enum_value(enum x86emul_mode, X86EMUL_MODE_REAL))
		return NISV_CODE_REAL;
	return NISV_CODE_UNKNOWN;
}

/* It has page tables of its own below those of the VM: nested EPT or NPT. */
static __always_inline bool vcpu_is_nested(u64 vcpu)
{
	return (u64)READ(kvm_vcpu, vcpu, arch.mmu) ==
	       vcpu + bpf_core_field_offset(struct kvm_vcpu, arch.guest_mmu);
}

static __always_inline void fill_registers(u64 vcpu, struct nisv_rec_fault *rec)
{
	u64 regs = vcpu + bpf_core_field_offset(struct kvm_vcpu, arch.regs);
	u64 ctxt = (u64)READ(kvm_vcpu, vcpu, arch.emulate_ctxt);

	__builtin_memset(rec->gpr, 0, sizeof(rec->gpr));
	bpf_probe_read_kernel(rec->gpr, 16 * sizeof(rec->gpr[0]), (void *)regs);
	rec->pstate = READ(x86_emulate_ctxt, ctxt, eflags);
	if (rec->kind != NISV_KIND_EMULATION)
		return;
	rec->code_mode = code_mode(ctxt);
	rec->insn_len = fetched_bytes(ctxt);
	if (!rec->insn_len)
		return;
	bpf_probe_read_kernel(
		rec->insn, NISV_INSN_MAX - 1,
		(void *)(ctxt + bpf_core_field_offset(struct x86_emulate_ctxt, fetch.data)));
	rec->insn_state = NISV_INSN_OK;
}

/* KVM keeps CR0, CR4 and CR3 in memory or refreshes them when the emulator starts. */
static __always_inline void fill_final(u64 vcpu, struct nisv_rec_fault *rec, bool final)
{
	if (!HAS(SYSREGS))
		return;
	rec->sysregs_state = NISV_SYSREGS_CURRENT;
	rec->sys.sctlr = READ(kvm_vcpu, vcpu, arch.cr0);
	rec->sys.tcr = READ(kvm_vcpu, vcpu, arch.cr4);
	rec->sys.ttbr0 = READ(kvm_vcpu, vcpu, arch.cr3);
}

#endif
