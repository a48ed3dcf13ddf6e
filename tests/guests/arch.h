/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between arm64 and x86_64; one implementation each in arch_*.c. */
#ifndef NISVD_TESTS_ARCH_H
#define NISVD_TESTS_ARCH_H

#include "vm.h"

/* Before any vCPU exists. All of these end the process when KVM refuses. */
void arch_vm_prepare(struct vm *vm);

/* All vCPUs exist: set them to the start of the guest program, finish the interrupt controller. */
void arch_vm_finish(struct vm *vm);

/* Where a program goes by default in a slot at that address: bytes after the slot's start. */
uint64_t arch_entry_offset(uint64_t slot_size);

/* The program counter of a vCPU that is not running, for reports. */
uint64_t arch_pc_get(struct vcpu *vcpu);

/* arm64: moves the program counter behind the instruction. */
void arch_instruction_skip(struct vcpu *vcpu);

/* arm64: an external abort for the access that faulted, as QEMU's kvm_arm_handle_dabt_nisv() does.
 */
void arch_abort_inject(struct vcpu *vcpu);

/*
 * Handles an exit that is not MMIO, NISV or an internal error: the guest's calls (GUEST_CALL_*),
 * port I/O. Returns false when the exit is not one of them.
 */
bool arch_exit_handle(struct vcpu *vcpu);

#endif
