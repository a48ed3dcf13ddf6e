/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Does the faulting address agree with the instruction and the registers? */

#include "daemon/core/insn_address.h"
#include "tests/unit/insn_case.h"

static struct insn decode(enum insn_isa isa, const char *hex)
{
	size_t len;
	uint8_t *bytes = insn_case_bytes(hex, &len);
	struct insn insn = insn_classify(isa, bytes, len);

	free(bytes);
	return insn;
}

static void each_byte_of_the_access_agrees(void **state)
{
	/* Where the access begins, relative to X0, and how long it is. */
	static const struct {
		const char *what, *bytes;
		int64_t start;
		uint64_t size;
	} cases[] = {
		{"ldr w1, [x0], #4", "014440b8", 0, 4},
		{"ldr x1, [x0, #-8]!", "018c5ff8", -8, 8},
		{"ldp x1, x2, [x0, #16]", "010841a9", 16, 16},
		{"ldp q0, q1, [x0, #-1024]", "000460ad", -1024, 32},
		{"st4 {v0.8b-v3.8b}, [x0]", "0000000c", 0, 32},
		{"ldxp x1, x2, [x0]", "01087fc8", 0, 16},
		{"ld64b x0, [x0]", "00d03ff8", 0, 64},
		/* A tag belongs to 16 bytes, whichever of them is named; X0 ends in zeroes. */
		{"ldg x1, [x0]", "010060d9", 0, 16},
		{"stzgm x1, [x0]", "010020d9", 0, 2048},
		/* FAR has the register's value, not the block's first byte. */
		{"dc zva, x0", "20740bd5", 0, 1},
		{"dc civac, x0", "207e0bd5", 0, 1},
		/* At most 256 bytes of each vector. */
		{"ld1b {z0.b}, p0/z, [x0]", "00a000a4", 0, 256},
		{"st4d {z0.d-z3.d}, p0, [x0]", "00e0f0e5", 0, 1024},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct insn_registers registers = insn_case_registers(ISA_A64);
		uint64_t first = registers.gpr[0] + (uint64_t)cases[i].start;
		uint64_t last = first + cases[i].size - 1;
		struct insn insn = decode(ISA_A64, cases[i].bytes);

		if (insn_agrees(&insn, &registers, first) != INSN_AGREES ||
		    insn_agrees(&insn, &registers, last) != INSN_AGREES ||
		    insn_agrees(&insn, &registers, first - 1) != INSN_DISAGREES ||
		    insn_agrees(&insn, &registers, last + 1) != INSN_DISAGREES)
			fail_msg("%s", cases[i].what);
	}
}

static void tags_are_not_compared(void **state)
{
	struct insn_registers registers = insn_case_registers(ISA_A64);
	struct insn insn = decode(ISA_A64, "014440b8"); /* ldr w1, [x0], #4 */

	(void)state;
	registers.gpr[0] = 0x5affffff80001000;
	assert_int_equal(insn_agrees(&insn, &registers, 0x5affffff80001000), INSN_AGREES);
	assert_int_equal(insn_agrees(&insn, &registers, 0xffffffff80001000), INSN_AGREES);
	assert_int_equal(insn_agrees(&insn, &registers, 0xff7fffff80001000), INSN_DISAGREES);
	/* The last bytes of the address space, and the first ones. */
	registers.gpr[0] = 0xfffffffffffffffe;
	assert_int_equal(insn_agrees(&insn, &registers, 0xffffffffffffffff), INSN_AGREES);
	assert_int_equal(insn_agrees(&insn, &registers, 1), INSN_AGREES);
	assert_int_equal(insn_agrees(&insn, &registers, 2), INSN_DISAGREES);
}

static void aarch32_has_32_bits(void **state)
{
	struct insn_registers registers = insn_case_registers(ISA_A32);
	struct insn insn = decode(ISA_A32, "07000de9"); /* stmdb sp, {r0-r2} */

	(void)state;
	registers.gpr[13] = 8;
	assert_int_equal(insn_agrees(&insn, &registers, 0xfffffffc), INSN_AGREES);
	assert_int_equal(insn_agrees(&insn, &registers, 7), INSN_AGREES);
	assert_int_equal(insn_agrees(&insn, &registers, 8), INSN_DISAGREES);
	assert_int_equal(insn_agrees(&insn, &registers, 0xfffffffb), INSN_DISAGREES);
}

