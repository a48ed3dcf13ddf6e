/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INSN_H
#define NISVD_INSN_H

/*
 * The faulting instruction: its text (capstone), its class by our own tables of what the CPU can
 * describe in ESR_ELx (Arm ARM DDI 0487, "ISS encoding for an exception from a Data Abort", ISV;
 * domain.md 4.1) or what KVM's emulator knows (x86), and the address that it accesses.
 *
 * Unknown bytes give INSN_UNKNOWN, never a guess. Unknown is also what the Arm ARM calls UNDEFINED
 * or CONSTRAINED UNPREDICTABLE, but for registers that coincide (a base that is written back and
 * loaded too): there the form is plain.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum insn_isa {
	ISA_UNKNOWN = 0,
	ISA_A64,
	ISA_A32,
	ISA_T32,
	ISA_X86_16,
	ISA_X86_32,
	ISA_X86_64,
	_ISA_MAX
};

enum insn_class {
	INSN_UNKNOWN = 0,
	INSN_SINGLE,	      /* one general register, no writeback: ISV = 1 */
	INSN_LITERAL,	      /* LDR (literal): ISV = 1 */
	INSN_UNPRIVILEGED,    /* LDTR/STTR, T32 LDRT/STRT: ISV = 1 */
	INSN_ACQUIRE_RELEASE, /* LDAR/STLR/LDAPR/..., AArch32 LDA/STL: ISV = 1 */
	INSN_PRE_INDEX,
	INSN_POST_INDEX, /* A32 LDRT/STRT too: they always write the base back */
	INSN_PAIR,	 /* LDP/STP/LDPSW/LDNP/STNP/STGP of general registers, LDRD/STRD */
	INSN_SIMD_FP,	 /* LDR/STR/LDP/STP of V registers, LD1..4/ST1..4, AArch32 VLDR, VLD1 */
	INSN_SVE_SME,
	INSN_EXCLUSIVE,	  /* LDXR/STXR/..., LDREX/STREX/... */
	INSN_ATOMIC,	  /* LSE: LDADD, SWP, CAS, ... */
	INSN_DC_ZVA,	  /* DC ZVA/GVA/GZVA: not classified as cache maintenance */
	INSN_CACHE_OP,	  /* other DC/IC/AT by VA: CM = 1 */
	INSN_TAG,	  /* MTE: STG, LDG, ... */
	INSN_MOPS,	  /* CPY*, SET* */
	INSN_LS64,	  /* LD64B/ST64B*: ISV = 1 with LST */
	INSN_MULTIPLE,	  /* AArch32 LDM, STM, PUSH, POP, RFE, SRS */
	INSN_PC,	  /* AArch32 loads and stores of R15, TBB, TBH */
	INSN_COPROCESSOR, /* AArch32 LDC, STC */
	INSN_PREFETCH,	  /* PRFM, PLD: never faults */
	INSN_OTHER,	  /* decoded, but no memory access we classify */
	INSN_X86_PLAIN,	  /* MOV, arithmetic, PUSH, CALL, ...: general registers */
	INSN_X86_STRING,  /* MOVS, STOS, INS, ... */
	INSN_X86_RMW,	  /* reads and writes its operand, LOCK or not */
	INSN_X86_MMX,
	INSN_X86_SSE,
	INSN_X86_AVX, /* VEX, EVEX, XOP */
	INSN_X86_X87,
	INSN_X86_SYSTEM, /* privileged, port I/O, interrupts, state saving, cache control */
	_INSN_CLASS_MAX
};

/* What becomes of the index register before it is added: Arm ARM, "Shift" and "ExtendReg". */
enum insn_modify {
	INSN_LSL = 0,
	INSN_LSR,
	INSN_ASR,
	INSN_ROR,
	INSN_UXTW,
	INSN_SXTW
};

#define INSN_REG_NONE	   (-1)
#define INSN_REG_SP	   31 /* A64 only: R13 and RSP are numbered as the others are */
#define INSN_REG_PC	   32
#define INSN_BYTES_MAX	   15 /* Intel SDM 2A, 2.3.11: the longest x86 instruction */
#define INSN_ADDRESSES_MAX 2  /* of a copy: to, from */

/* One address: (base rounded down to align) + offset +- (index modified), in @bits bits. */
struct insn_address {
	int16_t base;  /* INSN_REG_NONE, a general register, INSN_REG_SP or INSN_REG_PC */
	int16_t index; /* INSN_REG_NONE or a general register */
	/* MOPS: the register with the bytes that are left, before or behind the address. */
	int16_t count;
	uint8_t modify; /* enum insn_modify, by @amount */
	uint8_t amount;
	uint8_t bits; /* 16, 32 or 64 */
	bool is_subtracted;
	uint16_t align; /* a power of two */
	int64_t offset;
	/* Bytes from the address on that the access may touch: access_bytes, or the most it can be
	 * where the vector length or block size is not known. */
	uint32_t reach;
};

struct insn {
	enum insn_isa isa;
	enum insn_class class;
	uint32_t raw; /* Arm: the word; T32: the one halfword, or the first one in the upper half */
	uint8_t bytes[INSN_BYTES_MAX];
	uint8_t n_bytes; /* known of it, at most @length unless that is 0 */
	uint8_t length;	 /* bytes of the whole instruction; 0: unknown */
	bool is_load, is_store;
	bool isv_possible;     /* Arm: the class can be described in ESR_EL2 */
	bool is_emulated;      /* x86: KVM's emulator knows it, from Linux 6.1 to 7.1 */
	int base_reg;	       /* 0..30 (x86: 0..15 in KVM's order), 31 = SP, -1 none */
	uint32_t access_bytes; /* 0: unknown */
	uint8_t n_addresses;   /* 0: the registers alone do not tell it, or there is none */
	struct insn_address addresses[INSN_ADDRESSES_MAX];
	char text[96]; /* "ldr w1, [x0], #4", or ".word 0x00000000"; "" before insn_describe() */
};

/*
 * The instruction at @bytes (@len of them are known; no more than one instruction is read), all
 * but its text. Arm: from our own tables, some 40 ns. x86: through capstone, some 400 ns.
 */
struct insn insn_classify(enum insn_isa isa, const uint8_t *bytes, size_t len);

/* Sets the text of a classified @insn at guest virtual address @pc: some 400 ns. */
void insn_describe(struct insn *insn, uint64_t pc);

/* Both. */
struct insn insn_decode(enum insn_isa isa, const uint8_t *bytes, size_t len, uint64_t pc);

/*
 * Why an access of this class is not described to the hypervisor (x86: not emulated by KVM), for
 * people: "it writes the base register back (post-index)". NULL if it is. An x86 class may have
 * members that are emulated: see is_emulated.
 */
const char *insn_class_why(enum insn_class class);

const char *insn_class_name(enum insn_class class);

#endif
