/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/insn_a64.h"

#include "daemon/core/insn_kit.h"

uint32_t insn_a64_simd_bytes(uint32_t raw)
{
	return 1U << (insn_bits(raw, 31, 30) + (insn_bit(raw, 23) ? 4 : 0));
}

struct insn_address *insn_a64_add_base(struct insn *insn, int64_t offset)
{
	return insn_add_address(insn, (int)insn_bits(insn->raw, 9, 5), offset);
}

/* Fields of five ones: the register that the form does not have. */
static bool is_no_rs(uint32_t raw)
{
	return insn_bits(raw, 20, 16) == A64_ZERO_REG;
}

static bool is_no_rt2(uint32_t raw)
{
	return insn_bits(raw, 14, 10) == A64_ZERO_REG;
}

/* A pair of registers begins with an even one. */
static bool is_casp(uint32_t raw)
{
	return is_no_rt2(raw) && !insn_bit(raw, 16) && !insn_bit(raw, 0);
}

/* "Load/store exclusive", "ordered" and "compare and swap": size 001000 o2 L o1 Rs o0 Rt2 Rn Rt. */
static void classify_exclusive(struct insn *insn, uint32_t raw)
{
	bool o2 = insn_bit(raw, 23), load = insn_bit(raw, 22), o1 = insn_bit(raw, 21);
	uint32_t bytes = 1U << insn_bits(raw, 31, 30);

	if (o2 && !o1) {
		if (is_no_rs(raw) && is_no_rt2(raw))
			insn_set_access(insn, INSN_ACQUIRE_RELEASE, load, !load, bytes);
	} else if (o2) {
		if (is_no_rt2(raw))
			insn_set_access(insn, INSN_ATOMIC, true, true, bytes); /* CAS */
	} else if (o1 && !insn_bit(raw, 31)) {
		if (is_casp(raw))
			insn_set_access(insn, INSN_ATOMIC, true, true, insn_bit(raw, 30) ? 16 : 8);
	} else if ((!load || is_no_rs(raw)) && (o1 || is_no_rt2(raw))) {
		insn_set_access(insn, INSN_EXCLUSIVE, load, !load, o1 ? 2 * bytes : bytes);
	}
	insn_a64_add_base(insn, 0);
}

/* FEAT_LSUI: exclusives (1 sz 001001 0 L 0), CAS (11 001001 1 L 0), CASP (01 001001 1 L 0). */
static void classify_unprivileged(struct insn *insn, uint32_t raw)
{
	bool load = insn_bit(raw, 22);
	uint32_t size = insn_bits(raw, 31, 30);

	if (insn_bit(raw, 21) || !is_no_rt2(raw))
		return;
	if (insn_bit(raw, 23)) {
		if (size == 3)
			insn_set_access(insn, INSN_ATOMIC, true, true, 8);
		else if (size == 1 && is_casp(raw))
			insn_set_access(insn, INSN_ATOMIC, true, true, 16);
	} else if (size >= 2 && (!load || is_no_rs(raw))) {
		insn_set_access(insn, INSN_EXCLUSIVE, load, !load, 1U << size);
	}
	insn_a64_add_base(insn, 0);
}

/* "Load register (literal)": opc 011 V 00 imm19 Rt. */
static void classify_literal(struct insn *insn, uint32_t raw)
{
	uint32_t opc = insn_bits(raw, 31, 30);

	if (insn_bit(raw, 26)) {
		if (opc < 3)
			insn_set_access(insn, INSN_SIMD_FP, true, false, 4U << opc);
	} else if (opc == 3) {
		insn_set_access(insn, INSN_PREFETCH, false, false, 0);
		return;
	} else {
		insn_set_access(insn, INSN_LITERAL, true, false, opc == 1 ? 8 : 4);
	}
	insn_add_address(insn, INSN_REG_PC, insn_signed(raw, 23, 5) * 4);
}

/*
 * "Load/store pair": opc 101 V 0 type L imm7 Rt2 Rn Rt; no form has a valid syndrome. The immediate
 * counts registers; STGP counts tag granules.
 */
static void classify_pair(struct insn *insn, uint32_t raw)
{
	uint32_t opc = insn_bits(raw, 31, 30), type = insn_bits(raw, 24, 23);
	bool load = insn_bit(raw, 22), is_post_index = type == 1;
	uint32_t bytes = opc & 2 ? 8 : 4; /* of a register */

	if (insn_bit(raw, 26)) {
		bytes = opc < 3 ? 4U << opc : 16;
		insn_set_access(insn, INSN_SIMD_FP, load, !load, 2 * bytes);
	} else if (opc != 1) {
		insn_set_access(insn, INSN_PAIR, load, !load, 2 * bytes);
	} else if (type) { /* LDPSW, STGP; there is no non-temporal form */
		insn_set_access(insn, INSN_PAIR, load, !load, load ? 8 : 16);
		bytes = load ? 4 : 16;
	}
	insn_a64_add_base(insn, is_post_index ? 0 : insn_signed(raw, 21, 15) * (int64_t)bytes);
}

