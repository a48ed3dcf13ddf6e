/* SPDX-License-Identifier: GPL-2.0-or-later */

/* T32: Arm ARM DDI 0487, F3.1 "T32 instruction set encoding". */

#include "daemon/core/insn_aarch32.h"
#include "daemon/core/insn_kit.h"

/* Forms that add a positive offset and write nothing back. */
static struct aarch32_operand plain_operand(uint32_t rn, uint32_t offset)
{
	return (struct aarch32_operand){
		.rn = rn, .offset = offset, .is_before = true, .is_up = true};
}

unsigned int insn_t32_length(uint16_t halfword)
{
	return halfword >> 11 >= 0x1d ? 4 : 2;
}

/* ---- 16 bits -------------------------------------------------------------------------------- */

/* 0101 opcode Rm Rn Rt */
static void classify_16_register(struct insn *insn, uint32_t raw)
{
	static const struct {
		uint8_t bytes;
		bool is_load;
	} ops[8] = {{4, false}, {2, false}, {1, false}, {1, true},
		    {4, true},	{2, true},  {1, true},	{2, true}};
	uint32_t op = insn_bits(raw, 11, 9);
	struct aarch32_operand operand = plain_operand(insn_bits(raw, 5, 3), 0);

	insn_aarch32_transfer(insn, INSN_SINGLE, ops[op].is_load, ops[op].bytes,
			      insn_bits(raw, 2, 0), &operand);
	insn->addresses[0].index = (int16_t)insn_bits(raw, 8, 6);
}

/* 011 B L imm5 Rn Rt, 1000 L imm5 Rn Rt */
static void classify_16_immediate(struct insn *insn, uint32_t raw)
{
	uint32_t bytes = insn_bit(raw, 15) ? 2 : insn_bit(raw, 12) ? 1 : 4;
	struct aarch32_operand operand =
		plain_operand(insn_bits(raw, 5, 3), insn_bits(raw, 10, 6) * bytes);

	insn_aarch32_transfer(insn, INSN_SINGLE, insn_bit(raw, 11), bytes, insn_bits(raw, 2, 0),
			      &operand);
}

/* 1001 L Rt imm8 (SP), 01001 Rt imm8 (PC) */
static void classify_16_word(struct insn *insn, uint32_t raw, uint32_t rn)
{
	struct aarch32_operand operand = plain_operand(rn, insn_bits(raw, 7, 0) * 4);

	insn_aarch32_transfer(insn, INSN_SINGLE, insn_bit(raw, 11), 4, insn_bits(raw, 10, 8),
			      &operand);
}

/* LDM, STM: 1100 L Rn list; PUSH, POP: 1011 L 10 R list, R is LR or PC. */
static void classify_16_multiple(struct insn *insn, uint32_t raw, bool is_stack)
{
	bool load = insn_bit(raw, 11);
	uint32_t list = insn_bits(raw, is_stack ? 8 : 7, 0);
	struct aarch32_operand operand = {
		.rn = is_stack ? AARCH32_SP : insn_bits(raw, 10, 8),
		.is_before = is_stack && !load,
		.is_up = !is_stack || load,
	};

	if (list)
		insn_aarch32_block(insn, load, (uint32_t)__builtin_popcount(list), &operand);
}

/* 1011 ...: what is not allocated among the miscellaneous ones. */
static bool is_16_miscellaneous(uint32_t raw)
{
	switch (insn_bits(raw, 11, 8)) {
	case 0x6: /* SETPAN, SETEND, CPS */
		return insn_bits(raw, 7, 5) < 4 && insn_bits(raw, 7, 5) != 1;
	case 0x7:
	case 0x8:
		return false;
	default:
		return true;
	}
}

static void classify_16(struct insn *insn, uint32_t raw)
{
	switch (insn_bits(raw, 15, 12)) {
	case 0x4:
		if (insn_bit(raw, 11))
			classify_16_word(insn, raw, AARCH32_PC);
		else
			insn->class = INSN_OTHER;
		break;
	case 0x5:
		classify_16_register(insn, raw);
		break;
	case 0x6:
	case 0x7:
	case 0x8:
		classify_16_immediate(insn, raw);
		break;
	case 0x9:
		classify_16_word(insn, raw, AARCH32_SP);
		break;
	case 0xb:
		if (insn_bits(raw, 10, 9) == 2)
			classify_16_multiple(insn, raw, true);
		else if (is_16_miscellaneous(raw))
			insn->class = INSN_OTHER;
		break;
	case 0xc:
		classify_16_multiple(insn, raw, false);
		break;
	case 0xd:
		if (insn_bits(raw, 11, 8) != 14) /* UDF */
			insn->class = INSN_OTHER;
		break;
	default:
		insn->class = INSN_OTHER;
	}
}

/* ---- 32 bits: pairs, exclusives, multiples -------------------------------------------------- */

