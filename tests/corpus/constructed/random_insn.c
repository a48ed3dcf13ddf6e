/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Loads and stores with random registers and offsets that access a given address. Encodings: Arm
 * ARM DDI 0487, C4.1.95 "Loads and Stores" and C5 (DC, by its system instruction), F3 and F4 of
 * AArch32.
 */

#include <string.h>

#include "tests/corpus/constructed/random_kit.h"

enum field {
	SIZES = 1 << 0,	     /* [31:30]: byte to doubleword */
	SIZES3 = 1 << 1,     /* not the last one */
	RS = 1 << 2,	     /* a register at [20:16] */
	RT2 = 1 << 3,	     /* a register at [14:10] */
	POST = 1 << 4,	     /* the offset is added afterwards */
	EVEN = 1 << 5,	     /* Rt and Rs begin a pair, or eight of LD64B */
	OPC3 = 1 << 6,	     /* [14:12]: which LSE operation */
	ORDER = 1 << 7,	     /* [23:22]: acquire and release */
	IN_RT = 1 << 8,	     /* the address is in Rt: DC */
	COPY_TO = 1 << 9,    /* MOPS: the address is in Rd, the size in Rn */
	COPY_FROM = 1 << 10, /* MOPS: in Rs */
	VECTOR = 1 << 11,    /* Rt is no general register: any will do */
};

struct form {
	enum insn_class class;
	uint32_t word;
	bool is_store;
	unsigned int fields;
	uint8_t shift, bits, scale; /* of the offset */
	bool is_unsigned;
};

