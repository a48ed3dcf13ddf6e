/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_KVM_ARM64_BPF_H
#define NISV_KVM_ARM64_BPF_H

/* KVM's types on arm64: see kvm.bpf.h. */

/* UAPI: arch/arm64/include/uapi/asm/ptrace.h, also the context of a kprobe. */
struct user_pt_regs {
	u64 regs[31];
	u64 sp;
	u64 pc;
	u64 pstate;
};

struct pt_regs {
	u64 regs[31];
	u64 orig_x0;
} _core;

struct kvm_cpu_context {
	struct user_pt_regs regs;
	u64 sys_regs[1];
} _core;

/* Linux 6.8 and later, of vCPUs that can run a hypervisor: the registers from __VNCR_START__ on. */
struct kvm_cpu_context___v608 {
	u64 *vncr_array;
} _core;

/* Numbers differ on each version: always through bpf_core_enum_value(). */
enum vcpu_sysreg {
	SCTLR_EL1 = 1,
	TTBR0_EL1 = 2,
	TTBR1_EL1 = 3,
	TCR_EL1 = 4,
	ESR_EL1 = 5,
	FAR_EL1 = 6,
	MAIR_EL1 = 7,
	VBAR_EL1 = 8,
	ELR_EL1 = 9,
	SP_EL1 = 10,
	SPSR_EL1 = 11,
	HCR_EL2 = 12,
	__VNCR_START__ = 13,
};

struct kvm_vcpu_fault_info {
	u64 esr_el2;
	u64 far_el2;
	u64 hpfar_el2;
} _core;

struct kvm_s2_mmu {
	u64 vtcr;
} _core;

/* Linux 5.10 to 6.8 keep VTCR_EL2 in kvm_arch, later ones in kvm_s2_mmu. */
struct kvm_arch___v61 {
	u64 vtcr;
} _core;

struct vgic_redist_region {
	u64 base;
	u32 count;
	struct list_head list;
} _core;

struct vgic_dist {
	bool in_kernel;
	u32 vgic_model;
	u64 vgic_dist_base;
	u64 vgic_cpu_base;
	struct list_head rd_regions;
} _core;

/* Only the values' existence and number matter; V5 came after 6.18. */
enum kvm_device_type {
	KVM_DEV_TYPE_ARM_VGIC_V2 = 5,
	KVM_DEV_TYPE_ARM_VGIC_V3 = 7,
	KVM_DEV_TYPE_ARM_VGIC_V5 = 99,
};

struct kvm_protected_vm {
	bool enabled;
} _core;

/* Linux 6.15 and later tell "managed by pKVM" from "protected". */
struct kvm_protected_vm___v615 {
	bool is_protected;
} _core;

struct kvm_arch {
	struct kvm_s2_mmu mmu;
	struct vgic_dist vgic;
	unsigned long flags;
	struct kvm_protected_vm pkvm;
} _core;

/* Linux 5.10 to 5.17 have a bool in place of bit 0 of flags. */
struct kvm_arch___v510 {
	bool return_nisv_io_abort_to_user;
} _core;

/* lib/xarray.c; Linux 5.17 and later keep the vCPUs of a VM in one. */
struct xarray {
	void *xa_head;
} _core;

struct xa_node {
	unsigned char shift;
	void *slots[1];
} _core;

struct kvm___v517 {
	struct xarray vcpu_array;
} _core;

struct kvm_vcpu;

struct kvm___v510 {
	struct kvm_vcpu *vcpus[1];
} _core;

struct kvm_arch___v606 {
	unsigned long vcpu_features[1];
} _core;

/* Until Linux 6.5. */
struct kvm_vcpu_arch___v510 {
	unsigned long features[1];
} _core;

struct kvm_vcpu_arch {
	struct kvm_cpu_context ctxt;
	u64 hcr_el2;
	struct kvm_vcpu_fault_info fault;
} _core;

#endif
