/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/unit.h"

#include "daemon/core/insn.h"

struct form {
	enum insn_class class;
	uint32_t raw;
	const char *what;
};

/* Words assembled with GNU as 2.40; those it does not know by hand from the Arm ARM. */
static const struct form forms[] = {
	{INSN_SINGLE, 0xb9400001, "ldr w1, [x0]"},
	{INSN_SINGLE, 0xf9400401, "ldr x1, [x0, #8]"},
	{INSN_SINGLE, 0xb900001f, "str wzr, [x0]"},
	{INSN_SINGLE, 0xf9000bfe, "str x30, [sp, #16]"},
	{INSN_SINGLE, 0x39400001, "ldrb w1, [x0]"},
	{INSN_SINGLE, 0x39000401, "strb w1, [x0, #1]"},
	{INSN_SINGLE, 0x79400001, "ldrh w1, [x0]"},
	{INSN_SINGLE, 0x79000001, "strh w1, [x0]"},
	{INSN_SINGLE, 0x39c00001, "ldrsb w1, [x0]"},
	{INSN_SINGLE, 0x39800001, "ldrsb x1, [x0]"},
	{INSN_SINGLE, 0x79c00001, "ldrsh w1, [x0]"},
	{INSN_SINGLE, 0x79800001, "ldrsh x1, [x0]"},
	{INSN_SINGLE, 0xb9800001, "ldrsw x1, [x0]"},
	{INSN_SINGLE, 0xb85fc001, "ldur w1, [x0, #-4]"},
	{INSN_SINGLE, 0xf81f8001, "stur x1, [x0, #-8]"},
	{INSN_SINGLE, 0x38401001, "ldurb w1, [x0, #1]"},
	{INSN_SINGLE, 0xb8801001, "ldursw x1, [x0, #1]"},
	{INSN_SINGLE, 0xb8626801, "ldr w1, [x0, x2]"},
	{INSN_SINGLE, 0xf862d801, "ldr x1, [x0, w2, sxtw #3]"},
	{INSN_SINGLE, 0x38226801, "strb w1, [x0, x2]"},
	{INSN_SINGLE, 0xb8a27801, "ldrsw x1, [x0, x2, lsl #2]"},
	{INSN_LITERAL, 0x18000001, "ldr w1, ."},
	{INSN_LITERAL, 0x58000001, "ldr x1, ."},
	{INSN_LITERAL, 0x98000001, "ldrsw x1, ."},
	{INSN_UNPRIVILEGED, 0xb8400801, "ldtr w1, [x0]"},
	{INSN_UNPRIVILEGED, 0xf8000801, "sttr x1, [x0]"},
	{INSN_UNPRIVILEGED, 0x38400801, "ldtrb w1, [x0]"},
	{INSN_UNPRIVILEGED, 0x78000801, "sttrh w1, [x0]"},
	{INSN_UNPRIVILEGED, 0xb8800801, "ldtrsw x1, [x0]"},
	{INSN_ACQUIRE_RELEASE, 0x88dffc01, "ldar w1, [x0]"},
	{INSN_ACQUIRE_RELEASE, 0x08dffc01, "ldarb w1, [x0]"},
	{INSN_ACQUIRE_RELEASE, 0xc89ffc01, "stlr x1, [x0]"},
	{INSN_ACQUIRE_RELEASE, 0x489ffc01, "stlrh w1, [x0]"},
	{INSN_ACQUIRE_RELEASE, 0x88df7c01, "ldlar w1, [x0]"},
	{INSN_ACQUIRE_RELEASE, 0xc89f7c01, "stllr x1, [x0]"},
	{INSN_ACQUIRE_RELEASE, 0xb8bfc001, "ldapr w1, [x0]"},
	{INSN_ACQUIRE_RELEASE, 0x38bfc001, "ldaprb w1, [x0]"},
	{INSN_ACQUIRE_RELEASE, 0xf8bfc001, "ldapr x1, [x0]"},
	{INSN_ACQUIRE_RELEASE, 0x99404001, "ldapur w1, [x0, #4]"},
	{INSN_ACQUIRE_RELEASE, 0xd9008001, "stlur x1, [x0, #8]"},
	{INSN_ACQUIRE_RELEASE, 0x99800001, "ldapursw x1, [x0]"},
	{INSN_ACQUIRE_RELEASE, 0x19c00001, "ldapursb w1, [x0]"},
	{INSN_POST_INDEX, 0xb8404401, "ldr w1, [x0], #4"},
	{INSN_POST_INDEX, 0xb8004409, "str w9, [x0], #4"},
	{INSN_POST_INDEX, 0xf80085ab, "str x11, [x13], #8"},
	{INSN_POST_INDEX, 0x38401423, "ldrb w3, [x1], #1"},
	{INSN_POST_INDEX, 0xb8804423, "ldrsw x3, [x1], #4"},
	{INSN_PRE_INDEX, 0xb8080d09, "str w9, [x8, #128]!"},
	{INSN_PRE_INDEX, 0x78404c62, "ldrh w2, [x3, #4]!"},
	{INSN_PRE_INDEX, 0xb8010c3f, "str wzr, [x1, #16]!"},
	{INSN_PRE_INDEX, 0xf85f8c01, "ldr x1, [x0, #-8]!"},
	{INSN_PRE_INDEX, 0xf8201c01, "ldraa x1, [x0, #8]!"},
	{INSN_PRE_INDEX, 0xf8a01c01, "ldrab x1, [x0, #8]!"},
	{INSN_UNKNOWN, 0xf8201401, "ldraa x1, [x0, #8]"},
	{INSN_UNKNOWN, 0xf8a00401, "ldrab x1, [x0]"},
	{INSN_PAIR, 0xa9400801, "ldp x1, x2, [x0]"},
	{INSN_PAIR, 0x28c10801, "ldp w1, w2, [x0], #8"},
	{INSN_PAIR, 0xa9bf0801, "stp x1, x2, [x0, #-16]!"},
	{INSN_PAIR, 0x69400801, "ldpsw x1, x2, [x0]"},
	{INSN_PAIR, 0xa8400801, "ldnp x1, x2, [x0]"},
	{INSN_PAIR, 0x28000801, "stnp w1, w2, [x0]"},
	{INSN_PAIR, 0x69000801, "stgp x1, x2, [x0]"},
	{INSN_PAIR, 0x69bf8801, "stgp x1, x2, [x0, #-16]!"},
	{INSN_SIMD_FP, 0x3dc00000, "ldr q0, [x0]"},
	{INSN_SIMD_FP, 0xfd400400, "ldr d0, [x0, #8]"},
	{INSN_SIMD_FP, 0x3d400000, "ldr b0, [x0]"},
	{INSN_SIMD_FP, 0xbc004400, "str s0, [x0], #4"},
	{INSN_SIMD_FP, 0x7c002c00, "str h0, [x0, #2]!"},
	{INSN_SIMD_FP, 0x3cc01000, "ldur q0, [x0, #1]"},
	{INSN_SIMD_FP, 0x3ca16800, "str q0, [x0, x1]"},
	{INSN_SIMD_FP, 0xad400400, "ldp q0, q1, [x0]"},
	{INSN_SIMD_FP, 0x6c810400, "stp d0, d1, [x0], #16"},
	{INSN_SIMD_FP, 0x2c400400, "ldnp s0, s1, [x0]"},
	{INSN_SIMD_FP, 0x9c000000, "ldr q0, ."},
	{INSN_SIMD_FP, 0x1c000000, "ldr s0, ."},
	{INSN_SIMD_FP, 0x4c407000, "ld1 {v0.16b}, [x0]"},
	{INSN_SIMD_FP, 0x4cdf2000, "ld1 {v0.16b-v3.16b}, [x0], #64"},
	{INSN_SIMD_FP, 0x4c408800, "ld2 {v0.4s, v1.4s}, [x0]"},
	{INSN_SIMD_FP, 0x0c404000, "ld3 {v0.8b-v2.8b}, [x0]"},
	{INSN_SIMD_FP, 0x4cc10c00, "ld4 {v0.2d-v3.2d}, [x0], x1"},
	{INSN_SIMD_FP, 0x0d000c00, "st1 {v0.b}[3], [x0]"},
	{INSN_SIMD_FP, 0x0dbfb000, "st4 {v0.s-v3.s}[1], [x0], #16"},
	{INSN_SIMD_FP, 0x4d40c800, "ld1r {v0.4s}, [x0]"},
	{INSN_EXCLUSIVE, 0x885f7c01, "ldxr w1, [x0]"},
	{INSN_EXCLUSIVE, 0xc8027c01, "stxr w2, x1, [x0]"},
	{INSN_EXCLUSIVE, 0x085ffc01, "ldaxrb w1, [x0]"},
	{INSN_EXCLUSIVE, 0x4802fc01, "stlxrh w2, w1, [x0]"},
	{INSN_EXCLUSIVE, 0xc87f0801, "ldxp x1, x2, [x0]"},
	{INSN_EXCLUSIVE, 0x88238801, "stlxp w3, w1, w2, [x0]"},
	{INSN_EXCLUSIVE, 0x887f8801, "ldaxp w1, w2, [x0]"},
	{INSN_ATOMIC, 0xb8210002, "ldadd w1, w2, [x0]"},
	{INSN_ATOMIC, 0xf8e10002, "ldaddal x1, x2, [x0]"},
	{INSN_ATOMIC, 0x38211002, "ldclrb w1, w2, [x0]"},
	{INSN_ATOMIC, 0x78213002, "ldseth w1, w2, [x0]"},
	{INSN_ATOMIC, 0xf8212002, "ldeor x1, x2, [x0]"},
	{INSN_ATOMIC, 0xf8214002, "ldsmax x1, x2, [x0]"},
	{INSN_ATOMIC, 0xb8217002, "ldumin w1, w2, [x0]"},
	{INSN_ATOMIC, 0xb821001f, "stadd w1, [x0]"},
	{INSN_ATOMIC, 0xb8218002, "swp w1, w2, [x0]"},
	{INSN_ATOMIC, 0xf8e18002, "swpal x1, x2, [x0]"},
	{INSN_ATOMIC, 0x38a18002, "swpab w1, w2, [x0]"},
	{INSN_ATOMIC, 0x88a17c02, "cas w1, w2, [x0]"},
	{INSN_ATOMIC, 0xc8e1fc02, "casal x1, x2, [x0]"},
	{INSN_ATOMIC, 0x08a17c02, "casb w1, w2, [x0]"},
	{INSN_ATOMIC, 0x48227c04, "casp x2, x3, x4, x5, [x0]"},
	{INSN_ATOMIC, 0x0862fc04, "caspal w2, w3, w4, w5, [x0]"},
	{INSN_DC_ZVA, 0xd50b7420, "dc zva, x0"},
	{INSN_DC_ZVA, 0xd50b7461, "dc gva, x1"},
	{INSN_DC_ZVA, 0xd50b7482, "dc gzva, x2"},
	{INSN_CACHE_OP, 0xd50b7e20, "dc civac, x0"},
	{INSN_CACHE_OP, 0xd5087620, "dc ivac, x0"},
	{INSN_CACHE_OP, 0xd50b7a20, "dc cvac, x0"},
	{INSN_CACHE_OP, 0xd50b7b20, "dc cvau, x0"},
	{INSN_CACHE_OP, 0xd50b7c20, "dc cvap, x0"},
	{INSN_CACHE_OP, 0xd50b7d20, "dc cvadp, x0"},
	{INSN_CACHE_OP, 0xd50b7e60, "dc cigvac, x0"},
	{INSN_CACHE_OP, 0xd5087660, "dc igvac, x0"},
	{INSN_CACHE_OP, 0xd50b7520, "ic ivau, x0"},
	{INSN_CACHE_OP, 0xd5087800, "at s1e1r, x0"},
	{INSN_CACHE_OP, 0xd5087900, "at s1e1rp, x0"},
	{INSN_OTHER, 0xd5087640, "dc isw, x0"},
	{INSN_OTHER, 0xd508751f, "ic iallu"},
	{INSN_OTHER, 0xd5088720, "tlbi vae1, x0"},
	{INSN_TAG, 0xd9200801, "stg x1, [x0]"},
	{INSN_TAG, 0xd9a02401, "st2g x1, [x0], #32"},
	{INSN_TAG, 0xd9601c01, "stzg x1, [x0, #16]!"},
	{INSN_TAG, 0xd9e00801, "stz2g x1, [x0]"},
	{INSN_TAG, 0xd9600001, "ldg x1, [x0]"},
	{INSN_TAG, 0xd9e00001, "ldgm x1, [x0]"},
	{INSN_TAG, 0xd9a00001, "stgm x1, [x0]"},
	{INSN_TAG, 0xd9200001, "stzgm x1, [x0]"},
	{INSN_MOPS, 0x1d010440, "cpyp [x0]!, [x1]!, x2!"},
	{INSN_MOPS, 0x1d410440, "cpym [x0]!, [x1]!, x2!"},
	{INSN_MOPS, 0x19810440, "cpyfe [x0]!, [x1]!, x2!"},
	{INSN_MOPS, 0x19c20420, "setp [x0]!, x1!, x2"},
	{INSN_MOPS, 0x1dc24420, "setgm [x0]!, x1!, x2"},
	{INSN_LS64, 0xf83fd100, "ld64b x0, [x8]"},
	{INSN_LS64, 0xf83f9100, "st64b x0, [x8]"},
	{INSN_LS64, 0xf829b100, "st64bv x9, x0, [x8]"},
	{INSN_LS64, 0xf829a100, "st64bv0 x9, x0, [x8]"},
	{INSN_PREFETCH, 0xf9800000, "prfm pldl1keep, [x0]"},
	{INSN_PREFETCH, 0xf8801000, "prfum pldl1keep, [x0, #1]"},
	{INSN_PREFETCH, 0xf8a16800, "prfm pldl1keep, [x0, x1]"},
	{INSN_PREFETCH, 0xd8000000, "prfm pldl1keep, ."},
	{INSN_SVE_SME, 0xa400a000, "ld1b {z0.b}, p0/z, [x0]"},
	{INSN_SVE_SME, 0xa5e14000, "ld1d {z0.d}, p0/z, [x0, x1, lsl #3]"},
	{INSN_SVE_SME, 0xe540e000, "st1w {z0.s}, p0, [x0]"},
	{INSN_SVE_SME, 0x85804000, "ldr z0, [x0]"},
	{INSN_SVE_SME, 0xe5800000, "str p0, [x0]"},
	{INSN_SVE_SME, 0x85014000, "ld1w {z0.s}, p0/z, [x0, z1.s, uxtw]"},
	{INSN_SVE_SME, 0xc5a0c020, "ld1d {z0.d}, p0/z, [z1.d]"},
	{INSN_SVE_SME, 0xe581a000, "st1d {z0.d}, p0, [x0, z1.d]"},
	{INSN_SVE_SME, 0xa400e000, "ldnt1b {z0.b}, p0/z, [x0]"},
	{INSN_SVE_SME, 0xa41f6000, "ldff1b {z0.b}, p0/z, [x0]"},
	{INSN_SVE_SME, 0xa4002000, "ld1rqb {z0.b}, p0/z, [x0]"},
	{INSN_SVE_SME, 0xa420e000, "ld2b {z0.b, z1.b}, p0/z, [x0]"},
	{INSN_SVE_SME, 0xe01f0000, "ld1b {za0h.b[w12, 0]}, p0/z, [x0]"},
	{INSN_SVE_SME, 0xe0ff8000, "st1d {za0v.d[w12, 0]}, p0, [x0]"},
	{INSN_SVE_SME, 0xe1000000, "ldr za[w12, 0], [x0]"},
	{INSN_SVE_SME, 0xe1200000, "str za[w12, 0], [x0]"},
	{INSN_OTHER, 0xd503201f, "nop"},
	{INSN_OTHER, 0x8b020020, "add x0, x1, x2"},
	{INSN_OTHER, 0xd2800020, "mov x0, #1"},
	{INSN_OTHER, 0x14000000, "b ."},
	{INSN_OTHER, 0xd65f03c0, "ret"},
	{INSN_OTHER, 0x1e622820, "fadd d0, d1, d2"},
	{INSN_OTHER, 0xd518c000, "msr vbar_el1, x0"},
	{INSN_OTHER, 0x1e6e1000, "fmov d0, #1.0"},
	{INSN_ATOMIC, 0x19221003, "ldclrp x3, x2, [x0] (FEAT_LSE128)"},
	{INSN_ATOMIC, 0x19228001, "swpp x1, x2, [x0] (FEAT_LSE128)"},
	{INSN_ATOMIC, 0x19210802, "rcwcas x1, x2, [x0] (FEAT_THE)"},
	{INSN_ATOMIC, 0x3821a002, "rcwswp x1, x2, [x0] (FEAT_THE)"},
	{INSN_ATOMIC, 0xbc210002, "ldfadd s1, s2, [x0] (FEAT_LSFE)"},
	{INSN_ATOMIC, 0xc981fc02, "cast x1, x2, [x0] (FEAT_LSUI)"},
	{INSN_ATOMIC, 0x19210402, "ldtadd w1, w2, [x0] (FEAT_LSUI)"},
	{INSN_EXCLUSIVE, 0x895f7c01, "ldtxr w1, [x0] (FEAT_LSUI)"},
	{INSN_PAIR, 0xe9400801, "ldtp x1, x2, [x0] (FEAT_LSUI)"},
	{INSN_PAIR, 0xd9421801, "ldiapp x1, x2, [x0] (FEAT_LRCPC3)"},
	{INSN_PAIR, 0xd9021801, "stilp x1, x2, [x0] (FEAT_LRCPC3)"},
	{INSN_PRE_INDEX, 0x99800801, "stlr w1, [x0, #-4]! (FEAT_LRCPC3)"},
	{INSN_POST_INDEX, 0x99c00801, "ldapr w1, [x0], #4 (FEAT_LRCPC3)"},
	{INSN_SIMD_FP, 0x1dc00801, "ldapur q1, [x0] (FEAT_LRCPC3)"},
	{INSN_SVE_SME, 0xa0000000, "ld1b {z0.b, z1.b}, pn8/z, [x0, x0] (FEAT_SME2)"},
	{INSN_UNKNOWN, 0x00000000, "udf #0"},
	{INSN_UNKNOWN, 0xb9c00001, "not allocated: size 10, opc 11"},
	{INSN_UNKNOWN, 0xf9c00001, "not allocated: size 11, opc 11"},
	{INSN_UNKNOWN, 0xb8600801, "not allocated: option 000"},
	{INSN_UNKNOWN, 0x68000801, "not allocated: stnp, opc 01"},
	{INSN_UNKNOWN, 0xf8800801, "not allocated: unprivileged prefetch"},
	{INSN_UNKNOWN, 0x80800000, "SME outer product"},
};

