/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_FAULT_H
#define NISVD_FAULT_H

/* Questions to one fault record. @arch is that of the host: "arm64", "x86_64". */

#include <stddef.h>

#include "daemon/core/insn_address.h"
#include "include/nisv_record.h"

/*
 * Of the code that faulted. arm64: PSTATE.nRW and PSTATE.T (Arm ARM, SPSR_EL2); the syndrome's IL
 * bit tells nothing, it is 1 wherever ISV = 0. x86: see fault_x86_bits(); ISA_UNKNOWN where that
 * does not know.
 */
enum insn_isa fault_isa(const struct nisv_rec_fault *fault, const char *arch);

/*
 * x86: KVM's emulator could not fetch a byte of the instruction (struct x86_emulate_ctxt, fetch),
 * so that the fault is that of the code itself. A record that was made of a trace, or had its
 * instruction left out, does not tell.
 */
bool fault_is_failed_fetch(const struct nisv_rec_fault *fault);

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

/*
 * x86: 16, 32 or 64-bit code, in the mode that KVM's emulator decoded it in; 0 if that is not
 * known. A record without it: by CR0 and CR4 (Intel SDM vol. 3, 2.5), where a paging guest with PAE
 * is taken as 64-bit.
 */
int fault_x86_bits(const struct nisv_rec_fault *fault);

/* The guest's Exception level at the fault: PSTATE.M[3:2] (Arm ARM, "SPSR_EL2"); AArch32 User mode
 * is 0, others 1. */
int fault_el(const struct nisv_rec_fault *fault);

enum fault_side {
	FAULT_SIDE_UNKNOWN = 0,
	FAULT_SIDE_KERNEL,
	FAULT_SIDE_USER,
};

/*
 * Did the guest's kernel fault, or a process of it? arm64: by the Exception level. x86 has the
 * privilege level in no register of the record: virtual 8086 mode is a process, code in the upper
 * half of the 64-bit address space a kernel (Intel SDM vol. 1, 3.3.7.1: canonical addresses; Linux,
 * Documentation/arch/x86/x86_64/mm.rst), and of others it is not known.
 */
enum fault_side fault_side(const struct nisv_rec_fault *fault, const char *arch);

/*
 * Fills @ret with the return addresses of the guest's callers, the nearest first, and returns their
 * number, at most NISV_FRAMES_MAX; 0 if there is no backtrace. arm64: pointer authentication codes
 * are stripped as XPACI does it (Arm ARM DDI 0487, the pseudocode function Strip(): the bits from
 * the address size that TCR_EL1 sets upward become those of bit 55), and x30 is left out where the
 * first frame record has the same address.
 */
size_t fault_frames(const struct nisv_rec_fault *fault, const char *arch,
		    uint64_t ret[NISV_FRAMES_MAX]);

/* Names of the record's enumerators, as JSON has them; "unknown" for what is none. */
const char *walk_state_name(enum nisv_walk_state state);     /* "done", "no-slot", "mmu-off", ... */
const char *backtrace_end_name(enum nisv_backtrace_end end); /* "complete", "misaligned", ... */
const char *vma_state_name(enum nisv_vma_state state); /* "found", "absent", "busy", "not-asked" */
const char *code_mode_name(enum nisv_code_mode mode);  /* "real", "vm86", "16-bit", "64-bit", ... */

#endif
