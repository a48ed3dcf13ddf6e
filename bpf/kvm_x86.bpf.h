/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_KVM_X86_BPF_H
#define NISV_KVM_X86_BPF_H

/* KVM's types on x86-64: see kvm.bpf.h. */

struct pt_regs {
	unsigned long si, di;
	unsigned long orig_ax;
} _core;

struct fetch_cache {
	u8 data[15];
	u8 *end;
} _core;

/* arch/x86/kvm/kvm_emulate.h: always through bpf_core_enum_value(). */
enum x86emul_mode {
	X86EMUL_MODE_REAL = 0,
	X86EMUL_MODE_VM86 = 1,
	X86EMUL_MODE_PROT16 = 2,
	X86EMUL_MODE_PROT32 = 3,
	X86EMUL_MODE_PROT64 = 4,
};

struct x86_emulate_ctxt {
	unsigned long eflags;
	unsigned long eip;
	enum x86emul_mode mode;
	bool gpa_available;
	u64 gpa_val;
	struct fetch_cache fetch;
} _core;

struct kvm_mmu;

struct kvm_mmu {
	u64 dummy;
} _core;

struct kvm_arch {
	bool has_protected_state;
	__s64 kvmclock_offset;
} _core;

struct kvm_vcpu_arch {
	unsigned long regs[17];
	unsigned long rip; /* in Linux 7.2; in 6.18 the last of regs */
	unsigned long cr0, cr2, cr3, cr4;
	u64 efer;
	struct kvm_mmu *mmu;
	struct kvm_mmu guest_mmu;
	struct x86_emulate_ctxt *emulate_ctxt;
	u64 mmio_gva;
	u64 mmio_gfn;
} _core;

#endif