static const struct form a64[] = {
	{INSN_PRE_INDEX, 0x38000c00, true, SIZES, 12, 9, 1, false},
	{INSN_PRE_INDEX, 0x38400c00, false, SIZES, 12, 9, 1, false},
	{INSN_PRE_INDEX, 0x38800c00, false, SIZES3, 12, 9, 1, false},
	{INSN_POST_INDEX, 0x38000400, true, SIZES | POST, 12, 9, 1, false},
	{INSN_POST_INDEX, 0x38400400, false, SIZES | POST, 12, 9, 1, false},
	{INSN_POST_INDEX, 0x38800400, false, SIZES3 | POST, 12, 9, 1, false},
	{INSN_PAIR, 0x29000000, true, RT2, 15, 7, 4, false},
	{INSN_PAIR, 0x29400000, false, RT2, 15, 7, 4, false},
	{INSN_PAIR, 0xa9000000, true, RT2, 15, 7, 8, false},
	{INSN_PAIR, 0xa9400000, false, RT2, 15, 7, 8, false},
	{INSN_PAIR, 0x69400000, false, RT2, 15, 7, 4, false}, /* LDPSW */
	{INSN_PAIR, 0xa8000000, true, RT2, 15, 7, 8, false},  /* STNP */
	{INSN_PAIR, 0xa8400000, false, RT2, 15, 7, 8, false}, /* LDNP */
	{INSN_PAIR, 0xa8800000, true, RT2 | POST, 15, 7, 8, false},
	{INSN_PAIR, 0xa8c00000, false, RT2 | POST, 15, 7, 8, false},
	{INSN_PAIR, 0xa9800000, true, RT2, 15, 7, 8, false},
	{INSN_PAIR, 0xa9c00000, false, RT2, 15, 7, 8, false},
	{INSN_SIMD_FP, 0x3d800000, true, VECTOR, 10, 12, 16, true}, /* STR Q */
	{INSN_SIMD_FP, 0x3dc00000, false, VECTOR, 10, 12, 16, true},
	{INSN_SIMD_FP, 0xfd000000, true, VECTOR, 10, 12, 8, true}, /* STR D */
	{INSN_SIMD_FP, 0xfd400000, false, VECTOR, 10, 12, 8, true},
	{INSN_SIMD_FP, 0x3c800400, true, VECTOR | POST, 12, 9, 1, false},
	{INSN_SIMD_FP, 0x3cc00400, false, VECTOR | POST, 12, 9, 1, false},
	{INSN_SIMD_FP, 0xad000000, true, VECTOR | RT2, 15, 7, 16, false}, /* STP Q */
	{INSN_SIMD_FP, 0xad400000, false, VECTOR | RT2, 15, 7, 16, false},
	{INSN_SIMD_FP, 0x6d000000, true, VECTOR | RT2, 15, 7, 8, false}, /* STP D */
	{INSN_SIMD_FP, 0x6d400000, false, VECTOR | RT2, 15, 7, 8, false},
	{INSN_SIMD_FP, 0x4c007000, true, VECTOR, 0, 0, 0, false}, /* ST1 {16B} */
	{INSN_SIMD_FP, 0x4c407000, false, VECTOR, 0, 0, 0, false},
	{INSN_SIMD_FP, 0x4c402000, false, VECTOR, 0, 0, 0, false}, /* LD1, four */
	{INSN_SIMD_FP, 0x4cdf7000, false, VECTOR, 0, 0, 0, false}, /* LD1, post-index */
	{INSN_EXCLUSIVE, 0x085f7c00, false, SIZES, 0, 0, 0, false},
	{INSN_EXCLUSIVE, 0x085ffc00, false, SIZES, 0, 0, 0, false},
	{INSN_EXCLUSIVE, 0x08007c00, true, SIZES | RS, 0, 0, 0, false},
	{INSN_EXCLUSIVE, 0x0800fc00, true, SIZES | RS, 0, 0, 0, false},
	{INSN_EXCLUSIVE, 0xc87f0000, false, RT2, 0, 0, 0, false}, /* LDXP */
	{INSN_EXCLUSIVE, 0xc8200000, true, RS | RT2, 0, 0, 0, false},
	{INSN_ATOMIC, 0x38200000, false, SIZES | RS | OPC3 | ORDER, 0, 0, 0, false},
	{INSN_ATOMIC, 0x38208000, false, SIZES | RS | ORDER, 0, 0, 0, false}, /* SWP */
	{INSN_ATOMIC, 0x08a07c00, false, SIZES | RS, 0, 0, 0, false},	      /* CAS */
	{INSN_ATOMIC, 0x48207c00, false, RS | EVEN, 0, 0, 0, false},	      /* CASP */
	{INSN_DC_ZVA, 0xd50b7420, true, IN_RT, 0, 0, 0, false},
	{INSN_DC_ZVA, 0xd50b7480, true, IN_RT, 0, 0, 0, false},	   /* DC GZVA */
	{INSN_CACHE_OP, 0xd5087620, true, IN_RT, 0, 0, 0, false},  /* DC IVAC */
	{INSN_CACHE_OP, 0xd50b7a20, true, IN_RT, 0, 0, 0, false},  /* DC CVAC */
	{INSN_CACHE_OP, 0xd50b7b20, true, IN_RT, 0, 0, 0, false},  /* DC CVAU */
	{INSN_CACHE_OP, 0xd50b7e20, true, IN_RT, 0, 0, 0, false},  /* DC CIVAC */
	{INSN_TAG, 0xd9200800, true, 0, 12, 9, 16, false},	   /* STG */
	{INSN_TAG, 0xd9600800, true, 0, 12, 9, 16, false},	   /* STZG */
	{INSN_TAG, 0xd9a00800, true, 0, 12, 9, 16, false},	   /* ST2G */
	{INSN_TAG, 0xd9600000, false, 0, 12, 9, 16, false},	   /* LDG */
	{INSN_SVE_SME, 0xa540a000, false, VECTOR, 0, 0, 0, false}, /* LD1W */
	{INSN_SVE_SME, 0xa400a000, false, VECTOR, 0, 0, 0, false}, /* LD1B */
	{INSN_SVE_SME, 0xe540e000, true, VECTOR, 0, 0, 0, false},  /* ST1W */
	{INSN_SVE_SME, 0x85804000, false, VECTOR, 0, 0, 0, false}, /* LDR Z */
	{INSN_SVE_SME, 0xe5804000, true, VECTOR, 0, 0, 0, false},  /* STR Z */
	{INSN_MOPS, 0x19000400, true, COPY_TO, 0, 0, 0, false},	   /* CPYFP */
	{INSN_MOPS, 0x19000400, false, COPY_FROM, 0, 0, 0, false},
	{INSN_MOPS, 0x1d400400, true, COPY_TO, 0, 0, 0, false}, /* CPYM */
	{INSN_MOPS, 0x1d000400, false, COPY_FROM, 0, 0, 0, false},
	{INSN_MOPS, 0x19c00400, true, COPY_TO, 0, 0, 0, false}, /* SETP */
	{INSN_LS64, 0xf83fd000, false, EVEN, 0, 0, 0, false},	/* LD64B */
	{INSN_LS64, 0xf83f9000, true, EVEN, 0, 0, 0, false},	/* ST64B */
};