static bool is_isv_class(enum insn_class class)
{
	return class == INSN_SINGLE || class == INSN_LITERAL || class == INSN_UNPRIVILEGED ||
	       class == INSN_ACQUIRE_RELEASE || class == INSN_LS64;
}

static void every_form_has_its_class(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct insn insn = insn_decode_a64(forms[i].raw, 0x40000000);

		if (insn.class != forms[i].class)
			fail_msg("%s (0x%08x): class %s, expected %s", forms[i].what, forms[i].raw,
				 insn_class_name(insn.class), insn_class_name(forms[i].class));
		assert_int_equal(insn.isv_possible, is_isv_class(forms[i].class));
		assert_int_equal(insn.raw, forms[i].raw);
		assert_int_equal(insn.length, 4);
		assert_true(insn.text[0]);
	}
}

static void every_class_without_a_syndrome_says_why(void **state)
{
	(void)state;
	for (int class = 0; class < _INSN_CLASS_MAX; class ++) {
		bool has_why = insn_class_why(class) != NULL;
		bool is_access =
			class != INSN_UNKNOWN && class != INSN_OTHER && class != INSN_PREFETCH;

		assert_int_equal(has_why, is_access && !is_isv_class(class));
		assert_non_null(insn_class_name(class));
	}
	assert_null(insn_class_why(_INSN_CLASS_MAX));
	assert_string_equal(insn_class_name(_INSN_CLASS_MAX), "unknown");
}

