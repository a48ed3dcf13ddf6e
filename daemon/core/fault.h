/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_FAULT_H
#define NISVD_FAULT_H

/* Questions to one fault record. */

#include "daemon/core/insn.h"
#include "include/nisv_record.h"

/*
 * The faulting instruction of @fault on a host of @arch ("arm64", "x86_64"); INSN_UNKNOWN with
 * empty text where its bytes could not be read. x86: the operand size follows from CR0 and CR4
 * (Intel SDM vol. 3, 2.5): a paging guest with PAE is taken as 64-bit.
 */
struct insn fault_insn(const struct nisv_rec_fault *fault, const char *arch);

/* x86: 16, 32 or 64-bit code; 0 if the control registers are not known. */
int fault_x86_bits(const struct nisv_rec_fault *fault);

/* The guest's Exception level at the fault: PSTATE.M[3:2] (Arm ARM, "SPSR_EL2"); AArch32 User mode
 * is 0, others 1. */
int fault_el(const struct nisv_rec_fault *fault);

#endif
