/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/insn_class.h"

static uint32_t bits(uint32_t raw, int high, int low)
{
	return (raw >> low) & ((2U << (high - low)) - 1);
}

static bool bit(uint32_t raw, int n)
{
	return (raw >> n) & 1;
}

static void set_access(struct insn *insn, enum insn_class class, bool load, bool store,
		       uint32_t bytes)
{
	insn->class = class;
	insn->is_load = load;
	insn->is_store = store;
	insn->access_bytes = bytes;
}

/* "Load/store exclusive", "ordered" and "compare and swap": size 001000 o2 L o1 Rs o0 Rt2 Rn Rt. */
static void classify_exclusive(struct insn *insn, uint32_t raw)
{
	bool o2 = bit(raw, 23), load = bit(raw, 22), o1 = bit(raw, 21);
	uint32_t bytes = 1U << bits(raw, 31, 30);

	if (o2 && !o1)
		set_access(insn, INSN_ACQUIRE_RELEASE, load, !load, bytes);
	else if (o2)
		set_access(insn, INSN_ATOMIC, true, true, bytes); /* CAS */
	else if (o1 && !bit(raw, 31))
		set_access(insn, INSN_ATOMIC, true, true, bit(raw, 30) ? 16 : 8); /* CASP */
	else
		set_access(insn, INSN_EXCLUSIVE, load, !load, o1 ? 2 * bytes : bytes);
}

/* FEAT_LSUI: unprivileged exclusives and compare-and-swap, size 001001 ... */
static void classify_unprivileged_atomic(struct insn *insn, uint32_t raw)
{
	if (bit(raw, 31) && !bit(raw, 23))
		set_access(insn, INSN_EXCLUSIVE, bit(raw, 22), !bit(raw, 22),
			   1U << bits(raw, 31, 30));
	else
		set_access(insn, INSN_ATOMIC, true, true, 0);
}

/* Vector registers: size from size and opc<1>. */
static uint32_t simd_bytes(uint32_t raw)
{
	return 1U << (bits(raw, 31, 30) + (bit(raw, 23) ? 4 : 0));
}

/* "Load register (literal)": opc 011 V 00 imm19 Rt. */
static void classify_literal(struct insn *insn, uint32_t raw)
{
	uint32_t opc = bits(raw, 31, 30);

	insn->base_reg = -1;
	if (bit(raw, 26)) {
		if (opc < 3)
			set_access(insn, INSN_SIMD_FP, true, false, 4U << opc);
	} else if (opc == 3) {
		set_access(insn, INSN_PREFETCH, false, false, 0);
	} else {
		set_access(insn, INSN_LITERAL, true, false, opc == 1 ? 8 : 4);
	}
}

/* "Load/store pair": opc 101 V 0 type L imm7 Rt2 Rn Rt; no form has a valid syndrome. */
static void classify_pair(struct insn *insn, uint32_t raw)
{
	uint32_t opc = bits(raw, 31, 30), type = bits(raw, 24, 23);
	bool load = bit(raw, 22);

	if (bit(raw, 26))
		set_access(insn, INSN_SIMD_FP, load, !load, opc < 3 ? 8U << opc : 32);
	else if (opc != 1)
		set_access(insn, INSN_PAIR, load, !load, opc ? 16 : 8);
	else if (type) /* LDPSW, STGP; there is no non-temporal form */
		set_access(insn, INSN_PAIR, load, !load, load ? 8 : 16);
}

/* One register: @class is that of the general registers, a prefetch has one of its own. */
static void classify_single(struct insn *insn, uint32_t raw, enum insn_class class)
{
	uint32_t size = bits(raw, 31, 30), opc = bits(raw, 23, 22);

	if (bit(raw, 26)) {
		if (class == INSN_UNPRIVILEGED || (opc >= 2 && size != 0))
			return;
		set_access(insn, INSN_SIMD_FP, opc & 1, !(opc & 1), simd_bytes(raw));
		return;
	}
	if (size == 3 && opc == 2) {
		if (class == INSN_SINGLE)
			set_access(insn, INSN_PREFETCH, false, false, 0);
		return;
	}
	if (opc == 3 && size >= 2)
		return;
	set_access(insn, class, opc != 0, opc == 0, 1U << size);
}

