/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One vCPU, one KVM_RUN at a time. */
#ifndef NISVD_TESTS_RUN_H
#define NISVD_TESTS_RUN_H

#include "vm.h"

/* Runs the vCPU until its next exit and answers that. Returns whether it can be run again. */
bool vcpu_step(struct vcpu *vcpu);

/* The guest finished a round (GUEST_CALL_SYNC): counts it, and does what is asked for. */
void vcpu_sync(struct vcpu *vcpu);

/* Prints the first byte of data on standard output when address is that of --console. */
void vcpu_console(struct vcpu *vcpu, uint64_t address, const uint8_t *data);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t now_ns(void);

#endif