/* LDRD, STRD: 1110 100 P U 1 W L Rn Rt Rt2 imm8 */
static void classify_dual(struct insn *insn, uint32_t raw)
{
	uint32_t rt = insn_bits(raw, 15, 12), rt2 = insn_bits(raw, 11, 8);
	struct aarch32_operand operand = insn_aarch32_operand(raw, insn_bits(raw, 7, 0) * 4);

	if (rt2 == AARCH32_PC || (insn_bit(raw, 20) && rt == rt2))
		return;
	insn_aarch32_transfer(insn, INSN_PAIR, insn_bit(raw, 20), 8, rt, &operand);
}

/* TBB, TBH: 1110 1000 1101 Rn 1111 0000 000 H Rm. The table may be at R15 itself: then it follows.
 */
static void classify_table(struct insn *insn, uint32_t raw)
{
	bool h = insn_bit(raw, 4);
	uint32_t rm = insn_bits(raw, 3, 0);
	struct aarch32_operand operand = plain_operand(insn_bits(raw, 19, 16), 0);
	struct insn_address *address;

	if (insn_bits(raw, 15, 8) != 0xf0 || rm == AARCH32_PC)
		return;
	insn_set_access(insn, INSN_PC, true, false, h ? 2 : 1);
	address = insn_aarch32_add(insn, &operand);
	address->align = 1; /* here the PC is not rounded down */
	address->index = (int16_t)rm;
	address->amount = h;
}

/*
 * 1110 1000 110 L Rn Rt Rt2 op Rd, op: 01 size exclusive, 10 size ordered, 11 size both. The
 * fields that a form does not have are ones.
 */
static void classify_ordered(struct insn *insn, uint32_t raw)
{
	uint32_t size = insn_bits(raw, 5, 4), rt = insn_bits(raw, 15, 12);
	uint32_t rt2 = insn_bits(raw, 11, 8), rd = insn_bits(raw, 3, 0);
	bool load = insn_bit(raw, 20), is_exclusive = insn_bit(raw, 6),
	     is_ordered = insn_bit(raw, 7);
	bool is_dual = size == 3;
	struct aarch32_operand operand = {.rn = insn_bits(raw, 19, 16)};

	if (operand.rn == AARCH32_PC || rt == AARCH32_PC || is_dual == (rt2 == AARCH32_PC) ||
	    ((load || !is_exclusive) != (rd == AARCH32_PC)))
		return;
	/* LDREX and STREX of words have an encoding of their own; there is no LDAD. */
	if ((size == 2 && !is_ordered) || (is_dual && !is_exclusive))
		return;
	insn_set_access(insn, is_exclusive ? INSN_EXCLUSIVE : INSN_ACQUIRE_RELEASE, load, !load,
			1U << size);
	insn_aarch32_add(insn, &operand);
}

/* LDREX, STREX: 1110 1000 010 L Rn Rt Rd imm8 */
static void classify_exclusive_word(struct insn *insn, uint32_t raw)
{
	uint32_t rn = insn_bits(raw, 19, 16), rt = insn_bits(raw, 15, 12),
		 rd = insn_bits(raw, 11, 8);
	bool load = insn_bit(raw, 20);
	struct aarch32_operand operand = plain_operand(rn, insn_bits(raw, 7, 0) * 4);

	if (rn == AARCH32_PC || rt == AARCH32_PC || load != (rd == AARCH32_PC))
		return;
	insn_set_access(insn, INSN_EXCLUSIVE, load, !load, 4);
	insn_aarch32_add(insn, &operand);
}

/* LDM, STM: 1110 100 op 0 W L Rn P M list, op 01: increment after, 10: decrement before. A list has
 * no SP, that of a store no PC, that of a load not both LR and PC. */
static void classify_multiple(struct insn *insn, uint32_t raw)
{
	bool load = insn_bit(raw, 20);
	uint32_t list = insn_bits(raw, 15, 0), n = (uint32_t)__builtin_popcount(list);
	struct aarch32_operand operand = insn_aarch32_operand(raw, 0);

	if (n < 2 || operand.rn == AARCH32_PC || list >> AARCH32_SP & 1 ||
	    (load ? list >> AARCH32_LR == 3 : list >> AARCH32_PC))
		return;
	insn_aarch32_block(insn, load, n, &operand);
}

/* RFE, SRS: 1110 100 op 0 W L, op 00: decrement before, 11: increment after. */
static void classify_exception(struct insn *insn, uint32_t raw)
{
	struct aarch32_operand operand = insn_aarch32_operand(raw, 0);

	operand.is_before = !operand.is_up;
	if ((raw & 0xfe50ffff) == 0xe810c000 && operand.rn != AARCH32_PC)
		insn_aarch32_block(insn, true, 2, &operand);
	else if ((raw & 0xfe5fffe0) == 0xe80dc000) /* the SP of the mode that is named */
		insn_set_access(insn, INSN_MULTIPLE, false, true, 8);
}

