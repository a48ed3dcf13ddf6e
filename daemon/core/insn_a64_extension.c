/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A64 loads and stores that came after Armv8.0. */

#include "daemon/core/insn_a64.h"
#include "daemon/core/insn_kit.h"

#define GRANULE 16 /* bytes with one MTE tag: Arm ARM, "Allocation Tags" */
/* The most tags LDGM and STGM transfer (GMID_EL1.BS = 6), in bytes of the memory they are for. */
#define TAG_BLOCK_MAX 256
/* The largest block of STZGM, as of DC ZVA: DCZID_EL0.BS = 9. */
#define ZERO_BLOCK_MAX 2048

static uint32_t rs_of(uint32_t raw)
{
	return insn_bits(raw, 20, 16);
}

/*
 * FEAT_LSFE: LDFADD, LDFMAX, LDFMIN, LDFMAXNM, LDFMINNM, or with o3 their ST forms, which have no
 * Rt and no acquire. Size 0 is BFloat16.
 */
static void classify_float_atomic(struct insn *insn, uint32_t raw)
{
	uint32_t size = insn_bits(raw, 31, 30), opc = insn_bits(raw, 14, 12);
	bool is_store_form = insn_bit(raw, 15);

	if ((opc >= 1 && opc <= 3) ||
	    (is_store_form && (insn_bits(raw, 4, 0) != A64_ZERO_REG || insn_bit(raw, 23))))
		return;
	insn_set_access(insn, INSN_ATOMIC, true, true, size ? 1U << size : 2);
	insn_a64_add_base(insn, 0);
}

/* FEAT_LS64: eight registers, of which the first is even and below 24. */
static void set_ls64(struct insn *insn, uint32_t raw, uint32_t op)
{
	bool is_even = !insn_bit(raw, 0) && insn_bits(raw, 4, 3) != 3,
	     no_rs = rs_of(raw) == A64_ZERO_REG;

	if (is_even && op == 0xd && no_rs)
		insn_set_access(insn, INSN_LS64, true, false, 64); /* LD64B */
	else if (is_even && ((op == 9 && no_rs) || op == 0xa || op == 0xb))
		insn_set_access(insn, INSN_LS64, false, true, 64); /* ST64B, ST64BV0, ST64BV */
}

/* "Atomic memory operations": size 111 V 00 A R 1 Rs o3 opc 00 Rn Rt. */
void insn_classify_a64_atomic(struct insn *insn)
{
	uint32_t raw = insn->raw;
	uint32_t size = insn_bits(raw, 31, 30), ar = insn_bits(raw, 23, 22), rs = rs_of(raw);
	uint32_t op = insn_bits(raw, 15, 12); /* o3 and opc */

	if (insn_bit(raw, 26)) {
		classify_float_atomic(insn, raw);
		return;
	}
	if (op <= 8) /* LDADD, LDCLR, LDEOR, LDSET, LD[SU]MAX, LD[SU]MIN, SWP */
		insn_set_access(insn, INSN_ATOMIC, true, true, 1U << size);
	else if (op == 0xc && ar == 2 && rs == A64_ZERO_REG)
		insn_set_access(insn, INSN_ACQUIRE_RELEASE, true, false, 1U << size); /* LDAPR */
	else if (size == 3 && ar == 0)
		set_ls64(insn, raw, op);
	else if (size <= 1 && op <= 0xb)
		insn_set_access(insn, INSN_ATOMIC, true, true,
				8); /* FEAT_THE: RCWCLR, RCWSWP, RCWSET */
	insn_a64_add_base(insn, 0);
}

/* "Load/store memory tags": 11011001 opc 1 imm9 op2 Rn Rt. */
static void classify_tag(struct insn *insn, uint32_t raw)
{
	static const uint16_t blocks[4] = {ZERO_BLOCK_MAX, GRANULE, TAG_BLOCK_MAX, TAG_BLOCK_MAX};
	uint32_t opc = insn_bits(raw, 23, 22), form = insn_bits(raw, 11, 10);
	struct insn_address *address;
	int64_t offset = insn_signed(raw, 20, 12) * GRANULE;

	if (form) { /* STG, STZG, ST2G, STZ2G: post-index, offset, pre-index */
		insn_set_access(insn, INSN_TAG, false, true, opc & 2 ? 2 * GRANULE : GRANULE);
		insn_a64_add_base(insn, form == 1 ? 0 : offset);
		return;
	}
	if (opc != 1 && offset)
		return; /* STZGM, STGM, LDGM have none */
	insn_set_access(insn, INSN_TAG, opc & 1, !(opc & 1), opc == 1 ? GRANULE : 0);
	address = insn_a64_add_base(insn, offset);
	address->align = blocks[opc];
	address->reach = blocks[opc];
}