/* "Atomic memory operations": size 111 V 00 A R 1 Rs o3 opc 00 Rn Rt. */
static void classify_atomic(struct insn *insn, uint32_t raw)
{
	uint32_t size = bits(raw, 31, 30), ar = bits(raw, 23, 22), rs = bits(raw, 20, 16);
	uint32_t op = bits(raw, 15, 12); /* o3 and opc */

	if (bit(raw, 26)) { /* FEAT_LSFE: floating-point atomics; size 0 is BFloat16 */
		set_access(insn, INSN_ATOMIC, true, true, size ? 1U << size : 2);
		return;
	}
	if (op <= 8) /* LDADD, LDCLR, LDEOR, LDSET, LD[SU]MAX, LD[SU]MIN, SWP */
		set_access(insn, INSN_ATOMIC, true, true, 1U << size);
	else if (op == 0xc && ar == 2 && rs == 31)
		set_access(insn, INSN_ACQUIRE_RELEASE, true, false, 1U << size); /* LDAPR */
	else if (size == 3 && ar == 0 && op == 0xd && rs == 31)
		set_access(insn, INSN_LS64, true, false, 64); /* LD64B */
	else if (size == 3 && ar == 0 && ((op == 9 && rs == 31) || op == 0xa || op == 0xb))
		set_access(insn, INSN_LS64, false, true, 64); /* ST64B, ST64BV0, ST64BV */
	else if (size <= 1 && op >= 9 && op <= 0xb)
		set_access(insn, INSN_ATOMIC, true, true, 8); /* FEAT_THE: RCWCLR, RCWSWP, RCWSET */
}

/* "Load/store register" with a 9-bit immediate or a register offset: size 111 V 00 ... */
static void classify_register(struct insn *insn, uint32_t raw)
{
	uint32_t form = bits(raw, 11, 10);

	if (!bit(raw, 21)) {
		static const enum insn_class classes[4] = {INSN_SINGLE, INSN_POST_INDEX,
							   INSN_UNPRIVILEGED, INSN_PRE_INDEX};

		classify_single(insn, raw, classes[form]);
	} else if (form == 0) {
		classify_atomic(insn, raw);
	} else if (form == 2) {
		if (bit(raw, 14)) /* option<1> = 0 is not allocated */
			classify_single(insn, raw, INSN_SINGLE);
	} else if (bits(raw, 31, 30) == 3 && !bit(raw, 26) && bit(raw, 11)) {
		/* LDRAA, LDRAB with writeback. Without it the Arm ARM's list does not name them:
		 * unknown. */
		set_access(insn, INSN_PRE_INDEX, true, false, 8);
	}
}

/* "Load/store memory tags": 11011001 opc 1 imm9 op2 Rn Rt. */
static void classify_tag(struct insn *insn, uint32_t raw)
{
	bool load = bits(raw, 11, 10) == 0 && bit(raw, 22); /* LDG, LDGM */

	set_access(insn, INSN_TAG, load, !load, 0);
}

/* "LDAPR/STLR (unscaled immediate)" and their neighbours with bit 21 clear: size 011 V 01 opc 0 ...
 */
