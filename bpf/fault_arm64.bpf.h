/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_FAULT_ARM64_BPF_H
#define NISV_FAULT_ARM64_BPF_H

/* arm64: the registers of a fault, and which fault an abort is. */

#include "context_arm64.bpf.h"
#include "fault.bpf.h"

/* HPFAR_EL2 and HCR_EL2: Arm ARM, D "AArch64 System Register Descriptions". */
#define HPFAR_FIPA 0x00000ffffffffff0ULL
#define HCR_VM	   (1ULL << 0)
#define HCR_TGE	   (1ULL << 27)
#define HCR_E2H	   (1ULL << 34)

#define PSTATE_MODE 0x1fULL /* SPSR_EL2.M: nRW, exception level, SPSel */

/*
 * Set the address of a fault from the page that KVM found and FAR. For a stage-1 walk FAR is the
 * address that was to be translated, not the table's: the page is all there is.
 */
static __always_inline void fault_address(struct fault *f, u64 page)
{
	f->ipa = page & ~(PAGE_BYTES - 1);
	if (!(f->esr & ESR_S1PTW))
		f->ipa |= f->far & (PAGE_BYTES - 1);
}

/* The registers of a vCPU that can run a hypervisor which are not in sys_regs[]; 0: it cannot. */
static __always_inline u64 vncr_array(u64 vcpu)
{
	u64 ctxt = vcpu + bpf_core_field_offset(struct kvm_vcpu, arch.ctxt);

	if (!bpf_core_field_exists(struct kvm_cpu_context___v608, vncr_array))
		return 0;
	return (u64)READ(kvm_cpu_context___v608, ctxt, vncr_array);
}

/* As ___ctxt_sys_reg() finds it (arch/arm64/include/asm/kvm_host.h). */
static __always_inline u64 sysreg_read(u64 vcpu, u64 array, u64 number)
{
	u64 at = vcpu + bpf_core_field_offset(struct kvm_vcpu, arch.ctxt.sys_regs) + 8 * number;
	u64 value = 0;

	if (array && number >= bpf_core_enum_value(enum vcpu_sysreg, __VNCR_START__))
		at = array + 8 * (number - bpf_core_enum_value(enum vcpu_sysreg, __VNCR_START__));
	bpf_probe_read_kernel(&value, sizeof(value), (void *)at);
	return value;
}

#define SYSREG(vcpu, array, name) \
	sysreg_read(vcpu, array, bpf_core_enum_value(enum vcpu_sysreg, name))

/*
 * A guest of the VM's own hypervisor ran, on that one's stage-2 tables: neither in EL2 nor in its
 * user space (is_hyp_ctxt()), and with its stage 2 on (get_s2_mmu_nested()). Not by hw_mmu, which
 * vcpu_put() clears (kvm_vcpu_put_hw_mmu()).
 */
static __always_inline bool vcpu_is_nested(u64 vcpu)
{
	u64 array = vncr_array(vcpu), hcr;

	if (!array || (READ(kvm_vcpu, vcpu, arch.ctxt.regs.pstate) & PSTATE_MODE) >> 2 == 2)
		return false;
	hcr = SYSREG(vcpu, array, HCR_EL2);
	return hcr & HCR_VM && (hcr & (HCR_E2H | HCR_TGE)) != (HCR_E2H | HCR_TGE);
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
}

/*
 * EL1 system registers: with VHE they live in the CPU until vcpu_put(), with nVHE they are in
 * memory after each exit (kvm_arch_vcpu_put(), __sysreg_save_state_nvhe()). HCR_EL2.E2H tells.
 */
static __always_inline void fill_final(u64 vcpu, struct nisv_rec_fault *rec, bool final)
{
	struct nisv_sysregs *sys = &rec->sys;
	u64 array;
	bool vhe;

	if (!HAS(SYSREGS))
		return;
	array = vncr_array(vcpu);
	vhe = READ(kvm_vcpu, vcpu, arch.hcr_el2) & HCR_E2H;
	rec->sysregs_state = final || !vhe ? NISV_SYSREGS_CURRENT : NISV_SYSREGS_STALE;
	sys->sctlr = SYSREG(vcpu, array, SCTLR_EL1);
	sys->tcr = SYSREG(vcpu, array, TCR_EL1);
	sys->ttbr0 = SYSREG(vcpu, array, TTBR0_EL1);
	sys->ttbr1 = SYSREG(vcpu, array, TTBR1_EL1);
	sys->mair = SYSREG(vcpu, array, MAIR_EL1);
	sys->vbar = SYSREG(vcpu, array, VBAR_EL1);
	sys->elr = SYSREG(vcpu, array, ELR_EL1);
	sys->spsr = SYSREG(vcpu, array, SPSR_EL1);
	sys->esr = SYSREG(vcpu, array, ESR_EL1);
	sys->far = SYSREG(vcpu, array, FAR_EL1);
	sys->sp_el0 = READ(kvm_vcpu, vcpu, arch.ctxt.regs.sp);
	sys->sp_el1 = SYSREG(vcpu, array, SP_EL1);
}

#endif