/*
 * The rule, written a second time as the list of all encodings that have a valid syndrome (Arm ARM
 * DDI 0487, ISS encoding for a Data Abort, ISV): one general register, no writeback, not exclusive.
 */
static bool rule_says_isv(uint32_t raw)
{
	uint32_t size = raw >> 30, opc = raw >> 22 & 3;
	/* PRFM and the unallocated sizes of sign extension. */
	bool is_allocated = !(size == 3 && opc >= 2) && !(size == 2 && opc == 3);
	static const struct {
		uint32_t mask, value;
	} single[] =
		{
			{0x3f000000, 0x39000000}, /* unsigned immediate */
			{0x3f200c00, 0x38000000}, /* unscaled */
			{0x3f200c00, 0x38000800}, /* unprivileged */
			{0x3f204c00, 0x38204800}, /* register offset */
			{0x3f200c00, 0x19000000}, /* LDAPUR, STLUR */
		},
	  other[] = {
		  {0x3fa00000, 0x08800000}, /* LDAR, STLR, LDLAR, STLLR */
		  {0x3ffffc00, 0x38bfc000}, /* LDAPR */
		  {0xfffffc00, 0xf83fd000}, /* LD64B */
		  {0xfffffc00, 0xf83f9000}, /* ST64B */
		  {0xffe0fc00, 0xf820b000}, /* ST64BV */
		  {0xffe0fc00, 0xf820a000}, /* ST64BV0 */
	  };

	for (size_t i = 0; i < ARRAY_SIZE(single); i++)
		if ((raw & single[i].mask) == single[i].value)
			return is_allocated;
	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		if ((raw & other[i].mask) == other[i].value)
			return true;
	return (raw & 0x3f000000) == 0x18000000 && size != 3; /* LDR (literal) */
}