static uint32_t reg_unlike(struct maker *m, uint32_t below, uint64_t taken)
{
	uint32_t reg;

	do
		reg = draw(m, below);
	while (taken >> reg & 1);
	return reg;
}

static uint32_t offset_put(struct maker *m, const struct form *form, int64_t *ret)
{
	uint32_t field = draw(m, 1U << form->bits);
	int64_t value = field;

	*ret = 0;
	if (!form->bits)
		return 0;
	if (!form->is_unsigned && field >> (form->bits - 1))
		value -= INT64_C(1) << form->bits;
	if (!(form->fields & POST))
		*ret = value * form->scale;
	return field << form->shift;
}

static void put_mops(struct maker *m, struct nisv_rec_fault *rec, const struct form *form,
		     uint32_t word)
{
	uint32_t rd = draw(m, 29), rn = reg_unlike(m, 29, 1ULL << rd);
	uint32_t rs = reg_unlike(m, 29, 1ULL << rd | 1ULL << rn);

	rec->gpr[form->fields & COPY_TO ? rd : rs] = rec->far;
	rec->gpr[form->fields & COPY_TO ? rs : rd] = m->ram_base + MIB;
	rec->gpr[rn] = 64 + draw(m, 4000);
	word |= rd | rn << 5 | rs << 16;
	memcpy(rec->insn, &word, sizeof(word));
}

static void put_a64(struct maker *m, struct nisv_rec_fault *rec, const struct form *form)
{
	/* X29 and X30 are the frame's; X31 is SP as a base. */
	uint32_t rn = draw(m, 29), rt, word = form->word;
	int64_t offset;

	if (form->fields & (COPY_TO | COPY_FROM)) {
		put_mops(m, rec, form, word);
		return;
	}
	word |= offset_put(m, form, &offset);
	rt = form->fields & EVEN ? 2 * draw(m, 11) : reg_unlike(m, 29, 1ULL << rn);
	if (form->fields & EVEN)
		rn = 24 + draw(m, 5);
	if (form->fields & SIZES)
		word |= draw(m, 4) << 30;
	if (form->fields & SIZES3)
		word |= draw(m, 3) << 30;
	if (form->fields & RS)
		word |= (form->fields & EVEN ? 2 * draw(m, 11)
					     : reg_unlike(m, 29, 1ULL << rn | 1ULL << rt))
			<< 16;
	if (form->fields & RT2)
		word |= reg_unlike(m, 29, 1ULL << rn | 1ULL << rt) << 10;
	if (form->fields & OPC3)
		word |= draw(m, 8) << 12;
	if (form->fields & ORDER)
		word |= draw(m, 4) << 22;
	word |= form->fields & IN_RT ? rn : rt | rn << 5;
	rec->gpr[rn] = rec->far - (uint64_t)offset;
	memcpy(rec->insn, &word, sizeof(word));
}

/* ---- AArch32 -------------------------------------------------------------------------------- */

static const struct form a32[] = {
	{INSN_MULTIPLE, 0xe8800000, true, 0, 0, 0, 0, false}, /* STM, increment after */
	{INSN_MULTIPLE, 0xe8900000, false, 0, 0, 0, 0, false},
	{INSN_POST_INDEX, 0xe4800000, true, POST, 0, 12, 1, true},
	{INSN_POST_INDEX, 0xe4900000, false, POST, 0, 12, 1, true},
	{INSN_PRE_INDEX, 0xe5a00000, true, 0, 0, 12, 1, true},
	{INSN_PRE_INDEX, 0xe5b00000, false, 0, 0, 12, 1, true},
	{INSN_PAIR, 0xe1c000d0, false, EVEN, 0, 4, 1, true}, /* LDRD */
	{INSN_PAIR, 0xe1c000f0, true, EVEN, 0, 4, 1, true},
	{INSN_EXCLUSIVE, 0xe1900f9f, false, 0, 0, 0, 0, false},	  /* LDREX */
	{INSN_SIMD_FP, 0xed900b00, false, VECTOR, 0, 8, 4, true}, /* VLDR D */
	{INSN_SIMD_FP, 0xed800b00, true, VECTOR, 0, 8, 4, true},
};

