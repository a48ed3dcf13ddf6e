/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_FAULT_ARM64_BPF_H
#define NISV_FAULT_ARM64_BPF_H

/* arm64: syndrome, registers, and which fault an abort is. */

#include "fault.bpf.h"
#include "stage1.bpf.h"

/* ESR_EL2 and HPFAR_EL2: Arm ARM, D "AArch64 System Register Descriptions". */
#define ESR_EC(esr)   ((esr) >> 26 & 0x3f)
#define EC_IABT_LOW   0x20
#define EC_DABT_LOW   0x24
#define ESR_WNR	      (1ULL << 6)
#define ESR_S1PTW     (1ULL << 7)
#define ESR_CM	      (1ULL << 8)
#define ESR_ISV	      (1ULL << 24)
#define ESR_FSC_TYPE  0x3c
#define FSC_FAULT     0x04 /* translation, all levels but -1 */
#define FSC_FAULT_L_1 0x2b /* translation, level -1 (LPA2) */
#define FSC_PERM      0x0c
#define HPFAR_FIPA    0x00000ffffffffff0ULL
#define HCR_E2H	      (1ULL << 34)

#define PAGE_OFFSET_MASK 0xfffULL

static __always_inline bool is_iabt(u64 esr)
{
	return ESR_EC(esr) == EC_IABT_LOW;
}

/* What KVM takes for a write: kvm_is_write_fault(), where the walker's own write is one too. */
static __always_inline bool is_write(u64 esr)
{
	return !is_iabt(esr) && (esr & ESR_WNR);
}

/* NISV: a data abort of the guest's own access that the CPU did not describe. */
static __always_inline bool is_nisv(u64 esr)
{
	return ESR_EC(esr) == EC_DABT_LOW && !(esr & (ESR_ISV | ESR_S1PTW | ESR_CM));
}

/*
 * Set the address of a fault from the page that KVM found and FAR. For a stage-1 walk FAR is the
 * address that was to be translated, not the table's: the page is all there is.
 */
static __always_inline void fault_address(struct fault *f, u64 page)
{
	f->ipa = page & ~PAGE_OFFSET_MASK;
	if (!(f->esr & ESR_S1PTW))
		f->ipa |= f->far & PAGE_OFFSET_MASK;
}

/* What kind of fault outside memory an abort is, if KVM says that it is one. */
static __always_inline u32 fault_kind(const struct fault *f)
{
	u32 bits = vm_ipa_bits(f->id.kvm);

	if (bits && bits < 64 && f->ipa >> bits)
		return NISV_KIND_BEYOND_IPA;
	if (f->esr & ESR_S1PTW)
		return NISV_KIND_WALK;
	return is_iabt(f->esr) ? NISV_KIND_EXEC : NISV_KIND_NISV;
}

/* The abort that a vCPU stopped for, as KVM keeps it until the next exit from the guest. */
static __always_inline void fault_of_vcpu(struct fault *f)
{
	u64 vcpu = f->id.vcpu;

	f->esr = READ(kvm_vcpu, vcpu, arch.fault.esr_el2);
	f->far = READ(kvm_vcpu, vcpu, arch.fault.far_el2);
	f->pc = READ(kvm_vcpu, vcpu, arch.ctxt.regs.pc);
	fault_address(f, (READ(kvm_vcpu, vcpu, arch.fault.hpfar_el2) & HPFAR_FIPA) << 8);
}

static __always_inline void fill_registers(u64 vcpu, struct nisv_rec_fault *rec)
{
	u64 regs = vcpu + bpf_core_field_offset(struct kvm_vcpu, arch.ctxt.regs);

	bpf_probe_read_kernel(rec->gpr, sizeof(rec->gpr), (void *)regs);
	rec->pstate = READ(kvm_vcpu, vcpu, arch.ctxt.regs.pstate);
	/* An L2 guest runs on the stage-2 tables of its own shadow. */
	rec->is_nested =
		(u64)READ(kvm_vcpu, vcpu, arch.hw_mmu) !=
		(u64)READ(kvm_vcpu, vcpu, kvm) + bpf_core_field_offset(struct kvm, arch.mmu);
}

#define SYSREG(vcpu, name)                                                                    \
	({                                                                                    \
		u64 _value = 0;                                                               \
		bpf_probe_read_kernel(                                                        \
			&_value, sizeof(_value),                                              \
			(void *)((vcpu) +                                                     \
				 bpf_core_field_offset(struct kvm_vcpu, arch.ctxt.sys_regs) + \
				 8 * bpf_core_enum_value(enum vcpu_sysreg, name)));           \
		_value;                                                                       \
	})

/*
 * EL1 system registers: with VHE they live in the CPU until vcpu_put(), with nVHE they are in
 * memory after each exit (kvm_arch_vcpu_put(), __sysreg_save_state_nvhe()). HCR_EL2.E2H tells.
 */
static __always_inline void fill_final(u64 kvm, u64 vcpu, struct nisv_rec_fault *rec, bool final)
{
	struct nisv_sysregs *sys = &rec->sys;
	bool vhe = READ(kvm_vcpu, vcpu, arch.hcr_el2) & HCR_E2H;

	rec->sysregs_state = final || !vhe ? NISV_SYSREGS_CURRENT : NISV_SYSREGS_STALE;
	sys->sctlr = SYSREG(vcpu, SCTLR_EL1);
	sys->tcr = SYSREG(vcpu, TCR_EL1);
	sys->ttbr0 = SYSREG(vcpu, TTBR0_EL1);
	sys->ttbr1 = SYSREG(vcpu, TTBR1_EL1);
	sys->mair = SYSREG(vcpu, MAIR_EL1);
	sys->vbar = SYSREG(vcpu, VBAR_EL1);
	sys->elr = SYSREG(vcpu, ELR_EL1);
	sys->spsr = SYSREG(vcpu, SPSR_EL1);
	sys->esr = SYSREG(vcpu, ESR_EL1);
	sys->far = SYSREG(vcpu, FAR_EL1);
	sys->sp_el0 = READ(kvm_vcpu, vcpu, arch.ctxt.regs.sp);
	sys->sp_el1 = SYSREG(vcpu, SP_EL1);

	rec->insn_ipa = 0;
	rec->insn_len = 0;
	__builtin_memset(rec->insn, 0, sizeof(rec->insn));
	rec->insn_state = NISV_INSN_NONE;
	if (is_iabt(rec->esr) || !inspect_guest_memory)
		return;
	if (vm_protected(kvm))
		rec->insn_state = NISV_INSN_PROTECTED;
	else
		insn_read(kvm, rec);
}

#endif
