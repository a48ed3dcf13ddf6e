/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_BENCH_GUEST_ARCH_H
#define NISVD_BENCH_GUEST_ARCH_H

/* What differs between architectures in a benchmark guest. */

#include <linux/kvm.h>
#include <stdbool.h>

#include "tests/bench/guest.h"

#if defined(__x86_64__)
#define GUEST_BASE  0x0UL
#define GUEST_ENTRY 0x8000UL
#define GUEST_MMIO  0x10000000UL
#else
#define GUEST_BASE  0x40000000UL
#define GUEST_ENTRY 0x40080000UL
#define GUEST_MMIO  0x50000000UL
#endif
#define GUEST_MEMORY (4UL << 20)
#define GUEST_RAM    (GUEST_BASE + (2UL << 20)) /* the pages that are written */
#define GUEST_PLACES 4
#define GUEST_STRIDE 4096

/* Registers, and what else a vCPU needs to enter the code. 0, or -1 with errno. */
int guest_arch_setup(int vm, int vcpu, void *memory, const struct guest_kind *kind);

/* Is this exit the one at the end of a turn or slice? */
bool guest_arch_stopped(const struct kvm_run *run);

#endif
