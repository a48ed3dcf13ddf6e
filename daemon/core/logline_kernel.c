/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The host's kernel, as dmesg shows it. */

#include <errno.h>

#include "daemon/core/logline.h"

#define EFAULT_NEXT "KVM_RUN fails with EFAULT: the VMM ends or pauses the VM."

/* What arm and arm64 KVM says of one message, with its prefix or without. */
#define LOAD_STORE                                                                            \
	.who = "kernel", .versions = "Linux up to 5.4, arm64 and arm",                        \
	.meaning = "A guest accessed an address outside its memory with an instruction that " \
		   "the CPU does not describe to the hypervisor (ESR_EL2.ISV = 0), and KVM "  \
		   "cannot do it in the guest's place.",                                      \
	.next = "KVM_RUN fails with ENOSYS: QEMU pauses the VM (internal-error), other "      \
		"VMMs end.",                                                                  \
	.err = -ENOSYS, .outcome = NISV_OUTCOME_VM_KILLED,                                    \
	.source = "virt/kvm/arm/mmio.c io_mem_abort(), kvm_err()", .revision = "Linux 5.4"

static const struct logline_row rows[] = {
	{
		.pattern = "kvm [{tid}]: load/store instruction decoding not implemented",
		.caution = "The number in brackets is the thread of the vCPU. Neither the address "
			   "nor the instruction is printed.",
		LOAD_STORE,
	},
	{
		/* As people quote it. */
		.pattern = "load/store instruction decoding not implemented",
		.caution = "Neither the address nor the instruction is printed.",
		LOAD_STORE,
	},
	{
		.pattern = "kvm [{pid}]: Data abort outside memslots with no valid syndrome info",
		.who = "kernel",
		.versions = "Linux 5.5 to 6.6, arm64",
		.meaning =
			"A guest accessed an address outside its memory with an instruction that "
			"the CPU does not describe to the hypervisor (ESR_EL2.ISV = 0), and its "
			"VMM did not ask to be told (KVM_CAP_ARM_NISV_TO_USER).",
		.next = "KVM_RUN fails with ENOSYS: the VMM ends or pauses the VM. Since Linux 6.7 "
			"the kernel prints nothing at all.",
		.caution =
			"\"Outside memslots\" is wrong for cache maintenance and for stores on a "
			"read-only memslot, such as flash, for which the same is printed. The "
			"number in brackets is the VMM's process. The line is rate-limited: one "
			"may stand for many.",
		.err = -ENOSYS,
		.outcome = NISV_OUTCOME_VM_KILLED,
		.source = "arch/arm64/kvm/mmio.c io_mem_abort(), kvm_pr_unimpl()",
		.revision = "Linux 6.1; c726200dd106 added it, d11974dc5f20 removed it",
	},
	{
		.pattern = "Unsupported FSC: EC={hex} xFSC={hex} ESR_EL2={esr}",
		.who = "kernel",
		.versions = "Linux, arm64",
		.meaning = "A guest's access was aborted at stage 2 with a fault status that KVM "
			   "does not handle: no translation, permission or access flag fault.",
		.next = EFAULT_NEXT,
		.caution = "This is about the host's page tables or hardware, not about an address "
			   "without memory.",
		.err = -EFAULT,
		.outcome = NISV_OUTCOME_VM_KILLED,
		.source = "arch/arm64/kvm/mmu.c kvm_handle_guest_abort()",
		.revision = "Linux 5.10, 6.12",
	},
	{
		.pattern = "Failed to find VMA for hva {hva}",
		.who = "kernel",
		.versions = "Linux, arm64, riscv and loongarch",
		.meaning =
			"A guest accessed one of its memslots, but the VMM has no mapping behind "
			"it any more.",
		.next = EFAULT_NEXT,
		.caution = "The address is the VMM's own (host virtual), not the guest's.",
		.err = -EFAULT,
		.outcome = NISV_OUTCOME_VM_KILLED,
		.source = "arch/arm64/kvm/mmu.c user_mem_abort()",
		.revision = "Linux 5.10, 6.12",
	},
	{
		.pattern = "Unexpected L2 read permission error",
		.who = "kernel",
		.versions = "Linux, arm64",
		.meaning = "A guest's read was refused by the stage-2 page tables, which KVM never "
			   "sets up so.",
		.next = EFAULT_NEXT,
		.err = -EFAULT,
		.outcome = NISV_OUTCOME_VM_KILLED,
		.source = "arch/arm64/kvm/mmu.c user_mem_abort()",
		.revision = "Linux 5.10, 6.12",
	},
};

const struct logline_table logline_kernel = {rows, sizeof(rows) / sizeof(rows[0])};