/* 1110 100 ... */
static void classify_dual_or_multiple(struct insn *insn, uint32_t raw)
{
	bool p = insn_bit(raw, 24), u = insn_bit(raw, 23), w = insn_bit(raw, 21);

	if (!insn_bit(raw, 22)) {
		if (p != u)
			classify_multiple(insn, raw);
		else
			classify_exception(insn, raw);
	} else if (p || w) {
		classify_dual(insn, raw);
	} else if (!u) {
		classify_exclusive_word(insn, raw);
	} else if (insn_bits(raw, 7, 6)) {
		classify_ordered(insn, raw);
	} else if (insn_bit(raw, 20) && !insn_bit(raw, 5)) {
		classify_table(insn, raw);
	}
}

/* ---- 32 bits: single registers -------------------------------------------------------------- */

/* 1111 100 S U size L Rn Rt ...: how the rest gives the address. */
enum single {
	NOT_ALLOCATED,
	LITERAL,
	POSITIVE,
	NEGATIVE,
	INDEXED,
	UNPRIVILEGED,
	REGISTER
};

static enum single single_of(uint32_t raw)
{
	if (insn_bits(raw, 19, 16) == AARCH32_PC)
		return LITERAL;
	if (insn_bit(raw, 23))
		return POSITIVE;
	if (insn_bits(raw, 11, 6) == 0)
		return REGISTER;
	if (!insn_bit(raw, 11))
		return NOT_ALLOCATED;
	if (insn_bit(raw, 8))
		return INDEXED;
	if (!insn_bit(raw, 10))
		return NOT_ALLOCATED;
	return insn_bit(raw, 9) ? UNPRIVILEGED : NEGATIVE;
}

/* With Rt = R15, loads of less than a word are prefetches, or hints that are not allocated yet. */
static void classify_hint(struct insn *insn, uint32_t raw, enum single single)
{
	if (single == INDEXED || single == UNPRIVILEGED)
		return;
	if (insn_bit(raw, 24) && insn_bits(raw, 22, 21) == 1)
		insn->class = INSN_OTHER;
	else
		insn_set_access(insn, INSN_PREFETCH, false, false, 0);
}

static void classify_single(struct insn *insn, uint32_t raw)
{
	enum single single = single_of(raw);
	uint32_t size = insn_bits(raw, 22, 21), rt = insn_bits(raw, 15, 12),
		 rm = insn_bits(raw, 3, 0);
	bool load = insn_bit(raw, 20);
	struct aarch32_operand operand = plain_operand(insn_bits(raw, 19, 16), 0);

	if (single == NOT_ALLOCATED || size == 3 || (insn_bit(raw, 24) && size == 2) ||
	    (single == REGISTER && rm == AARCH32_PC))
		return;
	if (load && rt == AARCH32_PC && size < 2) {
		classify_hint(insn, raw, single);
		return;
	}
	if (single == UNPRIVILEGED && rt == AARCH32_PC)
		return;
	operand.offset = insn_bits(raw, single == POSITIVE || single == LITERAL ? 11 : 7, 0);
	if (single == LITERAL) {
		operand.is_up = insn_bit(raw, 23);
	} else if (single == NEGATIVE) {
		operand.is_up = false;
	} else if (single == INDEXED) {
		operand.is_before = insn_bit(raw, 10);
		operand.is_up = insn_bit(raw, 9);
		operand.is_back = true;
	} else if (single == REGISTER) {
		operand.offset = 0;
	}
	insn_aarch32_transfer(insn, single == UNPRIVILEGED ? INSN_UNPRIVILEGED : INSN_SINGLE, load,
			      1U << size, rt, &operand);
	if (single == REGISTER && insn->n_addresses) {
		insn->addresses[0].index = (int16_t)rm;
		insn->addresses[0].amount = (uint8_t)insn_bits(raw, 5, 4);
	}
}

/* Advanced SIMD and FP, data processing, branches: all the rest but what is not allocated. */
static bool is_32_other(uint32_t raw)
{
	uint32_t coprocessor = insn_bits(raw, 11, 8);
	bool is_advanced_simd = insn_bits(raw, 27, 24) == 15;

	if (insn_bits(raw, 31, 26) == 0x3f && !is_advanced_simd)
		return coprocessor >= 8 && coprocessor <= 13;
	return (raw & 0xfff0f000) != 0xf7f0a000; /* UDF */
}

static void classify_32(struct insn *insn, uint32_t raw)
{
	if (insn_bits(raw, 31, 25) == 0x74)
		classify_dual_or_multiple(insn, raw);
	else if (insn_bits(raw, 31, 26) == 0x3b && insn_bits(raw, 25, 24) != 3)
		insn_classify_coprocessor(insn);
	else if (insn_bits(raw, 31, 24) == 0xf9 && !insn_bit(raw, 20))
		insn_classify_aarch32_structure(insn);
	else if (insn_bits(raw, 31, 25) == 0x7c)
		classify_single(insn, raw);
	else if (is_32_other(raw))
		insn->class = INSN_OTHER;
}

void insn_classify_t32(struct insn *insn)
{
	if (insn->length == 2)
		classify_16(insn, insn->raw);
	else
		classify_32(insn, insn->raw);
}