/* The bytes that are left of a copy or set lie before or behind, by its direction and option. */
static void add_counted(struct insn *insn, uint32_t reg, uint32_t count)
{
	struct insn_address *address = insn_add_address(insn, (int)reg, 0);

	address->count = (int16_t)count;
	address->reach = 1;
}

/* MOPS: 00 011 o0 01 op1 0 Rs op2 01 Rn Rd. No register may be named twice, none but SET's data
 * may be XZR. */
static void classify_mops(struct insn *insn, uint32_t raw)
{
	uint32_t op1 = insn_bits(raw, 23, 22), s = rs_of(raw), n = insn_bits(raw, 9, 5),
		 d = insn_bits(raw, 4, 0);
	bool is_set = op1 == 3;

	/* FEAT_MOPS_GO: SETGO sets tags alone, and has no data. */
	if (insn_bits(raw, 11, 10) == 0 && (!is_set || s != A64_ZERO_REG))
		return;
	if (insn_bits(raw, 31, 30) || s == n || s == d || n == d || n == A64_ZERO_REG ||
	    d == A64_ZERO_REG || (is_set ? insn_bits(raw, 15, 14) == 3 : s == A64_ZERO_REG))
		return;
	insn_set_access(insn, INSN_MOPS, !is_set, true, 0);
	add_counted(insn, d, n);
	if (!is_set)
		add_counted(insn, s, n);
}

/* FEAT_LRCPC3, LSCP: size 011001 opc 0 ... 10 Rn Rt: pairs, and single registers with writeback. */
static void classify_rcpc3(struct insn *insn, uint32_t raw)
{
	uint32_t opc = insn_bits(raw, 23, 22), op2 = insn_bits(raw, 15, 12);
	uint32_t bytes = 1U << insn_bits(raw, 31, 30);

	if (insn_bits(raw, 31, 30) < 2)
		return;
	if (opc < 2) {
		/* Rt2 is in Rs' place. op2 0: STILP, LDIAPP with writeback; 1: without; FEAT_LSCP:
		 * 5: STLP, LDAP, 7: LDAPP, of 64-bit registers. */
		if (op2 > 1 && (bytes != 8 || (op2 != 5 && (op2 != 7 || opc == 0))))
			return;
		insn_set_access(insn, INSN_PAIR, opc == 1, opc == 0, 2 * bytes);
		insn_a64_add_base(insn, opc == 0 && op2 == 0 ? -2 * (int64_t)bytes : 0);
		return;
	}
	if (rs_of(raw) || op2)
		return;
	if (opc == 2) { /* STLR [Xn, #-size]! */
		insn_set_access(insn, INSN_PRE_INDEX, false, true, bytes);
		insn_a64_add_base(insn, -(int64_t)bytes);
	} else { /* LDAPR [Xn], #size */
		insn_set_access(insn, INSN_POST_INDEX, true, false, bytes);
		insn_a64_add_base(insn, 0);
	}
}

/* "LDAPR/STLR (unscaled immediate)" and their neighbours with bit 21 clear: size 011 V 01 opc 0 */
static void classify_unscaled(struct insn *insn, uint32_t raw)
{
	uint32_t size = insn_bits(raw, 31, 30), opc = insn_bits(raw, 23, 22);
	uint32_t form = insn_bits(raw, 11, 10);

	if (form == 1 || (form == 0 && insn_bit(raw, 26))) {
		classify_mops(insn, raw);
		return;
	}
	if (insn_bit(raw, 26)) { /* FEAT_LRCPC3 */
		if (form != 2 || (opc >= 2 && size))
			return;
		insn_set_access(insn, INSN_SIMD_FP, opc & 1, !(opc & 1), insn_a64_simd_bytes(raw));
	} else if (form == 0) {
		if (opc == 2 ? size == 3 : opc == 3 && size >= 2)
			return;
		insn_set_access(insn, INSN_ACQUIRE_RELEASE, opc != 0, opc == 0, 1U << size);
	} else {
		if (form == 2)
			classify_rcpc3(insn, raw);
		return;
	}
	insn_a64_add_base(insn, insn_signed(raw, 20, 12));
}

/*
 * 0 S 011001 A R 1 Rs o3 opc op Rn Rt, op 00: FEAT_LSE128 and 128-bit FEAT_THE; 01: FEAT_LSUI; 10
 * and 11: RCWCAS and RCWCASP. S is the size for LSUI, the "software" variant for THE.
 */