static void classify_ordered_unscaled(struct insn *insn, uint32_t raw)
{
	uint32_t size = bits(raw, 31, 30), opc = bits(raw, 23, 22), form = bits(raw, 11, 10);

	if (form == 1) { /* MOPS: 00 011 o0 01 op1 0 Rs op2 01 Rn Rd */
		if (size)
			return;
		insn->base_reg = opc == 3 ? (int)bits(raw, 4, 0) : -1;
		set_access(insn, INSN_MOPS, opc != 3, true, 0);
	} else if (bit(raw, 26)) {
		if (form == 2 && (opc < 2 || size == 0)) /* FEAT_LRCPC3 */
			set_access(insn, INSN_SIMD_FP, opc & 1, !(opc & 1), simd_bytes(raw));
	} else if (form == 0) {
		if (opc == 2 ? size < 3 : opc < 3 || size < 2)
			set_access(insn, INSN_ACQUIRE_RELEASE, opc != 0, opc == 0, 1U << size);
	} else if (form == 2 && size >= 2) { /* FEAT_LRCPC3 */
		switch (opc) {
		case 0: /* STILP */
		case 1: /* LDIAPP */
			set_access(insn, INSN_PAIR, opc, !opc, 2U << size);
			break;
		case 2: /* STLR with pre-index */
			set_access(insn, INSN_PRE_INDEX, false, true, 1U << size);
			break;
		default: /* LDAPR with post-index */
			set_access(insn, INSN_POST_INDEX, true, false, 1U << size);
		}
	}
}

static void classify_ordered(struct insn *insn, uint32_t raw)
{
	if (!bit(raw, 21))
		classify_ordered_unscaled(insn, raw);
	else if (bits(raw, 31, 24) == 0xd9)
		classify_tag(insn, raw);
	else if (!bit(raw, 31) && !bit(raw, 26)) /* FEAT_LSE128, FEAT_THE, FEAT_LSUI */
		set_access(insn, INSN_ATOMIC, true, true, 0);
}

/* Loads and stores: bit 27 set, bit 25 clear. */
static void classify_load_store(struct insn *insn, uint32_t raw)
{
	uint32_t group = bits(raw, 29, 27); /* Arm ARM: op0<1:0> and the fixed bit 27 */
	bool v = bit(raw, 26), b24 = bit(raw, 24);

	insn->base_reg = (int)bits(raw, 9, 5);
	switch (group) {
	case 1: /* x 001 */
		if (v) {
			if (!bit(raw, 31)) /* LD1..4, ST1..4, LDAP1, STL1 */
				set_access(insn, INSN_SIMD_FP, bit(raw, 22), !bit(raw, 22), 0);
		} else if (b24) {
			classify_unprivileged_atomic(insn, raw);
		} else {
			classify_exclusive(insn, raw);
		}
		break;
	case 3: /* x 011 */
		if (b24)
			classify_ordered(insn, raw);
		else
			classify_literal(insn, raw);
		break;
	case 5: /* x 101 */
		classify_pair(insn, raw);
		break;
	case 7: /* x 111 */
		if (b24)
			classify_single(insn, raw, INSN_SINGLE);
		else
			classify_register(insn, raw);
		break;
	}
	if (insn->class == INSN_UNKNOWN)
		insn->base_reg = -1;
}

/*
 * SVE: op0 = 0010, memory accesses have bit 31 set, stores bits 30:29 = 11. SME: 1110000x accesses
 * ZA and ZT0, 1010000x with bit 23 clear the multi-vector contiguous forms.
 */
static bool classify_scalable(struct insn *insn, uint32_t raw)
{
	bool store;

	if (bits(raw, 28, 25) == 2 && bit(raw, 31))
		store = bits(raw, 31, 29) == 7;
	else if (bits(raw, 31, 25) == 0x70 || (bits(raw, 31, 25) == 0x50 && !bit(raw, 23)))
		store = bit(raw, 21);
	else
		return false;
	set_access(insn, INSN_SVE_SME, !store, store, 0);
	return true;
}

/*
 * SYS instructions of CRn 7 that take an address: op1 CRm op2. DC ZVA, GVA and GZVA write memory
 * and are not reported as cache maintenance (Arm ARM, ISS encoding for a Data Abort, CM).
 */
