/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INSN_AARCH32_H
#define NISVD_INSN_AARCH32_H

/*
 * The class and the address of AArch32 instructions from their encoding alone: Arm ARM DDI 0487,
 * F3 "T32 Instruction Set Encoding", F4 "A32 Instruction Set Encoding". Conditions and IT blocks
 * are not looked at: an instruction that has faulted has passed its own.
 *
 * All expect @insn with its isa and raw set and leave it INSN_UNKNOWN where the word is none of
 * theirs. insn_conclude() is the caller's.
 */

#include "daemon/core/insn.h"

#define AARCH32_SP 13U
#define AARCH32_LR 14U
#define AARCH32_PC 15U

/* Bytes of the T32 instruction that begins with @halfword: 2 or 4 (Arm ARM, F3.1). */
unsigned int insn_t32_length(uint16_t halfword);

void insn_classify_a32(struct insn *insn);

/* @insn->length is 2 with raw the halfword, or 4 with raw the first one in its upper half. */
void insn_classify_t32(struct insn *insn);

/*
 * What A32 (under a condition) and T32 (bits 31:28 = 1110) have in common in bits 27:0, where bits
 * 27:24 are 110x or 1110: LDC, STC, VLDR, VLDM and kin, 64-bit moves, MCR, MRC, FP arithmetic.
 */
void insn_classify_coprocessor(struct insn *insn);

/* A32 1111 0100 xxx0, T32 1111 1001 xxx0: VLD1 to VLD4, VST1 to VST4, by bits 23:0. */
void insn_classify_aarch32_structure(struct insn *insn);

/*
 * The memory operand of a load or store as A32's fields P, U and W have it: [Rn, +-offset], with
 * writeback (pre-index), or [Rn], +-offset (post-index).
 */
struct aarch32_operand {
	uint32_t rn;
	uint32_t offset;
	bool is_before; /* P: the offset is added before the access */
	bool is_up;	/* U: it is added, not subtracted */
	bool is_back;	/* W: the base is written back, as it always is without P */
};

/* That of @raw, whose P, U, W and Rn are where most forms of both sets have them: bits 24, 23, 21,
 * 19:16. */
struct aarch32_operand insn_aarch32_operand(uint32_t raw, uint32_t offset);

/* [Rn, #offset] by @operand; R15 reads as Align(PC, 4), 8 (T32: 4) bytes past the instruction. */
struct insn_address *insn_aarch32_add(struct insn *insn, const struct aarch32_operand *operand);

/*
 * An access of @bytes from or to the general register @rt, or a pair of them if @bytes is 8, at
 * @operand, in full: its class is @class where nothing is written back. Nothing where the Arm ARM
 * allows none such with R15 as base or register.
 */
void insn_aarch32_transfer(struct insn *insn, enum insn_class class, bool is_load, uint32_t bytes,
			   uint32_t rt, const struct aarch32_operand *operand);

/* @n words from or to [Rn]: LDM, STM, RFE. */
void insn_aarch32_block(struct insn *insn, bool is_load, uint32_t n,
			const struct aarch32_operand *operand);

#endif