static void random_words_agree_with_the_rule(void **state)
{
	uint64_t seed = 1;
	size_t isv = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint32_t raw = unit_random(&seed);
		struct insn insn;

		if (i & 1) /* loads and stores */
			raw = (raw | 0x08000000) & ~0x02000000U;
		if (i % 8 == 3) /* of one general register */
			raw = (raw | 0x30000000) & ~0x04000000U;
		if (i % 8 == 5) /* atomic operations, among them LDAPR and LD64B */
			raw = (raw & 0xc0e0ffff) | 0x38200000 | (i & 16 ? 0x1f0000 : 0);
		insn = insn_decode_a64(raw, 0);
		if (insn.isv_possible != rule_says_isv(raw))
			fail_msg("0x%08x `%s`: class %s", raw, insn.text,
				 insn_class_name(insn.class));
		isv += insn.isv_possible;
	}
	assert_true(isv > 10000); /* the sample is broad enough to mean something */
}

static void operands_are_read(void **state)
{
	struct insn insn;

	(void)state;
	insn = insn_decode_a64(0xb8404401, 0); /* ldr w1, [x0], #4 */
	assert_string_equal(insn.text, "ldr w1, [x0], #4");
	assert_true(insn.is_load && !insn.is_store);
	assert_int_equal(insn.base_reg, 0);
	assert_int_equal(insn.access_bytes, 4);

	insn = insn_decode_a64(0xa9400801, 0); /* ldp x1, x2, [x0] */
	assert_string_equal(insn.text, "ldp x1, x2, [x0]");
	assert_int_equal(insn.access_bytes, 16);

	insn = insn_decode_a64(0xf9000bfe, 0); /* str x30, [sp, #16] */
	assert_true(insn.is_store && !insn.is_load);
	assert_int_equal(insn.base_reg, 31);
	assert_int_equal(insn.access_bytes, 8);

	insn = insn_decode_a64(0x3dc00000, 0); /* ldr q0, [x0] */
	assert_int_equal(insn.access_bytes, 16);
	insn = insn_decode_a64(0xd50b7427, 0); /* dc zva, x7 */
	assert_true(insn.is_store);
	assert_int_equal(insn.base_reg, 7);
	insn = insn_decode_a64(0xd50b743f, 0); /* dc zva, xzr */
	assert_int_equal(insn.base_reg, -1);
	insn = insn_decode_a64(0x58000001, 0x40000000); /* ldr x1, . */
	assert_int_equal(insn.base_reg, -1);
}

