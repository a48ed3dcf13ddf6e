/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A32: Arm ARM DDI 0487, F4.1 "A32 instruction set encoding". */

#include "daemon/core/insn_aarch32.h"
#include "daemon/core/insn_kit.h"

/*
 * The index register of the last address; none where it is added after the access. The address is
 * not told by registers alone for RRX, which shifts the carry flag in.
 */
static void add_index(struct insn *insn, uint32_t raw, bool is_before)
{
	static const uint8_t shifts[4] = {INSN_LSL, INSN_LSR, INSN_ASR, INSN_ROR};
	uint32_t type = insn_bits(raw, 6, 5), amount = insn_bits(raw, 11, 7);
	struct insn_address *address = &insn->addresses[0];

	if (!insn->n_addresses || !is_before)
		return;
	if (type == 3 && amount == 0) {
		insn->base_reg = address->base == INSN_REG_PC ? INSN_REG_NONE : address->base;
		insn->n_addresses = 0;
		return;
	}
	address->index = (int16_t)insn_bits(raw, 3, 0);
	address->modify = shifts[type];
	address->amount = (uint8_t)(amount == 0 && type != 0 ? 32 : amount);
	address->is_subtracted = !insn_bit(raw, 23);
}

/*
 * "Load/store word, unsigned byte": cond 01 I P U B W L Rn Rt. LDRT, STRT and their kin (P = 0,
 * W = 1) write the base back like any other without P, even by zero (Arm ARM, F5 "LDRT", A1:
 * postindex = TRUE): so no syndrome, though the list of ISV has their names, for T32's sake. QEMU's
 * make_issinfo() reads it the same way.
 */
static void classify_word(struct insn *insn, uint32_t raw)
{
	bool is_register = insn_bit(raw, 25), load = insn_bit(raw, 20);
	struct aarch32_operand operand =
		insn_aarch32_operand(raw, is_register ? 0 : insn_bits(raw, 11, 0));

	if (is_register && insn_bits(raw, 3, 0) == AARCH32_PC)
		return;
	insn_aarch32_transfer(insn, INSN_SINGLE, load, insn_bit(raw, 22) ? 1 : 4,
			      insn_bits(raw, 15, 12), &operand);
	if (is_register)
		add_index(insn, raw, operand.is_before);
}

/*
 * "Extra load/store": cond 000 P U I W L Rn Rt imm4H 1 S H 1 imm4L: halfwords, signed bytes, pairs.
 * The pairs' L is clear, H tells STRD from LDRD.
 */
static void classify_extra(struct insn *insn, uint32_t raw)
{
	bool is_immediate = insn_bit(raw, 22), l = insn_bit(raw, 20), s = insn_bit(raw, 6);
	bool h = insn_bit(raw, 5), is_pair = !l && s, load = is_pair ? !h : l;
	uint32_t high = insn_bits(raw, 11, 8), low = insn_bits(raw, 3, 0);
	uint32_t rt = insn_bits(raw, 15, 12), bytes = is_pair ? 8 : h ? 2 : 1;
	struct aarch32_operand operand =
		insn_aarch32_operand(raw, is_immediate ? high << 4 | low : 0);

	if (!is_immediate && (high || low == AARCH32_PC))
		return;
	/* A pair is even and does not end in R15; there is no LDRDT. */
	if (is_pair && (rt & 1 || rt == AARCH32_LR || (operand.is_back && !operand.is_before)))
		return;
	insn_aarch32_transfer(insn, is_pair ? INSN_PAIR : INSN_SINGLE, load, bytes, rt, &operand);
	if (!is_immediate && insn->n_addresses && operand.is_before) {
		insn->addresses[0].index = (int16_t)low;
		insn->addresses[0].is_subtracted = !operand.is_up;
	}
}

/*
 * "Load/store exclusive and ordered": cond 0001 1 size L Rn x x 1 1 ex !ord 1001 x. The fields that
 * a form does not have are ones. SWP (cond 0001 0 B 00) is Armv7's.
 */
static void classify_exclusive(struct insn *insn, uint32_t raw)
{
	static const uint8_t sizes[4] = {4, 8, 1, 2};
	uint32_t size = insn_bits(raw, 22, 21), rt = insn_bits(raw, 15, 12),
		 rm = insn_bits(raw, 3, 0);
	bool load = insn_bit(raw, 20), is_exclusive = insn_bit(raw, 9);
	struct aarch32_operand operand = {.rn = insn_bits(raw, 19, 16)};

	if (operand.rn == AARCH32_PC)
		return;
	if (!insn_bit(raw, 23)) {
		if (insn_bits(raw, 21, 20) || insn_bits(raw, 11, 8) || rt == AARCH32_PC ||
		    rm == AARCH32_PC)
			return;
		insn_set_access(insn, INSN_ATOMIC, true, true, insn_bit(raw, 22) ? 1 : 4);
	} else if (insn_bits(raw, 11, 10) != 3 || (load && rm != AARCH32_PC)) {
		return;
	} else if (is_exclusive) {
		/* LDREX Rt; STREX Rd, Rt: Rd in Rt's place. */
		uint32_t transferred = load ? rt : rm;

		if (rt == AARCH32_PC || transferred == AARCH32_PC ||
		    (size == 1 && (transferred & 1 || transferred == AARCH32_LR)))
			return;
		insn_set_access(insn, INSN_EXCLUSIVE, load, !load, sizes[size]);
	} else {
		if (insn_bit(raw, 8) || size == 1 || (load ? rt : rm) == AARCH32_PC ||
		    (!load && rt != AARCH32_PC))
			return;
		insn_set_access(insn, INSN_ACQUIRE_RELEASE, load, !load, sizes[size]);
	}
	insn_aarch32_add(insn, &operand);
}