static const struct form t32[] = {
	{INSN_MULTIPLE, 0xe8800000, true, 0, 0, 0, 0, false},
	{INSN_MULTIPLE, 0xe8900000, false, 0, 0, 0, 0, false},
	{INSN_POST_INDEX, 0xf8400b00, true, POST, 0, 8, 1, true},
	{INSN_POST_INDEX, 0xf8500b00, false, POST, 0, 8, 1, true},
	{INSN_PRE_INDEX, 0xf8400f00, true, 0, 0, 8, 1, true},
	{INSN_PRE_INDEX, 0xf8500f00, false, 0, 0, 8, 1, true},
	{INSN_PAIR, 0xe9d00000, false, RT2, 0, 8, 4, true}, /* LDRD */
	{INSN_PAIR, 0xe9c00000, true, RT2, 0, 8, 4, true},
	{INSN_EXCLUSIVE, 0xe8500f00, false, 0, 0, 0, 0, false}, /* LDREX */
	{INSN_SIMD_FP, 0xed900b00, false, VECTOR, 0, 8, 4, true},
};

/* Base registers R0 to R3, so that what is transferred, R4 to R7, is another one. */
static void put_a32(struct maker *m, struct nisv_rec_fault *rec, const struct form *form)
{
	uint32_t rn = draw(m, 4), rt = 4 + draw(m, 2) * 2, word = form->word;
	int64_t offset;

	word |= offset_put(m, form, &offset);
	word |= rn << 16;
	if (form->class == INSN_MULTIPLE)
		word |= 3U << rt;
	else
		word |= rt << 12;
	if (form->fields & RT2)
		word |= (rt + 1) << 8;
	rec->gpr[rn] = (uint32_t)(rec->far - (uint64_t)offset);
	if (m->is_t32) /* the first halfword is at the lower address */
		word = word >> 16 | word << 16;
	memcpy(rec->insn, &word, sizeof(word));
}

/* ---- all ------------------------------------------------------------------------------------ */

static const struct form *form_draw(struct maker *m, const struct form *forms, size_t n,
				    uint64_t classes, int store)
{
	const struct form *found = NULL;
	uint32_t seen = 0;

	for (size_t i = 0; i < n; i++)
		if (classes & CLASS(forms[i].class) &&
		    (store < 0 || forms[i].is_store == (store > 0)) && draw_one_in(m, ++seen))
			found = &forms[i];
	return found;
}

bool insn_put(struct maker *m, struct nisv_rec_fault *rec, uint64_t classes, int store,
	      bool *ret_store)
{
	const struct form *form = !m->is_a32  ? form_draw(m, a64, ARRAY_SIZE(a64), classes, store)
				  : m->is_t32 ? form_draw(m, t32, ARRAY_SIZE(t32), classes, store)
					      : form_draw(m, a32, ARRAY_SIZE(a32), classes, store);

	if (!form)
		return false;
	if (m->is_a32)
		put_a32(m, rec, form);
	else
		put_a64(m, rec, form);
	rec->insn_len = 4;
	rec->insn_state = NISV_INSN_OK;
	*ret_store = form->is_store;
	return true;
}

void code_put(struct maker *m, struct nisv_rec_fault *rec, bool is_copy)
{
	/* mov x0, x1; add x1, x1, #16; subs x2, x2, #1; b.ne; nop; stp x29, x30, [sp, #-16]! */
	static const uint32_t others[] = {0xaa0103e0, 0x91004021, 0xf1000442,
					  0x54ffff81, 0xd503201f, 0xa9bf7bfd};
	uint32_t at = rec->pc & (NISV_CODE_BYTES - 1), word;

	for (uint32_t i = 0; i < NISV_CODE_BYTES; i += 4) {
		word = DRAW_OF(m, others);
		/* ldp x5, x6, [x1, #16 n]; of a copy a part at least */
		if (is_copy && (i < 16 || draw_one_in(m, 2)))
			word = 0xa9401825 | (draw(m, 4) * 2) << 15;
		memcpy(rec->code + i, &word, sizeof(word));
	}
	memcpy(rec->code + at, rec->insn, 4);
	rec->code_len = NISV_CODE_BYTES;
}