static void classify_system(struct insn *insn, uint32_t raw)
{
	uint32_t op1 = bits(raw, 18, 16), crm = bits(raw, 11, 8), op2 = bits(raw, 7, 5);
	uint32_t rt = bits(raw, 4, 0);
	bool by_va;

	insn->class = INSN_OTHER;
	if (bits(raw, 15, 12) != 7)
		return;
	if (rt != 31)
		insn->base_reg = (int)rt;
	if (op1 == 3 && crm == 4 && (op2 == 1 || op2 == 3 || op2 == 4)) {
		set_access(insn, INSN_DC_ZVA, false, true, 0);
		return;
	}
	by_va = (op1 == 3 && crm == 5 && op2 == 1) ||		     /* IC IVAU */
		(op1 == 0 && crm == 6 && (op2 & 1)) ||		     /* DC IVAC, IGVAC, IGDVAC */
		(op1 == 3 && crm >= 10 && crm <= 14 && (op2 & 1)) || /* DC CVAC ... CIVAC */
		crm == 8 || crm == 9;				     /* AT */
	if (by_va)
		set_access(insn, INSN_CACHE_OP, false, false, 0);
	else
		insn->base_reg = -1;
}

struct insn insn_classify_a64(uint32_t raw)
{
	struct insn insn = {.raw = raw, .length = 4, .base_reg = -1};

	if (bit(raw, 27) && !bit(raw, 25))
		classify_load_store(&insn, raw);
	else if (classify_scalable(&insn, raw))
		;
	else if ((raw & 0xfff80000) == 0xd5080000)
		classify_system(&insn, raw);
	else if (bits(raw, 28, 25) >= 5)
		insn.class = INSN_OTHER; /* branches, data processing: no memory access */
	insn.isv_possible = insn_class_why(insn.class) == NULL && insn.class != INSN_UNKNOWN &&
			    insn.class != INSN_OTHER && insn.class != INSN_PREFETCH;
	return insn;
}

/* Why: Arm ARM DDI 0487, ISS encoding for a Data Abort, ISV; domain rule of insn.h. */
static const char *const class_why[_INSN_CLASS_MAX] = {
	[INSN_PRE_INDEX] = "it writes the base register back (pre-index)",
	[INSN_POST_INDEX] = "it writes the base register back (post-index)",
	[INSN_PAIR] = "it transfers a pair of registers, the syndrome has room for one",
	[INSN_SIMD_FP] = "it transfers SIMD or floating-point registers, the syndrome names only "
			 "general ones",
	[INSN_SVE_SME] = "it transfers SVE or SME registers, the syndrome names only general ones",
	[INSN_EXCLUSIVE] = "it is a load or store exclusive, which the syndrome does not describe",
	[INSN_ATOMIC] = "it is an atomic read-modify-write, which the syndrome does not describe",
	[INSN_DC_ZVA] = "it writes a whole block (DC ZVA and its kin), no register is transferred",
	[INSN_CACHE_OP] = "it is a cache maintenance instruction, no register is transferred",
	[INSN_TAG] = "it accesses memory tags (MTE), which the syndrome does not describe",
	[INSN_MOPS] = "it copies or sets memory (MOPS), which the syndrome does not describe",
};

const char *insn_class_why(enum insn_class class)
{
	return class < _INSN_CLASS_MAX ? class_why[class] : NULL;
}

static const char *const class_names[_INSN_CLASS_MAX] = {
	[INSN_UNKNOWN] = "unknown",
	[INSN_SINGLE] = "single register",
	[INSN_LITERAL] = "literal",
	[INSN_UNPRIVILEGED] = "unprivileged",
	[INSN_ACQUIRE_RELEASE] = "acquire or release",
	[INSN_PRE_INDEX] = "pre-indexed",
	[INSN_POST_INDEX] = "post-indexed",
	[INSN_PAIR] = "register pair",
	[INSN_SIMD_FP] = "SIMD or floating-point",
	[INSN_SVE_SME] = "SVE or SME",
	[INSN_EXCLUSIVE] = "exclusive",
	[INSN_ATOMIC] = "atomic",
	[INSN_DC_ZVA] = "block zero",
	[INSN_CACHE_OP] = "cache maintenance",
	[INSN_TAG] = "memory tag",
	[INSN_MOPS] = "memory copy or set",
	[INSN_LS64] = "64-byte",
	[INSN_PREFETCH] = "prefetch",
	[INSN_OTHER] = "no memory access",
};

const char *insn_class_name(enum insn_class class)
{
	return class < _INSN_CLASS_MAX ? class_names[class] : "unknown";
}
