/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What A32 and T32 share: addressing, coprocessor and VFP transfers, Advanced SIMD structures. */

#include "daemon/core/insn_aarch32.h"

#include "daemon/core/insn_kit.h"

struct aarch32_operand insn_aarch32_operand(uint32_t raw, uint32_t offset)
{
	return (struct aarch32_operand){
		.rn = insn_bits(raw, 19, 16),
		.offset = offset,
		.is_before = insn_bit(raw, 24),
		.is_up = insn_bit(raw, 23),
		.is_back = insn_bit(raw, 21),
	};
}

struct insn_address *insn_aarch32_add(struct insn *insn, const struct aarch32_operand *operand)
{
	int64_t offset = 0;
	struct insn_address *address;

	if (operand->is_before)
		offset = operand->is_up ? operand->offset : -(int64_t)operand->offset;
	if (operand->rn != AARCH32_PC)
		return insn_add_address(insn, (int)operand->rn, offset);
	address = insn_add_address(insn, INSN_REG_PC, offset + (insn->isa == ISA_T32 ? 4 : 8));
	address->align = 4;
	return address;
}

static bool is_written_back(const struct aarch32_operand *operand)
{
	return !operand->is_before || operand->is_back;
}

void insn_aarch32_transfer(struct insn *insn, enum insn_class class, bool is_load, uint32_t bytes,
			   uint32_t rt, const struct aarch32_operand *operand)
{
	/*
	 * Only whole words go to and from R15; in T32 none is stored from it. As a base it does not
	 * count for the syndrome: ISV's rule is about "a source or destination register". QEMU's
	 * disas_set_da_iss() looks at Rt alone, too.
	 */
	bool is_pc = rt == AARCH32_PC && bytes == 4 && (is_load || insn->isa == ISA_A32);

	if (rt == AARCH32_PC && !is_pc)
		return;
	if (operand->rn == AARCH32_PC &&
	    (is_written_back(operand) || (!is_load && insn->isa == ISA_T32)))
		return;
	if (class == INSN_PAIR)
		;
	else if (is_pc)
		class = INSN_PC;
	else if (is_written_back(operand))
		class = operand->is_before ? INSN_PRE_INDEX : INSN_POST_INDEX;
	else if (operand->rn == AARCH32_PC && is_load)
		class = INSN_LITERAL;
	insn_set_access(insn, class, is_load, !is_load, bytes);
	insn_aarch32_add(insn, operand);
}

void insn_aarch32_block(struct insn *insn, bool is_load, uint32_t n,
			const struct aarch32_operand *operand)
{
	struct aarch32_operand first = *operand;

	/* The lowest address is that of the first register, whichever way the base moves. */
	first.offset = operand->is_up ? 4 : 4 * (n - !operand->is_before);
	first.is_before = operand->is_before || !operand->is_up;
	insn_set_access(insn, INSN_MULTIPLE, is_load, !is_load, 4 * n);
	insn_aarch32_add(insn, &first);
}

/* VLDR, VSTR: cond 1101 U D 0 L Rn Vd 10 size imm8. */
static void classify_vldr(struct insn *insn, uint32_t raw)
{
	uint32_t size = insn_bits(raw, 9, 8);
	bool load = insn_bit(raw, 20);
	struct aarch32_operand operand =
		insn_aarch32_operand(raw, insn_bits(raw, 7, 0) * (size == 1 ? 2 : 4));

	if (!load && operand.rn == AARCH32_PC && insn->isa == ISA_T32)
		return;
	insn_set_access(insn, INSN_SIMD_FP, load, !load, 1U << size);
	insn_aarch32_add(insn, &operand);
}

/*
 * VLDM, VSTM, VPUSH, VPOP, FLDMX, FSTMX: cond 110 P U D W L Rn Vd 101 size imm8. An odd imm8 with
 * double registers (FLDMX: the lower sixteen) reserves a word more than it transfers.
 */