/*
 * The access of the forms with one register: @class is that of the general registers, a prefetch
 * has one of its own.
 */
static void set_single(struct insn *insn, uint32_t raw, enum insn_class class)
{
	uint32_t size = insn_bits(raw, 31, 30), opc = insn_bits(raw, 23, 22);

	if (insn_bit(raw, 26)) {
		if (class != INSN_UNPRIVILEGED && (opc < 2 || size == 0))
			insn_set_access(insn, INSN_SIMD_FP, opc & 1, !(opc & 1),
					insn_a64_simd_bytes(raw));
	} else if (size == 3 && opc == 2) {
		if (class == INSN_SINGLE) {
			insn_set_access(insn, INSN_PREFETCH, false, false, 0);
			insn->base_reg = (int)insn_bits(raw, 9, 5);
		}
	} else if (opc != 3 || size < 2) {
		insn_set_access(insn, class, opc != 0, opc == 0, 1U << size);
	}
}

/* "Load/store register (unsigned immediate)": size 111 V 01 opc imm12 Rn Rt. */
static void classify_scaled(struct insn *insn, uint32_t raw)
{
	set_single(insn, raw, INSN_SINGLE);
	if (insn->access_bytes)
		insn_a64_add_base(insn, (int64_t)insn_bits(raw, 21, 10) * insn->access_bytes);
}

/* The forms with a 9-bit immediate: unscaled, post-index, unprivileged, pre-index. */
static void classify_unscaled(struct insn *insn, uint32_t raw)
{
	static const enum insn_class classes[4] = {INSN_SINGLE, INSN_POST_INDEX, INSN_UNPRIVILEGED,
						   INSN_PRE_INDEX};
	enum insn_class class = classes[insn_bits(raw, 11, 10)];

	set_single(insn, raw, class);
	if (insn->access_bytes)
		insn_a64_add_base(insn, class == INSN_POST_INDEX ? 0 : insn_signed(raw, 20, 12));
}

/* "Load/store register (register offset)": option<1> = 0 is not allocated. */
static void classify_register_offset(struct insn *insn, uint32_t raw)
{
	uint32_t option = insn_bits(raw, 15, 13), size = insn_bits(raw, 31, 30);
	struct insn_address *address;

	if (!(option & 2))
		return;
	set_single(insn, raw, INSN_SINGLE);
	if (!insn->access_bytes)
		return;
	address = insn_a64_add_base(insn, 0);
	if (is_no_rs(raw)) /* XZR */
		return;
	address->index = (int16_t)insn_bits(raw, 20, 16);
	address->modify = option == 2 ? INSN_UXTW : option == 6 ? INSN_SXTW : INSN_LSL;
	if (insn_bit(raw, 12))
		address->amount = (uint8_t)(insn->access_bytes == 16 ? 4 : size);
}

/* "Load/store register" with a 9-bit immediate or a register offset: size 111 V 00 ... */
static void classify_register(struct insn *insn, uint32_t raw)
{
	uint32_t form = insn_bits(raw, 11, 10);

	if (!insn_bit(raw, 21)) {
		classify_unscaled(insn, raw);
	} else if (form == 0) {
		insn_classify_a64_atomic(insn);
	} else if (form == 2) {
		classify_register_offset(insn, raw);
	} else if (insn_bits(raw, 31, 30) == 3 && !insn_bit(raw, 26) && form == 3) {
		/*
		 * LDRAA, LDRAB with writeback; the address is what authenticating the base gives.
		 * Without it the Arm ARM's list does not name them: unknown.
		 */
		insn_set_access(insn, INSN_PRE_INDEX, true, false, 8);
		insn->base_reg = (int)insn_bits(raw, 9, 5);
	}
}

/* Loads and stores: bit 27 set, bit 25 clear. */
static void classify_load_store(struct insn *insn, uint32_t raw)
{
	bool b24 = insn_bit(raw, 24);

	switch (insn_bits(raw, 29, 27)) { /* Arm ARM: op0<1:0> and the fixed bit 27 */
	case 1:				  /* x 001 */
		if (insn_bit(raw, 26))
			insn_classify_a64_structure(insn);
		else if (b24)
			classify_unprivileged(insn, raw);
		else
			classify_exclusive(insn, raw);
		break;
	case 3: /* x 011 */
		if (b24)
			insn_classify_a64_extension(insn);
		else
			classify_literal(insn, raw);
		break;
	case 5: /* x 101 */
		classify_pair(insn, raw);
		break;
	default: /* x 111 */
		if (b24)
			classify_scaled(insn, raw);
		else
			classify_register(insn, raw);
	}
}

void insn_classify_a64(struct insn *insn)
{
	uint32_t raw = insn->raw;

	if (insn_bit(raw, 27) && !insn_bit(raw, 25))
		classify_load_store(insn, raw);
	else if (insn_classify_a64_scalable(insn))
		;
	else if ((raw & 0xfff80000) == 0xd5080000)
		insn_classify_a64_system(insn);
	else if (insn_bits(raw, 28, 25) >= 5)
		insn->class = INSN_OTHER; /* branches, data processing: no memory access */
}