/* X2 counts what is left, up or down, from either end. */
static void copies_reach_as_far_as_their_count(void **state)
{
	struct insn_registers registers = insn_case_registers(ISA_A64);
	struct insn insn = decode(ISA_A64, "4004411d"); /* cpym [x0]!, [x1]!, x2! */
	uint64_t to = registers.gpr[0], from = registers.gpr[1];

	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		registers.gpr[2] = (uint64_t)(sign * 100);
		assert_int_equal(insn_agrees(&insn, &registers, to + 99), INSN_AGREES);
		assert_int_equal(insn_agrees(&insn, &registers, to - 100), INSN_AGREES);
		assert_int_equal(insn_agrees(&insn, &registers, from), INSN_AGREES);
		assert_int_equal(insn_agrees(&insn, &registers, to + 100), INSN_DISAGREES);
		assert_int_equal(insn_agrees(&insn, &registers, from - 101), INSN_DISAGREES);
	}
	registers.gpr[2] = 0;
	assert_int_equal(insn_agrees(&insn, &registers, to + 1), INSN_CANNOT_TELL);
}

static void what_the_registers_do_not_tell_is_not_told(void **state)
{
	struct insn_registers registers = insn_case_registers(ISA_A64);
	static const struct {
		enum insn_isa isa;
		const char *what, *bytes;
	} cases[] = {
		{ISA_A64, "nop", "1f2003d5"},
		{ISA_A64, "udf #0", "00000000"},
		{ISA_A64, "ldraa x1, [x0, #8]!", "011c20f8"},
		{ISA_A64, "ld1d {z0.d}, p0/z, [z1.d]", "20c0a0c5"},
		{ISA_A64, "ldr z0, [x0, #1, mul vl]", "00448085"},
		{ISA_A32, "ldr r1, [r0, r9, rrx]", "691090e7"},
		{ISA_A32, "srsdb sp!, #19", "13056df9"},
		{ISA_X86_64, "mov %fs:(%rdi), %eax", "648b07"},
		{ISA_X86_64, "fxsave (%rdi)", "0fae07"}, /* its size */
		{ISA_X86_64, "bt %eax, (%rdi)", "0fa307"},
		{ISA_X86_64, "vpgatherdd %ymm0, (%rdi, %ymm1, 4), %ymm2", "c4e27d90148f"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct insn insn = decode(cases[i].isa, cases[i].bytes);

		if (insn_agrees(&insn, &registers, 0x1234) != INSN_CANNOT_TELL)
			fail_msg("%s", cases[i].what);
	}
}

static void without_sp_nothing_is_told(void **state)
{
	struct insn_registers registers = insn_case_registers(ISA_A64);
	struct insn insn = decode(ISA_A64, "fe0b00f9"); /* str x30, [sp, #16] */
	uint64_t address = 1;

	(void)state;
	assert_true(insn_address(&insn, 0, &registers, &address));
	assert_int_equal(address, registers.sp + 16);
	registers.has_sp = false;
	address = 1;
	assert_false(insn_address(&insn, 0, &registers, &address));
	assert_int_equal(address, 1);
	assert_int_equal(insn_agrees(&insn, &registers, registers.sp + 16), INSN_CANNOT_TELL);
}

static void x86_compares_all_bits(void **state)
{
	struct insn_registers registers = insn_case_registers(ISA_X86_64);
	struct insn insn = decode(ISA_X86_64, "660fef07"); /* pxor (%rdi), %xmm0 */

	(void)state;
	assert_int_equal(insn_agrees(&insn, &registers, registers.gpr[7] + 15), INSN_AGREES);
	assert_int_equal(insn_agrees(&insn, &registers, registers.gpr[7] + 16), INSN_DISAGREES);
	assert_int_equal(insn_agrees(&insn, &registers, registers.gpr[7] | 1ULL << 63),
			 INSN_DISAGREES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_byte_of_the_access_agrees),
		cmocka_unit_test(tags_are_not_compared),
		cmocka_unit_test(aarch32_has_32_bits),
		cmocka_unit_test(copies_reach_as_far_as_their_count),
		cmocka_unit_test(what_the_registers_do_not_tell_is_not_told),
		cmocka_unit_test(without_sp_nothing_is_told),
		cmocka_unit_test(x86_compares_all_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