static void unknown_bytes_are_shown_not_guessed(void **state)
{
	struct insn insn = insn_decode_a64(0, 0x40000000);

	(void)state;
	assert_int_equal(insn.class, INSN_UNKNOWN);
	assert_string_equal(insn.text, ".word 0x00000000");
	assert_false(insn.isv_possible);
}

static void x86_is_disassembled_by_mode(void **state)
{
	static const uint8_t pxor[] = {0x66, 0x0f, 0xef, 0x07};
	static const uint8_t prefixed[] = {0x67, 0x66, 0x0f, 0xef, 0x07, 0xf4};
	static const uint8_t movzx[] = {0x66, 0x0f, 0xb6, 0x07};
	static const uint8_t bad[] = {0x0f, 0x0a, 0xff};
	struct insn insn;

	(void)state;
	insn = insn_decode_x86(pxor, sizeof(pxor), 0x1000, 64);
	assert_string_equal(insn.text, "pxor xmm0, xmmword ptr [rdi]");
	assert_int_equal(insn.class, INSN_OTHER);
	assert_int_equal(insn.length, 4);
	insn = insn_decode_x86(pxor, sizeof(pxor), 0x1000, 16);
	assert_string_equal(insn.text, "pxor xmm0, xmmword ptr [bx]");
	assert_int_equal(insn.length, 4);

	/* With an address size prefix before; and 0x66 as what it is for a plain instruction. */
	insn = insn_decode_x86(prefixed, sizeof(prefixed), 0x1000, 16);
	assert_string_equal(insn.text, "pxor xmm0, xmmword ptr [edi]");
	assert_int_equal(insn.length, 5);
	insn = insn_decode_x86(movzx, sizeof(movzx), 0x1000, 16);
	assert_string_equal(insn.text, "movzx eax, byte ptr [bx]");

	insn = insn_decode_x86(bad, sizeof(bad), 0, 32);
	assert_int_equal(insn.class, INSN_UNKNOWN);
	assert_string_equal(insn.text, ".byte 0x0f, 0x0a, 0xff");
	insn = insn_decode_x86(pxor, sizeof(pxor), 0, 0); /* mode not known */
	assert_int_equal(insn.class, INSN_UNKNOWN);
	assert_string_equal(insn.text, ".byte 0x66, 0x0f, 0xef, 0x07");
	insn = insn_decode_x86(pxor, 0, 0, 64);
	assert_int_equal(insn.class, INSN_UNKNOWN);
	assert_string_equal(insn.text, "");
}

