/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INSN_A64_H
#define NISVD_INSN_A64_H

/*
 * The class and the address of an A64 load, store or maintenance instruction from its encoding
 * alone: Arm ARM DDI 0487, C4.1 "A64 instruction set encoding". No disassembler is asked: capstone
 * of the oldest supported host does not know MTE, MOPS, LSE128 or SME.
 *
 * All expect @insn with its isa and raw set and leave it INSN_UNKNOWN where the word is none of
 * theirs. insn_conclude() is the caller's.
 */

#include "daemon/core/insn.h"

#define A64_ZERO_REG 31U /* XZR, or SP as a base; a field of ones where a form has no register */

void insn_classify_a64(struct insn *insn);

/* "Advanced SIMD load/store structures": LD1 to LD4, ST1 to ST4, LDAP1, STL1. */
void insn_classify_a64_structure(struct insn *insn);

/* Atomic memory operations with bits 29:27 = 111: FEAT_LSE, LSFE, THE, LS64, and LDAPR. */
void insn_classify_a64_atomic(struct insn *insn);

/* Bits 29:27 = 011, bit 24 set: LDAPUR and STLUR, MTE, MOPS, LRCPC3, LSE128, THE, LSUI. */
void insn_classify_a64_extension(struct insn *insn);

/* SVE and SME loads, stores and prefetches. False if @insn is in neither's space. */
bool insn_classify_a64_scalable(struct insn *insn);

/* SYS: cache maintenance, address translation, DC ZVA. */
void insn_classify_a64_system(struct insn *insn);

/* The access size of the SIMD and FP registers' loads and stores: size and opc<1>. */
uint32_t insn_a64_simd_bytes(uint32_t raw);

/* The address [Xn|SP, #offset], Rn in bits 9:5. */
struct insn_address *insn_a64_add_base(struct insn *insn, int64_t offset);

#endif
