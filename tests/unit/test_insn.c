/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Instructions of any set: what classes say, which ones can have a syndrome, and random bytes. */

#include "daemon/core/insn.h"
#include "tests/unit/insn_case.h"

static bool is_arm_access(enum insn_class class)
{
	return class > INSN_UNKNOWN && class < INSN_PREFETCH;
}

static void every_class_says_why(void **state)
{
	(void)state;
	for (int class = 0; class < _INSN_CLASS_MAX; class ++) {
		bool is_x86_gap = class == INSN_X86_MMX || class == INSN_X86_SSE ||
				  class == INSN_X86_AVX || class == INSN_X86_X87 ||
				  class == INSN_X86_SYSTEM;
		bool has_no_syndrome = is_arm_access(class) && !insn_case_is_described(class);

		assert_int_equal(insn_class_why(class) != NULL, has_no_syndrome || is_x86_gap);
		assert_non_null(insn_class_name(class));
	}
	assert_null(insn_class_why(_INSN_CLASS_MAX));
	assert_string_equal(insn_class_name(_INSN_CLASS_MAX), "unknown");
}

static void every_class_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int a = 0; a < _INSN_CLASS_MAX; a++)
		for (int b = 0; b < a; b++)
			assert_string_not_equal(insn_class_name(a), insn_class_name(b));
}

struct form {
	uint32_t mask, value;
};

static bool is_one_of(const struct form *forms, size_t n, uint32_t raw)
{
	for (size_t i = 0; i < n; i++)
		if ((raw & forms[i].mask) == forms[i].value)
			return true;
	return false;
}

/*
 * The rule, written a second time as the list of all encodings that have a valid syndrome (Arm ARM
 * DDI 0487, ISS encoding for a Data Abort, ISV): one general register, no writeback, not exclusive.
 */
static bool rule_says_isv_a64(uint32_t raw)
{
	uint32_t size = raw >> 30, opc = raw >> 22 & 3;
	/* PRFM and the unallocated sizes of sign extension. */
	bool is_allocated = !(size == 3 && opc >= 2) && !(size == 2 && opc == 3);
	bool is_ls64 = !(raw & 1) && (raw >> 3 & 3) != 3;
	static const struct form single[] =
		{
			{0x3f000000, 0x39000000}, /* unsigned immediate */
			{0x3f200c00, 0x38000000}, /* unscaled */
			{0x3f200c00, 0x38000800}, /* unprivileged */
			{0x3f204c00, 0x38204800}, /* register offset */
			{0x3f200c00, 0x19000000}, /* LDAPUR, STLUR */
		},
				 ordered[] =
					 {
						 /* LDAR, STLR, LDLAR, STLLR */
						 {0x3fbf7c00, 0x089f7c00},
						 {0x3ffffc00, 0x38bfc000}, /* LDAPR */
					 },
				 ls64[] = {
					 {0xfffffc00, 0xf83fd000}, /* LD64B */
					 {0xfffffc00, 0xf83f9000}, /* ST64B */
					 {0xffe0fc00, 0xf820b000}, /* ST64BV */
					 {0xffe0fc00, 0xf820a000}, /* ST64BV0 */
				 };

	if (is_one_of(single, ARRAY_SIZE(single), raw))
		return is_allocated;
	if (is_one_of(ls64, ARRAY_SIZE(ls64), raw))
		return is_ls64;
	return is_one_of(ordered, ARRAY_SIZE(ordered), raw) ||
	       ((raw & 0x3f000000) == 0x18000000 && size != 3); /* LDR (literal) */
}

/* The same for A32: LDR, LDRB, LDRH, LDRSB, LDRSH, STR, STRB, STRH without writeback, LDA, STL; no
 * R15 as register. LDRT and kin always write back. */
static bool rule_says_isv_a32(uint32_t raw)
{
	uint32_t rt = raw >> 12 & 15, rm = raw & 15;
	static const struct form register_word[] = {{0x0f200010, 0x07000000}};
	static const struct form immediate_word[] = {{0x0f200000, 0x05000000}};
	static const struct form immediate_half[] = {
		{0x0f7000f0, 0x014000b0},
		{0x0f7000f0, 0x015000b0},
		{0x0f7000d0, 0x015000d0},
	};
	static const struct form register_half[] = {
		{0x0f700ff0, 0x010000b0},
		{0x0f700ff0, 0x011000b0},
		{0x0f700fd0, 0x011000d0},
	};
	static const struct form load[] = {
		{0x0ff00fff, 0x01900c9f}, {0x0ff00fff, 0x01d00c9f}, {0x0ff00fff, 0x01f00c9f}};
	static const struct form store[] = {
		{0x0ff0fff0, 0x0180fc90}, {0x0ff0fff0, 0x01c0fc90}, {0x0ff0fff0, 0x01e0fc90}};

	if (raw >> 28 == 15)
		return false;
	if (is_one_of(store, ARRAY_SIZE(store), raw))
		return rm != 15 && (raw >> 16 & 15) != 15;
	if (rt == 15)
		return false;
	if (is_one_of(load, ARRAY_SIZE(load), raw))
		return (raw >> 16 & 15) != 15;
	return is_one_of(immediate_word, 1, raw) ||
	       is_one_of(immediate_half, ARRAY_SIZE(immediate_half), raw) ||
	       (rm != 15 && (is_one_of(register_word, 1, raw) ||
			     is_one_of(register_half, ARRAY_SIZE(register_half), raw)));
}

static struct insn classify_word(enum insn_isa isa, uint32_t raw)
{
	const uint8_t bytes[] = {(uint8_t)raw, (uint8_t)(raw >> 8), (uint8_t)(raw >> 16),
				 (uint8_t)(raw >> 24)};