static void classify_vldm(struct insn *insn, uint32_t raw)
{
	bool is_double = insn_bit(raw, 8), load = insn_bit(raw, 20);
	uint32_t imm8 = insn_bits(raw, 7, 0), n = is_double ? imm8 / 2 : imm8;
	uint32_t first = is_double ? insn_bit(raw, 22) << 4 | insn_bits(raw, 15, 12)
				   : insn_bits(raw, 15, 12) << 1 | insn_bit(raw, 22);
	struct aarch32_operand operand = insn_aarch32_operand(raw, 4 * imm8);

	if (!n || first + n > (is_double && imm8 & 1 ? 16 : 32) || (is_double && n > 16))
		return;
	if (operand.rn == AARCH32_PC && (operand.is_back || insn->isa == ISA_T32))
		return;
	insn_set_access(insn, INSN_SIMD_FP, load, !load, n * (is_double ? 8 : 4));
	insn_aarch32_add(insn, &operand);
}

static void classify_vfp(struct insn *insn, uint32_t raw)
{
	bool p = insn_bit(raw, 24), u = insn_bit(raw, 23), w = insn_bit(raw, 21);

	if (p && !w)
		classify_vldr(insn, raw);
	else if (p != u && insn_bits(raw, 9, 8) >= 2)
		classify_vldm(insn, raw);
}

/*
 * The one LDC and STC that Armv8 has: p14, c5, the debugger's channel (Arm ARM, F4.1 "System
 * register load/store and 64-bit move"). Without P the offset is added afterwards or, with U and
 * no W, is an option.
 */
static void classify_ldc(struct insn *insn, uint32_t raw)
{
	bool load = insn_bit(raw, 20);
	struct aarch32_operand operand = insn_aarch32_operand(raw, 4 * insn_bits(raw, 7, 0));

	if (insn_bits(raw, 15, 8) != 0x5e || insn_bit(raw, 22) ||
	    (operand.rn == AARCH32_PC && (is_written_back(&operand) || !load)))
		return;
	insn_set_access(insn, INSN_COPROCESSOR, load, !load, 4);
	insn_aarch32_add(insn, &operand);
}

/*
 * MCR p15, 0, Rt, c7, CRm, op2 by address: cache maintenance and address translation (Arm ARM,
 * G8.2 "Cache maintenance system instructions", "Address translation system instructions").
 */
static bool is_by_address(uint32_t raw)
{
	static const uint8_t op2[16] = {
		[5] = 0x02,  /* ICIMVAU */
		[6] = 0x02,  /* DCIMVAC */
		[8] = 0xff,  /* ATS1CPR, ATS1CPW, ATS1CUR, ATS1CUW, ATS12NSO... */
		[9] = 0x03,  /* ATS1CPRP, ATS1CPWP */
		[10] = 0x02, /* DCCMVAC */
		[11] = 0x02, /* DCCMVAU */
		[14] = 0x02, /* DCCIMVAC */
	};

	/* 1110 opc1 0 CRn Rt 1111 opc2 1 CRm */
	return (raw & 0x0fff0f10) == 0x0e070f10 && insn_bits(raw, 15, 12) != AARCH32_PC &&
	       op2[insn_bits(raw, 3, 0)] >> insn_bits(raw, 7, 5) & 1;
}

void insn_classify_coprocessor(struct insn *insn)
{
	uint32_t raw = insn->raw, coprocessor = insn_bits(raw, 11, 8);

	if (insn_bit(raw, 25)) {
		insn->class = INSN_OTHER;
		if (!is_by_address(raw))
			return;
		insn_set_access(insn, INSN_CACHE_OP, false, false, 0);
		insn_add_address(insn, (int)insn_bits(raw, 15, 12), 0)->reach = 1;
	} else if (insn_bits(raw, 24, 21) == 2) {
		insn->class = INSN_OTHER; /* 64-bit moves: MCRR, MRRC, VMOV */
	} else if (insn_bits(raw, 24, 21) == 0) {
		; /* not allocated */
	} else if (coprocessor >= 9 && coprocessor <= 11) {
		classify_vfp(insn, raw);
	} else {
		classify_ldc(insn, raw);
	}
}