static void x86_operands_are_computed_without_paging(void **state)
{
	static const uint8_t plain[] = {0x66, 0x0f, 0xef, 0x07}; /* pxor xmm0, [bx] */
	static const uint8_t moved[] = {0x66, 0x0f, 0xef, 0x84, 0x4b, 0x00, 0x10, 0x00, 0x00};
	static const uint8_t in_fs[] = {0x64, 0x66, 0x0f, 0xef, 0x07};
	static const uint8_t none[] = {0x0f, 0xa2}; /* cpuid */
	static const uint8_t relative[] = {0x66, 0x0f, 0xef, 0x05, 0x10, 0, 0, 0};
	static const uint8_t in_r9[] = {0x66, 0x41, 0x0f, 0xef, 0x41, 0x08}; /* [r9 + 8] */
	uint64_t gpr[16] = {0, 0x20, 0, 0xfff0d000}, address = 1;

	(void)state;
	assert_true(insn_x86_operand(plain, sizeof(plain), 0, 16, gpr, &address));
	assert_int_equal(address, 0xd000);
	/* pxor xmm0, [ebx + ecx * 2 + 0x1000] */
	assert_true(insn_x86_operand(moved, sizeof(moved), 0, 32, gpr, &address));
	assert_int_equal(address, 0xfff0d000 + 0x40 + 0x1000);
	address = 1;
	assert_false(insn_x86_operand(in_fs, sizeof(in_fs), 0, 16, gpr, &address));
	assert_false(insn_x86_operand(none, sizeof(none), 0, 16, gpr, &address));
	assert_false(insn_x86_operand(plain, sizeof(plain), 0, 0, gpr, &address));
	assert_false(insn_x86_operand(plain, 2, 0, 16, gpr, &address));
	assert_int_equal(address, 1);

	gpr[9] = 0xffffc90000001000;
	assert_true(insn_x86_operand(in_r9, sizeof(in_r9), 0, 64, gpr, &address));
	assert_int_equal(address, 0xffffc90000001008);
	assert_true(insn_x86_operand(relative, sizeof(relative), 0x400000, 64, gpr, &address));
	assert_int_equal(address, 0x400018);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_has_its_class),
		cmocka_unit_test(every_class_without_a_syndrome_says_why),
		cmocka_unit_test(random_words_agree_with_the_rule),
		cmocka_unit_test(operands_are_read),
		cmocka_unit_test(unknown_bytes_are_shown_not_guessed),
		cmocka_unit_test(x86_is_disassembled_by_mode),
		cmocka_unit_test(x86_operands_are_computed_without_paging),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
