/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INSN_H
#define NISVD_INSN_H

/*
 * The faulting instruction: its text (capstone) and its class by our own table of what the CPU can
 * describe in ESR_ELx (Arm ARM DDI 0487, "ISS encoding for an exception from a Data Abort", ISV;
 * domain.md 4.1). Unknown bytes give INSN_UNKNOWN, never a guess.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum insn_class {
	INSN_UNKNOWN = 0,
	INSN_SINGLE,	      /* one general register, no writeback: ISV = 1 */
	INSN_LITERAL,	      /* LDR (literal): ISV = 1 */
	INSN_UNPRIVILEGED,    /* LDTR/STTR: ISV = 1 */
	INSN_ACQUIRE_RELEASE, /* LDAR/STLR/LDAPR/...: ISV = 1 */
	INSN_PRE_INDEX,
	INSN_POST_INDEX,
	INSN_PAIR,    /* LDP/STP/LDPSW/LDNP/STNP/STGP of general registers */
	INSN_SIMD_FP, /* LDR/STR/LDP/STP of V registers, LD1..4/ST1..4 */
	INSN_SVE_SME,
	INSN_EXCLUSIVE, /* LDXR/STXR/... */
	INSN_ATOMIC,	/* LSE: LDADD, SWP, CAS, ... */
	INSN_DC_ZVA,	/* DC ZVA/GVA/GZVA: not classified as cache maintenance */
	INSN_CACHE_OP,	/* other DC/IC/AT by VA: CM = 1 */
	INSN_TAG,	/* MTE: STG, LDG, ... */
	INSN_MOPS,	/* CPY*, SET* */
	INSN_LS64,	/* LD64B/ST64B*: ISV = 1 with LST */
	INSN_PREFETCH,	/* PRFM: never faults */
	INSN_OTHER,	/* decoded, but no memory access we classify */
	_INSN_CLASS_MAX
};

struct insn {
	enum insn_class class;
	char text[96];	/* "ldr w1, [x0], #4", or ".word 0x00000000" */
	uint32_t raw;	/* arm64 */
	uint8_t length; /* bytes */
	bool is_load, is_store;
	bool isv_possible;     /* the class can be described in ESR_EL2 */
	int base_reg;	       /* 0..30, 31 = SP, -1 none */
	uint32_t access_bytes; /* 0: unknown */
};

/* A64 instruction @raw at guest virtual address @pc. */
struct insn insn_decode_a64(uint32_t raw, uint64_t pc);

/* x86 in @bits (16, 32 or 64) mode; class is INSN_OTHER or INSN_UNKNOWN. */
struct insn insn_decode_x86(const uint8_t *bytes, size_t len, uint64_t pc, int bits);

/*
 * The linear address of the memory operand of an x86 instruction, from the 16 general registers in
 * KVM's order (rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 ...), with a segment base of zero.
 * False if it has none, or if it uses FS or GS, whose bases are not known.
 */
bool insn_x86_operand(const uint8_t *bytes, size_t len, uint64_t pc, int bits, const uint64_t *gpr,
		      uint64_t *ret);

/* Why this class has no valid syndrome, for people: "post-indexed: writes the base register back".
 * NULL if it has. */
const char *insn_class_why(enum insn_class class);
const char *insn_class_name(enum insn_class class);

#endif