/* VLD1 to VLD4 of whole registers by type: how many, from the first to the last one, and which of
 * the four it is. */
static const struct {
	uint8_t registers, span, elements;
} structures[16] = {
	[0x0] = {4, 4, 4}, [0x1] = {4, 7, 4}, [0x2] = {4, 4, 1}, [0x3] = {4, 4, 2},
	[0x4] = {3, 3, 3}, [0x5] = {3, 5, 3}, [0x6] = {3, 3, 1}, [0x7] = {1, 1, 1},
	[0x8] = {2, 2, 2}, [0x9] = {2, 3, 2}, [0xa] = {2, 2, 1},
};

/* There are 32 registers. */
static bool is_beyond_last(uint32_t raw, uint32_t span)
{
	return (insn_bit(raw, 22) << 4 | insn_bits(raw, 15, 12)) + span > 32;
}

/* 0 D L 0 Rn Vd type size align Rm: the sizes and alignments that are not allocated. */
static uint32_t multiple_bytes(uint32_t raw)
{
	uint32_t type = insn_bits(raw, 11, 8), size = insn_bits(raw, 7, 6);
	uint32_t align = insn_bits(raw, 5, 4), registers = structures[type].registers;

	if ((structures[type].elements > 1 && size == 3) || (registers & 1 && align & 2) ||
	    (registers == 2 && align == 3) || is_beyond_last(raw, structures[type].span))
		return 0;
	return 8 * registers;
}

/* 1 D 1 0 Rn Vd 11 N size T a Rm: one element into all lanes of N + 1 registers, T: of every second
 * one, or of two where N is zero. */
static uint32_t all_lanes_bytes(uint32_t raw)
{
	uint32_t n = insn_bits(raw, 9, 8) + 1, size = insn_bits(raw, 7, 6), t = insn_bit(raw, 5);
	bool a = insn_bit(raw, 4);

	if (!insn_bit(raw, 21) || (n == 3 && a) || (n == 1 && size == 0 && a) ||
	    is_beyond_last(raw, n == 1 ? 1 + t : (n - 1) * (1 + t) + 1))
		return 0;
	if (size == 3) /* VLD4.32, aligned to all 16 bytes */
		return n == 4 && a ? 16 : 0;
	return n << size;
}

/* 1 D L 0 Rn Vd size N index_align Rm: one lane. Which index_align bits must be zero, and which one
 * says that it is of every second register. */
static uint32_t lane_bytes(uint32_t raw)
{
	static const uint8_t zero[3][4] = {{1, 0, 1, 0}, {2, 0, 1, 0}, {4, 2, 3, 0}};
	static const uint8_t every_second[3] = {0, 2, 4};
	uint32_t size = insn_bits(raw, 11, 10), n = insn_bits(raw, 9, 8);
	uint32_t index_align = insn_bits(raw, 7, 4), align = index_align & 3;
	bool is_every_second = index_align & every_second[size];

	if (index_align & zero[size][n] || is_beyond_last(raw, n * (1 + is_every_second) + 1))
		return 0;
	if (size == 2 && ((n == 0 && (align == 1 || align == 2)) || (n == 3 && align == 3)))
		return 0;
	return (n + 1) << size;
}

void insn_classify_aarch32_structure(struct insn *insn)
{
	uint32_t raw = insn->raw, bytes;
	bool load = insn_bit(raw, 21);
	struct aarch32_operand operand = {.rn = insn_bits(raw, 19, 16)};

	if (!insn_bit(raw, 23))
		bytes = multiple_bytes(raw);
	else if (insn_bits(raw, 11, 10) == 3)
		bytes = all_lanes_bytes(raw);
	else
		bytes = lane_bytes(raw);
	if (!bytes || operand.rn == AARCH32_PC)
		return;
	insn_set_access(insn, INSN_SIMD_FP, load, !load, bytes);
	insn_aarch32_add(insn, &operand);
}