	return insn_classify(isa, bytes, sizeof(bytes));
}

static void random_words_agree_with_the_rule(void **state)
{
	uint64_t seed = 1;
	size_t a64 = 0, a32 = 0;

	(void)state;
	for (int i = 0; i < 400000; i++) {
		uint32_t raw = unit_random(&seed);
		struct insn insn;

		if (i & 1) /* loads and stores */
			raw = (raw | 0x08000000) & ~0x02000000U;
		if (i % 8 == 3) /* of one general register */
			raw = (raw | 0x30000000) & ~0x04000000U;
		if (i % 8 == 5) /* atomic operations, among them LDAPR and LD64B */
			raw = (raw & 0xc0e0ffff) | 0x38200000 | (i & 16 ? 0x1f0000 : 0);
		if (i % 8 == 7) /* ordered */
			raw = (raw & 0xc040ffff) | 0x089f7c00;
		insn = classify_word(ISA_A64, raw);
		if (insn.isv_possible != rule_says_isv_a64(raw))
			fail_msg("0x%08x: class %s", raw, insn_class_name(insn.class));
		a64 += insn.isv_possible;

		if (i % 4 == 1) /* "extra" loads and stores, ordered ones */
			raw = (raw & 0xf1ffffff) | 0x90;
		if (i % 8 == 1)
			raw = (raw & 0xf07ff000) | 0x01800c9f;
		insn = classify_word(ISA_A32, raw);
		if (insn.isv_possible != rule_says_isv_a32(raw))
			fail_msg("A32 0x%08x: class %s", raw, insn_class_name(insn.class));
		a32 += insn.isv_possible;
	}
	/* The sample is broad enough to mean something. */
	assert_true(a64 > 20000);
	assert_true(a32 > 20000);
}

/* Any bytes, of any set and length: no read beyond them, no crash, and no contradiction. */
static void random_bytes_are_harmless(void **state)
{
	uint64_t seed = 2;

	(void)state;
	for (int i = 0; i < 40000; i++) {
		enum insn_isa isa = unit_random(&seed) % _ISA_MAX;
		size_t len = unit_random(&seed) % 17;
		struct insn_registers registers = insn_case_registers(isa);
		uint8_t *bytes = malloc(len ? len : 1);
		struct insn insn;
		uint64_t address = 0;

		for (size_t j = 0; j < len; j++)
			bytes[j] = (uint8_t)unit_random(&seed);
		insn = insn_decode(isa, bytes, len, unit_random(&seed));
		assert_true(insn.n_bytes <= len);
		assert_true(!insn.length || insn.n_bytes <= insn.length);
		assert_true(memchr(insn.text, 0, sizeof(insn.text)) != NULL);
		assert_int_equal(insn.text[0] != 0, len != 0);
		assert_true(insn.base_reg >= -1 && insn.base_reg <= 31);
		assert_in_range(insn.class, 0, _INSN_CLASS_MAX - 1);
		if (insn.class == INSN_UNKNOWN)
			assert_true(!insn.n_addresses && !insn.is_load && !insn.is_store &&
				    !insn.isv_possible);
		for (unsigned int j = 0; j < insn.n_addresses; j++) {
			assert_true(insn_address(&insn, j, &registers, &address));
			assert_int_not_equal(insn_agrees(&insn, &registers, address),
					     INSN_DISAGREES);
		}
		free(bytes);
	}
}

static void unknown_bytes_are_shown_not_guessed(void **state)
{
	static const uint8_t zeroes[4];
	static const struct {
		enum insn_isa isa;
		const char *bytes, *text;
	} cases[] = {
		{ISA_A64, "00000000", ".word 0x00000000"},
		{ISA_A32, "000090fc", ".word 0xfc900000"},
		{ISA_T32, "00b7", ".short 0xb700"},
		{ISA_T32, "f0f80010", ".inst.w 0xf8f01000"},
		{ISA_T32, "50f8", ".byte 0x50, 0xf8"},
		{ISA_A64, "0100", ".byte 0x01, 0x00"},
		{ISA_A32, "01", ".byte 0x01"},
		{ISA_T32, "01", ".byte 0x01"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len;
		uint8_t *bytes = insn_case_bytes(cases[i].bytes, &len);
		struct insn insn = insn_decode(cases[i].isa, bytes, len, 0);

		assert_int_equal(insn.class, INSN_UNKNOWN);
		assert_string_equal(insn.text, cases[i].text);
		free(bytes);
	}
	for (int isa = 0; isa < _ISA_MAX; isa++)
		assert_string_equal(insn_decode(isa, zeroes, 0, 0).text, "");
}

static void text_comes_from_describing(void **state)
{
	static const uint8_t post_index[] = {0x01, 0x44, 0x40, 0xb8};
	static const uint8_t literal[] = {0x20, 0x00, 0x00, 0x18};
	struct insn insn = insn_classify(ISA_A64, post_index, sizeof(post_index));

	(void)state;
	assert_string_equal(insn.text, "");
	insn_describe(&insn, 0);
	assert_string_equal(insn.text, "ldr w1, [x0], #4");
	/* What is relative to the PC is shown as an address. */
	insn = insn_decode(ISA_A64, literal, sizeof(literal), 0x40000000);
	assert_string_equal(insn.text, "ldr w0, #0x40000004");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_class_says_why),
		cmocka_unit_test(every_class_has_a_name_of_its_own),
		cmocka_unit_test(random_words_agree_with_the_rule),
		cmocka_unit_test(random_bytes_are_harmless),
		cmocka_unit_test(unknown_bytes_are_shown_not_guessed),
		cmocka_unit_test(text_comes_from_describing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
