/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Values that a line names, and words that are none. */

#include "daemon/core/regline.h"
#include "tests/unit/unit.h"

static struct named_value values[NAMED_VALUES_MAX];

static size_t parse(const char *line)
{
	return regline_parse(line, strlen(line), values);
}

static void assert_value(size_t i, const char *name, uint64_t value)
{
	assert_string_equal(values[i].name, name);
	assert_int_equal(values[i].value, value);
}

static void test_names_of_all_sorts(void **state)
{
	static const struct sample {
		const char *line, *name;
		uint64_t value;
	} samples[] = {
		{"esr 0x93800007", "esr", 0x93800007},
		{"hsr 0x93800007,", "esr", 0x93800007},
		{"ESR_EL2=0x92000046", "esr", 0x92000046},
		{"ESR_EL2=92000046", "esr", 0x92000046},
		{"  ESR = 0x0000000096000010", "esr", 0x96000010},
		{"esr_el1: 0xffffffff96000010", "esr", 0xffffffff96000010},
		{"far: 0xffff800008001000 level", "far", 0xffff800008001000},
		{"hxfar 0x10", "far", 0x10},
		{"fault_ipa=0x9000fe0", "ipa", 0x9000fe0},
		{"gpa 0x9000fe0", "ipa", 0x9000fe0},
		{"ipa=9000fe0", "ipa", 0x9000fe0},
		{"pc : 0000000040080000", "pc", 0x40080000},
		{"elr: 0000000040200000", "elr", 0x40200000},
		{"PSTATE=600003c5 -ZC- EL1h", "pstate", 0x600003c5},
		{"the instruction 0xa9400801 at", "instruction", 0xa9400801},
		{"insn=0xa9400801", "instruction", 0xa9400801},
		{"X0x 1, x30=0x1", "x30", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		if (parse(samples[i].line) != 1)
			fail_msg("\"%s\"", samples[i].line);
		assert_value(0, samples[i].name, samples[i].value);
	}
}

static void test_dumps(void **state)
{
	(void)state;
	/* QEMU on x86, in 32-bit and in 64-bit code */
	assert_int_equal(parse("ESI=00000000 EDI=d0000000 EBP=00000000 ESP=00006f00"), 4);
	assert_value(1, "edi", 0xd0000000);
	assert_int_equal(parse("EIP=00008000 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0"),
			 2);
	assert_value(0, "eip", 0x8000);
	assert_int_equal(parse("R8 =0000000000000001 R9 =0000000000000002 R10=0000000000000003"),
			 3);
	assert_value(0, "r8", 1);
	assert_int_equal(parse("RIP=ffffffff81000000 RFL=00010246 [---Z-P-] CPL=0"), 2);
	assert_int_equal(parse("ES =0000 00000000 0000ffff 00009300"), 0);
	assert_int_equal(parse("R7 =0000000000000001 R16=0000000000000003 QAX=1 EZX=1"), 0);
	/* QEMU */
	assert_int_equal(parse(" PC=0000000040080000 X00=0000000009000000 X01=0000000000000000"),
			 3);
	assert_value(0, "pc", 0x40080000);
	assert_value(1, "x0", 0x9000000);
	assert_value(2, "x1", 0);
	assert_int_equal(parse("X29=0000000000000000 X30=0000000040080004  SP=0000000047ff0000"),
			 3);
	assert_value(1, "x30", 0x40080004);
	/* Linux */
	assert_int_equal(parse("x29: ffff80000801bb10 x28: 0000000000000000 x27: ffffd4b3c1a3e0a8"),
			 3);
	assert_value(0, "x29", 0xffff80000801bb10);
	/* EDK2 */
	assert_int_equal(parse("  X0 0x0000000009000000   X1 0x0000000000000001   FP 0x2   LR 0x3"),
			 4);
	assert_value(3, "lr", 3);
	assert_int_equal(parse(" ESR 0x96000010          FAR 0x0000000009000000"), 2);
	/* U-Boot */
	assert_int_equal(parse("x0 : 0000000009000000 x1 : 0000000000000001"), 2);
}

static void test_words_are_no_values(void **state)
{
	static const char *const lines[] = {
		"",
		"far: added",
		"far away",
		"pc : add+0x10/0x20",
		"pc : pl011_read+0x10/0x20",
		"pc : facade00+0x10/0x20",
		"pc deadbeef",
		"pc: beef",
		"the esr",
		"esr=",
		"esr=0x",
		"esr=0x10000000000000000",
		"x31=0x1",
		"x100=0x1",
		"xesr=0x1",
		"0xesr=0x1",
		"esr 0x92zz",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (parse(lines[i]) != 0)
			fail_msg("\"%s\"", lines[i]);
}

static void test_more_values_than_room(void **state)
{
	char line[512] = "";

	(void)state;
	for (int i = 0; i < 30; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "x%d=%d ", i, i);
	assert_int_equal(parse(line), NAMED_VALUES_MAX);
	assert_value(NAMED_VALUES_MAX - 1, "x11", 0x11);
}

static void test_find(void **state)
{
	size_t n = parse("esr=0x1 far=0x2");

	(void)state;
	assert_int_equal(named_value_find(values, n, "far")->value, 2);
	assert_null(named_value_find(values, n, "ipa"));
}

static size_t bare(const char *line)
{
	return regline_bare(line, strlen(line), values);
}

static void test_numbers_alone(void **state)
{
	(void)state;
	assert_int_equal(bare("0x92000045"), 1);
	assert_value(0, "esr", 0x92000045);
	assert_int_equal(bare(" 92000007  10\t0x9000fe0 "), 3);
	assert_value(1, "far", 0x10);
	assert_value(2, "ipa", 0x9000fe0);
	assert_int_equal(bare(""), 0);
	assert_int_equal(bare("1 2 3 4"), 0);
	assert_int_equal(bare("1,2"), 0);
	assert_int_equal(bare("1 x"), 0);
	assert_int_equal(bare("-1"), 0);
	assert_int_equal(bare("0x"), 0);
	assert_int_equal(bare("12345678901234567"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_all_sorts),
		cmocka_unit_test(test_dumps),
		cmocka_unit_test(test_words_are_no_values),
		cmocka_unit_test(test_more_values_than_room),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_numbers_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
