/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_ARCH_H
#define NISV_BENCH_ARCH_H

/* What differs between architectures: programs, the guest's memory map, the start of a vCPU. */

#include <stddef.h>
#include <stdint.h>

#include "machine.h"

#if defined(__x86_64__)
#define CODE_SLOT    0x0       /* the program and what it needs to run */
#define PROGRAM_PAGE 0x8000    /* where it starts */
#define RAM_SLOT     0x1000000 /* pages for machine_setup.ram */
#define MMIO_BASE    0xd0000000
#elif defined(__aarch64__)
#define CODE_SLOT    0x40000000UL
#define PROGRAM_PAGE CODE_SLOT
#define RAM_SLOT     0x50000000UL
#define MMIO_BASE    0x0a000000UL
#define DOORBELL     0x0b000000UL /* a store here ends a run */
#else
#error "no such architecture"
#endif

#define CODE_SIZE 0x100000UL /* whole pages on every host */

/* Where the places are: see struct machine_setup. */
struct range {
	uint64_t base;
	uint64_t stride; /* bytes between places */
};

struct arch_vm {
	int kvm_fd, vm_fd, vcpu_fd;
	uint8_t *code; /* the host's side of CODE_SLOT */
};

/* The KVM_EXIT_* that each KVM_RUN of a program returns; -EOPNOTSUPP: not on this architecture. */
int arch_exit_reason(enum program program);

/* Writes the program to PROGRAM_PAGE. It fits: at most PROGRAM_MAX_RUN accesses a run. */
void arch_program_write(const struct arch_vm *vm, const struct machine_setup *setup,
			const struct range *range);

/* Before and after the creation of the vCPU. 0 or -errno, logged. */
int arch_vm_prepare(const struct arch_vm *vm, enum program program);
int arch_vcpu_start(const struct arch_vm *vm, const struct machine_setup *setup,
		    const struct range *range);

/* The next KVM_RUN of PROGRAM_FAIL is at this one of its PROGRAM_MAX_RUN. 0 or -errno, logged. */
int arch_failure_move(const struct arch_vm *vm, unsigned int which, const struct range *range);

#endif