static void classify_wide_atomic(struct insn *insn, uint32_t raw)
{
	/* A bit for each o3:opc. */
	const uint32_t lse128 = 1U << 1 | 1U << 3 | 1U << 8, rcw = 7U << 9;
	const uint32_t lsui = 1U << 0 | 1U << 1 | 1U << 3 | 1U << 8;
	uint32_t op = 1U << insn_bits(raw, 15, 12);
	bool s = insn_bit(raw, 30);

	switch (insn_bits(raw, 11, 10)) {
	case 0:
		if (op & (s ? rcw : lse128 | rcw) && insn_bits(raw, 4, 0) != A64_ZERO_REG &&
		    rs_of(raw) != A64_ZERO_REG)
			insn_set_access(insn, INSN_ATOMIC, true, true, 16);
		break;
	case 1:
		if (op & lsui)
			insn_set_access(insn, INSN_ATOMIC, true, true, s ? 8 : 4);
		break;
	case 2:
		if (op == 1)
			insn_set_access(insn, INSN_ATOMIC, true, true, 8);
		break;
	default: /* pairs begin with an even register */
		if (op == 1 && !(rs_of(raw) & 1) && !(raw & 1))
			insn_set_access(insn, INSN_ATOMIC, true, true, 16);
	}
	insn_a64_add_base(insn, 0);
}

void insn_classify_a64_extension(struct insn *insn)
{
	uint32_t raw = insn->raw;

	if (!insn_bit(raw, 21))
		classify_unscaled(insn, raw);
	else if (insn_bits(raw, 31, 24) == 0xd9)
		classify_tag(insn, raw);
	else if (!insn_bit(raw, 31) && !insn_bit(raw, 26))
		classify_wide_atomic(insn, raw);
}

/* SYS operations of CRn 7 by address: op1, CRm, and a bit for each op2. */
static const struct {
	uint8_t op1, crm, op2;
	enum insn_class class;
} by_address[] = {
	/* Not reported as cache maintenance: Arm ARM, ISS encoding for a Data Abort, CM. */
	{3, 4, 0xba, INSN_DC_ZVA},    /* DC ZVA, GVA, GZVA, ZGBVA, GBVA */
	{3, 5, 0x02, INSN_CACHE_OP},  /* IC IVAU */
	{0, 6, 0x2a, INSN_CACHE_OP},  /* DC IVAC, IGVAC, IGDVAC */
	{3, 10, 0x2a, INSN_CACHE_OP}, /* DC CVAC, CGVAC, CGDVAC */
	{3, 11, 0x83, INSN_CACHE_OP}, /* DC CVAOC, CVAU, CGDVAOC */
	{3, 12, 0x2a, INSN_CACHE_OP}, /* DC CVAP, CGVAP, CGDVAP */
	{3, 13, 0x2a, INSN_CACHE_OP}, /* DC CVADP, CGVADP, CGDVADP */
	{3, 14, 0x2a, INSN_CACHE_OP}, /* DC CIVAC, CIGVAC, CIGDVAC */
	{3, 15, 0x81, INSN_CACHE_OP}, /* DC CIVAOC, CIGDVAOC */
	{0, 15, 0x22, INSN_CACHE_OP}, /* DC CIVAPS, CIGDVAPS */
	{0, 8, 0x0f, INSN_CACHE_OP},  /* AT S1E1R, S1E1W, S1E0R, S1E0W */
	{4, 8, 0xf3, INSN_CACHE_OP},  /* AT S1E2R, S1E2W, S12E1R, S12E1W, S12E0R, S12E0W */
	{6, 8, 0x03, INSN_CACHE_OP},  /* AT S1E3R, S1E3W */
	{0, 9, 0x07, INSN_CACHE_OP},  /* AT S1E1RP, S1E1WP, S1E1A */
	{4, 9, 0x04, INSN_CACHE_OP},  /* AT S1E2A */
	{6, 9, 0x04, INSN_CACHE_OP},  /* AT S1E3A */
};

/*
 * FAR then holds what the register does (Arm ARM, FAR_EL2: "generated from a data cache maintenance
 * or DC ZVA instruction"), whatever the size of a line or block.
 */
void insn_classify_a64_system(struct insn *insn)
{
	uint32_t op1 = insn_bits(insn->raw, 18, 16), crm = insn_bits(insn->raw, 11, 8);
	uint32_t op2 = insn_bits(insn->raw, 7, 5), rt = insn_bits(insn->raw, 4, 0);

	insn->class = INSN_OTHER;
	if (insn_bits(insn->raw, 15, 12) != 7)
		return;
	for (size_t i = 0; i < sizeof(by_address) / sizeof(by_address[0]); i++) {
		if (by_address[i].op1 != op1 || by_address[i].crm != crm ||
		    !(by_address[i].op2 >> op2 & 1))
			continue;
		insn_set_access(insn, by_address[i].class, false,
				by_address[i].class == INSN_DC_ZVA, 0);
		insn_add_address(insn, rt == A64_ZERO_REG ? INSN_REG_NONE : (int)rt, 0)->reach = 1;
	}
}
