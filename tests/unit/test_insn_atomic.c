/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/insn_atomic.h"
#include "tests/unit/unit.h"

/* Words and texts as GNU as and objdump have them. */
static void each_form_has_its_text(void **state)
{
	static const struct {
		uint32_t raw;
		const char *text;
	} forms[] = {
		{0xb8210002, "ldadd w1, w2, [x0]"},
		{0xf8e103e2, "ldaddal x1, x2, [sp]"},
		{0x38a310a4, "ldclrab w3, w4, [x5]"},
		{0xb821001f, "stadd w1, [x0]"},
		{0x7867611f, "stumaxlh w7, [x8]"},
		{0xf8a9715f, "ldumina x9, xzr, [x10]"},
		{0xb8218062, "swp w1, w2, [x3]"},
		{0x38e18062, "swpalb w1, w2, [x3]"},
		{0x88a17c02, "cas w1, w2, [x0]"},
		{0x48e1fc02, "casalh w1, w2, [x0]"},
		{0xc8e17fc2, "casa x1, x2, [x30]"},
		{0x08227cc4, "casp w2, w3, w4, w5, [x6]"},
		{0x4862ffe4, "caspal x2, x3, x4, x5, [sp]"},
		{0xf8a13062, "ldseta x1, x2, [x3]"},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		assert_true(insn_atomic_text(forms[i].raw, text, sizeof(text)));
		assert_string_equal(text, forms[i].text);
	}
}

static void others_are_refused(void **state)
{
	/* ldp, ldr post-indexed, ldxr, stlr, ldapr, casp with an odd register */
	static const uint32_t words[] = {0xa9400801, 0xb8404401, 0x885f7c01,
					 0x889ffc01, 0xb8bfc001, 0x08237cc4};
	char text[64] = "untouched";

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		assert_false(insn_atomic_text(words[i], text, sizeof(text)));
		assert_string_equal(text, "untouched");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_has_its_text),
		cmocka_unit_test(others_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
