/* SPDX-License-Identifier: GPL-2.0-or-later */

/* T32: class, direction, size, base and address of each form. */

#include "daemon/core/insn.h"
#include "tests/unit/insn_case.h"

static const struct insn_case cases[] = {
	{"ldr r1, [r0, #124]", "c16f", INSN_SINGLE, LOAD, 4, 0, 0x100007c},
	{"str r1, [r0]", "0160", INSN_SINGLE, STORE, 4, 0, 0x1000000},
	{"ldrb r1, [r0, #31]", "c17f", INSN_SINGLE, LOAD, 1, 0, 0x100001f},
	{"strb r1, [r7]", "3970", INSN_SINGLE, STORE, 1, 7, 0x80001c0},
	{"ldrh r1, [r0, #62]", "c18f", INSN_SINGLE, LOAD, 2, 0, 0x100003e},
	{"strh r1, [r0, #2]", "4180", INSN_SINGLE, STORE, 2, 0, 0x1000002},
	{"ldr r1, [r2, r3]", "d158", INSN_SINGLE, LOAD, 4, 2, 0x7000140},
	{"str r1, [r2, r3]", "d150", INSN_SINGLE, STORE, 4, 2, 0x7000140},
	{"strh r1, [r2, r3]", "d152", INSN_SINGLE, STORE, 2, 2, 0x7000140},
	{"strb r1, [r2, r3]", "d154", INSN_SINGLE, STORE, 1, 2, 0x7000140},
	{"ldrsb r1, [r2, r3]", "d156", INSN_SINGLE, LOAD, 1, 2, 0x7000140},
	{"ldrh r1, [r2, r3]", "d15a", INSN_SINGLE, LOAD, 2, 2, 0x7000140},
	{"ldrb r1, [r2, r3]", "d15c", INSN_SINGLE, LOAD, 1, 2, 0x7000140},
	{"ldrsh r1, [r2, r3]", "d15e", INSN_SINGLE, LOAD, 2, 2, 0x7000140},
	{"ldr r1, [sp, #1020]", "ff99", INSN_SINGLE, LOAD, 4, 13, 0xe00073c},
	{"str r7, [sp, #4]", "0197", INSN_SINGLE, STORE, 4, 13, 0xe000344},
	{"ldr.w r9, [r10, #4095]", "daf8ff9f", INSN_SINGLE, LOAD, 4, 10, 0xb00127f},
	{"ldr r1, [r0, #-255]", "50f8ff1c", INSN_SINGLE, LOAD, 4, 0, 0xffff01},
	{"strb r1, [r0, #-1]", "00f8011c", INSN_SINGLE, STORE, 1, 0, 0xffffff},
	{"str.w r1, [r0, #256]", "c0f80011", INSN_SINGLE, STORE, 4, 0, 0x1000100},
	{"ldrh.w r1, [r0, #4094]", "b0f8fe1f", INSN_SINGLE, LOAD, 2, 0, 0x1000ffe},
	{"ldrsb.w r1, [r0, #3]", "90f90310", INSN_SINGLE, LOAD, 1, 0, 0x1000003},
	{"ldrsh r1, [r0, #-3]", "30f9031c", INSN_SINGLE, LOAD, 2, 0, 0xfffffd},
	{"ldr.w r1, [r0, r9, lsl #3]", "50f83910", INSN_SINGLE, LOAD, 4, 0, 0x51001200},
	{"strh.w r1, [r0, r9]", "20f80910", INSN_SINGLE, STORE, 2, 0, 0xb000240},
	{"ldrsb.w r1, [r0, r9, lsl #1]", "10f91910", INSN_SINGLE, LOAD, 1, 0, 0x15000480},
	{"ldr r1, [pc, #16]", "0449", INSN_LITERAL, LOAD, 4, -1, 0x40080014},
	{"ldr.w r1, [pc, #-4]", "5ff80410", INSN_LITERAL, LOAD, 4, -1, 0x40080000},
	{"ldrb.w r1, [pc, #3]", "9ff80310", INSN_LITERAL, LOAD, 1, -1, 0x40080007},
	{"ldrsh.w r1, [pc, #-2]", "3ff90210", INSN_LITERAL, LOAD, 2, -1, 0x40080002},
	{"ldrt r1, [r0]", "50f8001e", INSN_UNPRIVILEGED, LOAD, 4, 0, 0x1000000},
	{"strt r1, [r0, #4]", "40f8041e", INSN_UNPRIVILEGED, STORE, 4, 0, 0x1000004},
	{"ldrbt r1, [r0, #255]", "10f8ff1e", INSN_UNPRIVILEGED, LOAD, 1, 0, 0x10000ff},
	{"strht r1, [r0]", "20f8001e", INSN_UNPRIVILEGED, STORE, 2, 0, 0x1000000},
	{"ldrsht r1, [r0, #2]", "30f9021e", INSN_UNPRIVILEGED, LOAD, 2, 0, 0x1000002},
	{"lda r1, [r0]", "d0e8af1f", INSN_ACQUIRE_RELEASE, LOAD, 4, 0, 0x1000000},
	{"ldab r1, [r0]", "d0e88f1f", INSN_ACQUIRE_RELEASE, LOAD, 1, 0, 0x1000000},
	{"stlh r1, [r0]", "c0e89f1f", INSN_ACQUIRE_RELEASE, STORE, 2, 0, 0x1000000},
	{"stl r1, [sp]", "cde8af1f", INSN_ACQUIRE_RELEASE, STORE, 4, 13, 0xe000340},
	{"ldr r1, [r0, #4]!", "50f8041f", INSN_PRE_INDEX, LOAD, 4, 0, 0x1000004},
	{"strb r1, [r0, #-1]!", "00f8011d", INSN_PRE_INDEX, STORE, 1, 0, 0xffffff},
	{"str lr, [sp, #-4]!", "4df804ed", INSN_PRE_INDEX, STORE, 4, 13, 0xe00033c},
	{"ldr r1, [r0], #4", "50f8041b", INSN_POST_INDEX, LOAD, 4, 0, 0x1000000},
	{"strh r1, [r0], #-2", "20f80219", INSN_POST_INDEX, STORE, 2, 0, 0x1000000},
	{"ldrsb r1, [r0], #1", "10f9011b", INSN_POST_INDEX, LOAD, 1, 0, 0x1000000},
	{"ldrd r2, r3, [r0]", "d0e90023", INSN_PAIR, LOAD, 8, 0, 0x1000000},
	{"ldrd r2, r8, [r0, #-1020]", "50e9ff28", INSN_PAIR, LOAD, 8, 0, 0xfffc04},
	{"strd r2, r3, [r0], #8", "e0e80223", INSN_PAIR, STORE, 8, 0, 0x1000000},
	{"ldrd r2, r3, [r0, #8]!", "f0e90223", INSN_PAIR, LOAD, 8, 0, 0x1000008},
	{"ldrd r2, r3, [pc, #8]", "dfe90223", INSN_PAIR, LOAD, 8, -1, 0x4008000c},
	{"strd sp, r3, [r0]", "c0e900d3", INSN_PAIR, STORE, 8, 0, 0x1000000},
	{"ldm r0!, {r1, r2}", "06c8", INSN_MULTIPLE, LOAD, 8, 0, 0x1000000},
	{"ldm r0, {r0, r2}", "05c8", INSN_MULTIPLE, LOAD, 8, 0, 0x1000000},
	{"stm r0!, {r1-r3}", "0ec0", INSN_MULTIPLE, STORE, 12, 0, 0x1000000},
	{"push {r4, lr}", "10b5", INSN_MULTIPLE, STORE, 8, 13, 0xe000338},
	{"pop {r4, pc}", "10bd", INSN_MULTIPLE, LOAD, 8, 13, 0xe000340},
	{"ldmdb r0, {r1-r3}", "10e90e00", INSN_MULTIPLE, LOAD, 12, 0, 0xfffff4},
	{"stmdb r0!, {r1-r3}", "20e90e00", INSN_MULTIPLE, STORE, 12, 0, 0xfffff4},
	{"ldm.w r9, {r1, r10, r11}", "99e8020c", INSN_MULTIPLE, LOAD, 12, 9, 0xa000240},
	{"push.w {r4-r11, lr}", "2de9f04f", INSN_MULTIPLE, STORE, 36, 13, 0xe00031c},
	{"rfeia r1!", "b1e900c0", INSN_MULTIPLE, LOAD, 8, 1, 0x2000040},
	{"rfedb r1", "11e800c0", INSN_MULTIPLE, LOAD, 8, 1, 0x2000038},
	{"srsia sp!, #19", "ade913c0", INSN_MULTIPLE, STORE, 8, -1, NO_ADDRESS},
	{"ldr pc, [r0]", "d0f800f0", INSN_PC, LOAD, 4, 0, 0x1000000},
	{"ldr pc, [sp], #4", "5df804fb", INSN_PC, LOAD, 4, 13, 0xe000340},
	{"ldr.w pc, [r0, r1, lsl #2]", "50f821f0", INSN_PC, LOAD, 4, 0, 0x9000100},
	{"tbb [r0, r1]", "d0e801f0", INSN_PC, LOAD, 1, 0, 0x3000040},
	{"tbh [r0, r1, lsl #1]", "d0e811f0", INSN_PC, LOAD, 2, 0, 0x5000080},
	{"tbb [pc, r1]", "dfe801f0", INSN_PC, LOAD, 1, -1, 0x42080044},
	{"ldrex r1, [r0, #4]", "50e8011f", INSN_EXCLUSIVE, LOAD, 4, 0, 0x1000004},
	{"strex r2, r1, [r0, #1020]", "40e8ff12", INSN_EXCLUSIVE, STORE, 4, 0, 0x10003fc},
	{"ldrexb r1, [r0]", "d0e84f1f", INSN_EXCLUSIVE, LOAD, 1, 0, 0x1000000},
	{"strexh r2, r1, [r0]", "c0e8521f", INSN_EXCLUSIVE, STORE, 2, 0, 0x1000000},
	{"ldrexd r2, r3, [r0]", "d0e87f23", INSN_EXCLUSIVE, LOAD, 8, 0, 0x1000000},
	{"strexd r1, r2, r3, [r0]", "c0e87123", INSN_EXCLUSIVE, STORE, 8, 0, 0x1000000},
	{"ldaex r1, [r0]", "d0e8ef1f", INSN_EXCLUSIVE, LOAD, 4, 0, 0x1000000},
	{"stlexb r2, r1, [r0]", "c0e8c21f", INSN_EXCLUSIVE, STORE, 1, 0, 0x1000000},
	{"vldr d0, [r0, #1020]", "90edff0b", INSN_SIMD_FP, LOAD, 8, 0, 0x10003fc},
	{"vstr s1, [r0, #-4]", "40ed010a", INSN_SIMD_FP, STORE, 4, 0, 0xfffffc},
	{"vldr d0, [pc, #8]", "9fed020b", INSN_SIMD_FP, LOAD, 8, -1, 0x4008000c},
	{"vldmia r0, {d0-d1}", "90ec040b", INSN_SIMD_FP, LOAD, 16, 0, 0x1000000},
	{"vpush {d8-d9}", "2ded048b", INSN_SIMD_FP, STORE, 16, 13, 0xe000330},
	{"vld1.64 {d0-d3}, [r0]!", "20f9cd02", INSN_SIMD_FP, LOAD, 32, 0, 0x1000000},
	{"vst2.16 {d0-d3}, [r0], r1", "00f94103", INSN_SIMD_FP, STORE, 32, 0, 0x1000000},
	{"vld3.32 {d0, d2, d4}, [r0]", "20f98f05", INSN_SIMD_FP, LOAD, 24, 0, 0x1000000},
	{"vst4.8 {d0[1], d1[1], d2[1], d3[1]}, [r0]", "80f92f03", INSN_SIMD_FP, STORE, 4, 0,
	 0x1000000},
	{"vld1.32 {d0[], d1[]}, [r0]", "a0f9af0c", INSN_SIMD_FP, LOAD, 4, 0, 0x1000000},
	{"ldc p14, c5, [r0, #8]", "90ed025e", INSN_COPROCESSOR, LOAD, 4, 0, 0x1000008},
	{"mcr p15, 0, r1, c7, c10, 1", "07ee3a1f", INSN_CACHE_OP, NONE, 0, 1, 0x2000040},
	{"mcr p15, 0, r2, c7, c11, 1", "07ee3b2f", INSN_CACHE_OP, NONE, 0, 2, 0x3000080},
	{"pld [r0, #4]", "90f804f0", INSN_PREFETCH, NONE, 0, -1, NO_ADDRESS},
	{"pldw [r0, #-4]", "30f804fc", INSN_PREFETCH, NONE, 0, -1, NO_ADDRESS},
	{"pli [r0, r1, lsl #2]", "10f921f0", INSN_PREFETCH, NONE, 0, -1, NO_ADDRESS},
	{"pld [pc, #4]", "9ff804f0", INSN_PREFETCH, NONE, 0, -1, NO_ADDRESS},
	{"adds r0, r1, r2", "8818", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"mov r0, r8", "4046", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"bx lr", "7047", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"b.w .", "00f000b8", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"bl .", "00f000f8", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"movw r0, #1", "40f20100", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"add.w r0, r1, r2", "01eb0200", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"mul r1, r2, r3", "02fb03f1", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"cbz r0, .+8", "10b1", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"it eq", "08bf", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"nop", "00bf", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"dmb ish", "bff35b8f", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"vadd.f32 s0, s1, s2", "30ee810a", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"vadd.i32 q0, q1, q2", "22ef4408", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"vmov d0, r1, r2", "42ec101b", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"svc #0", "00df", INSN_OTHER, NONE, 0, -1, NO_ADDRESS},
	{"udf #0", "00de", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
	{"udf.w #0", "f0f700a0", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
	{"stm of nothing", "00c0", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
	{"push of nothing", "00b4", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
	{"not allocated", "00b7", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
	{"not allocated: neither P nor W", "50f80008", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
	{"ldrbt pc", "10f800fe", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
	{"not allocated: size 11", "f0f80010", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
	{"strb [pc]", "0ff80010", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
	{"not allocated: neither P nor W, byte", "10f80018", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
	{"ldm of one register", "90e80200", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
	{"ldm of lr and pc", "90e800c0", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
	{"not allocated: ldad", "d0e8b011", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
	{"not allocated: table of words", "d0e82000", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
	{"ldrd of one register", "d0e90011", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
	{"not allocated: vld type 1011", "63f9cf0b", INSN_UNKNOWN, NONE, 0, -1, NO_ADDRESS},
};

static void each_form_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct insn insn = insn_case_check(ISA_T32, &cases[i]);

		assert_int_equal(insn.length, strlen(cases[i].bytes) / 2);
	}
}

static void half_an_instruction_is_unknown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len;
		uint8_t *bytes = insn_case_bytes(cases[i].bytes, &len);
		struct insn insn = insn_decode(ISA_T32, bytes, len - 2, 0);

		assert_int_equal(insn.class, INSN_UNKNOWN);
		assert_int_equal(insn.length, len == 4 ? 4 : 0);
		assert_int_equal(insn.n_bytes, len - 2);
		free(bytes);
	}
}

/* Only the first instruction is looked at. */
static void what_follows_does_not_matter(void **state)
{
	static const uint8_t bytes[] = {0x41, 0x68, 0x50, 0xf8}; /* ldr r1, [r0, #4] */
	struct insn insn = insn_decode(ISA_T32, bytes, sizeof(bytes), 0);

	(void)state;
	assert_int_equal(insn.length, 2);
	assert_int_equal(insn.raw, 0x6841);
	assert_string_equal(insn.text, "ldr r1, [r0, #4]");
}

/* The base of a literal is rounded down to a word, that of a table is not. */
static void literals_start_from_a_word(void **state)
{
	static const uint8_t literal[] = {0x04, 0x49};		 /* ldr r1, [pc, #16] */
	static const uint8_t table[] = {0xdf, 0xe8, 0x01, 0xf0}; /* tbb [pc, r1] */
	struct insn_registers registers = insn_case_registers(ISA_T32);
	struct insn insn = insn_classify(ISA_T32, literal, sizeof(literal));
	uint64_t address;

	(void)state;
	registers.pc = 0x1002;
	registers.gpr[1] = 1;
	assert_true(insn_address(&insn, 0, &registers, &address));
	assert_int_equal(address, 0x1014);
	insn = insn_classify(ISA_T32, table, sizeof(table));
	assert_true(insn_address(&insn, 0, &registers, &address));
	assert_int_equal(address, 0x1007);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_is_told),
		cmocka_unit_test(half_an_instruction_is_unknown),
		cmocka_unit_test(what_follows_does_not_matter),
		cmocka_unit_test(literals_start_from_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
