/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_FAULT_H
#define NISVD_FAULT_H

/* Questions to one fault record. @arch is that of the host: "arm64", "x86_64". */

#include "daemon/core/insn_address.h"
#include "include/nisv_record.h"

/*
 * Of the code that faulted. arm64: PSTATE.nRW and PSTATE.T (Arm ARM, SPSR_EL2); the syndrome's IL
 * bit tells nothing, it is 1 wherever ISV = 0. x86: see fault_x86_bits(); ISA_UNKNOWN where that
 * does not know.
 */
enum insn_isa fault_isa(const struct nisv_rec_fault *fault, const char *arch);

/* The faulting instruction; INSN_UNKNOWN with length 0 and empty text where its bytes could not be
 * read. */
struct insn fault_insn(const struct nisv_rec_fault *fault, const char *arch);

/* The same without its text: see insn_classify() for what it costs. */
struct insn fault_insn_class(const struct nisv_rec_fault *fault, const char *arch);

/*
 * The registers of the code that faulted, as its instructions number them. AArch32: those of its
 * mode (Arm ARM DDI 0487, D1.20.1 "Mapping of the general-purpose registers between the Execution
 * states"). False, with @ret untouched, for a mode that no guest can be in.
 */
bool fault_registers(const struct nisv_rec_fault *fault, const char *arch,
		     struct insn_registers *ret);

/* x86: 16, 32 or 64-bit code, by CR0 and CR4 (Intel SDM vol. 3, 2.5): a paging guest with PAE is
 * taken as 64-bit. 0 if the control registers are not known. */
int fault_x86_bits(const struct nisv_rec_fault *fault);

/* The guest's Exception level at the fault: PSTATE.M[3:2] (Arm ARM, "SPSR_EL2"); AArch32 User mode
 * is 0, others 1. */
int fault_el(const struct nisv_rec_fault *fault);

#endif