/* LDM, STM: cond 100 P U S W L Rn list. */
static void classify_multiple(struct insn *insn, uint32_t raw)
{
	uint32_t n = (uint32_t)__builtin_popcount(insn_bits(raw, 15, 0));
	struct aarch32_operand operand = insn_aarch32_operand(raw, 0);

	if (n && operand.rn != AARCH32_PC)
		insn_aarch32_block(insn, insn_bit(raw, 20), n, &operand);
}

/* RFE 1111 100 P U 0 W 1 Rn ..., SRS 1111 100 P U 1 W 0 1101 ...: the latter's SP is that of the
 * mode it names. */
static void classify_exception(struct insn *insn, uint32_t raw)
{
	struct aarch32_operand operand = insn_aarch32_operand(raw, 0);

	if ((raw & 0xfe50ffff) == 0xf8100a00 && operand.rn != AARCH32_PC)
		insn_aarch32_block(insn, true, 2, &operand);
	else if ((raw & 0xfe5fffe0) == 0xf84d0500)
		insn_set_access(insn, INSN_MULTIPLE, false, true, 8);
}

/* PLD, PLDW, PLI by immediate or register. */
static bool is_prefetch(uint32_t raw)
{
	static const struct {
		uint32_t mask, value;
	} forms[] = {
		{0xff70f000, 0xf550f000}, /* PLD [Rn, #imm] */
		{0xff70f000, 0xf510f000}, /* PLDW */
		{0xff70f000, 0xf450f000}, /* PLI */
		{0xff70f010, 0xf750f000}, /* PLD [Rn, Rm] */
		{0xff70f010, 0xf710f000}, /* PLDW */
		{0xff70f010, 0xf650f000}, /* PLI */
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if ((raw & forms[i].mask) == forms[i].value)
			return true;
	return false;
}

/* Bits 31:28 = 1111. */
static void classify_unconditional(struct insn *insn, uint32_t raw)
{
	uint32_t op = insn_bits(raw, 27, 25), coprocessor = insn_bits(raw, 11, 8);

	if (op == 4)
		classify_exception(insn, raw);
	else if ((raw & 0xff100000) == 0xf4000000)
		insn_classify_aarch32_structure(insn);
	else if (is_prefetch(raw))
		insn_set_access(insn, INSN_PREFETCH, false, false, 0);
	else if (op == 1 || op == 5 ||		     /* Advanced SIMD, BLX */
		 (raw & 0xfff00000) == 0xf5700000 || /* barriers, CLREX */
		 (raw & 0xff700000) == 0xf4100000 || /* hints that are not allocated yet: NOPs */
		 (raw & 0xff700010) == 0xf6100000 ||
		 (raw & 0xffe00000) == 0xf1000000 || /* CPS, SETEND, SETPAN */
		 (op >= 6 && insn_bits(raw, 25, 24) != 3 && coprocessor >= 8 &&
		  coprocessor <= 13)) /* Advanced SIMD and FP */
		insn->class = INSN_OTHER;
}

/* Bits 27:25 = 000: data processing and multiplies, and what bits 7 and 4 take out of it. */
static void classify_register(struct insn *insn, uint32_t raw)
{
	bool is_extra = insn_bit(raw, 7) && insn_bit(raw, 4);

	if (is_extra && insn_bits(raw, 6, 5))
		classify_extra(insn, raw);
	else if (is_extra && insn_bit(raw, 24))
		classify_exclusive(insn, raw);
	else
		insn->class = INSN_OTHER;
}

void insn_classify_a32(struct insn *insn)
{
	uint32_t raw = insn->raw;

	if (insn_bits(raw, 31, 28) == 15) {
		classify_unconditional(insn, raw);
		return;
	}
	switch (insn_bits(raw, 27, 25)) {
	case 0:
		classify_register(insn, raw);
		break;
	case 3:
		if (insn_bit(raw, 4)) {
			/* Media; UDF is 0111 1111 ... 1111. */
			if ((raw & 0x0ff000f0) != 0x07f000f0)
				insn->class = INSN_OTHER;
			break;
		}
		classify_word(insn, raw);
		break;
	case 2:
		classify_word(insn, raw);
		break;
	case 4:
		classify_multiple(insn, raw);
		break;
	case 6:
		insn_classify_coprocessor(insn);
		break;
	case 7:
		if (insn_bit(raw, 24))
			insn->class = INSN_OTHER; /* SVC */
		else
			insn_classify_coprocessor(insn);
		break;
	default: /* data processing with an immediate, branches */
		insn->class = INSN_OTHER;
	}
}
