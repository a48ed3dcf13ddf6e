/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INSN_ADDRESS_H
#define NISVD_INSN_ADDRESS_H

/* Which address an instruction accesses, and whether that is the one that faulted. */

#include "daemon/core/insn.h"

/*
 * The registers as the instruction numbers them: A64 X0 to X30; AArch32 R0 to R14 of its mode; x86
 * the sixteen in KVM's order (rax, rcx, rdx, rbx, rsp, ...).
 */
struct insn_registers {
	uint64_t gpr[31];
	uint64_t sp; /* A64: that of the Exception level it ran at */
	bool has_sp;
	uint64_t pc; /* of the instruction itself */
};

/*
 * The address @n (below n_addresses) of @insn, its first byte; x86: the linear one with a segment
 * base of zero. False if a register that it needs is not known.
 */
bool insn_address(const struct insn *insn, unsigned int n, const struct insn_registers *registers,
		  uint64_t *ret);

enum insn_agreement {
	INSN_CANNOT_TELL = 0,
	INSN_AGREES,
	INSN_DISAGREES
};

/*
 * Whether an access by @insn with @registers can have faulted at @address (FAR; x86: a linear
 * address). It may have at any byte of the access: a transfer of several registers, or an unaligned
 * one, faults where it enters a page (Arm ARM DDI 0487, FAR_EL2: "an address accessed by" it). Tags
 * in the top byte of an A64 address are not compared: FAR may or may not have them (FAR_EL2, TBI).
 *
 * INSN_DISAGREES means that these bytes did not fault so: they may have changed since, or are not
 * what the CPU ran. Not to be asked where FAR is not precise (ESR FnP) or belongs to a table walk.
 */
enum insn_agreement insn_agrees(const struct insn *insn, const struct insn_registers *registers,
				uint64_t address);

#endif
