/* SPDX-License-Identifier: GPL-2.0-or-later */

/* x86: class, direction, size, base and address, and whether KVM's emulator knows it. */

#include "daemon/core/insn.h"
#include "tests/unit/insn_case.h"

static const struct {
	int bits;
	struct insn_case insn;
	bool is_emulated;
} cases[] = {
	{64, {"mov (%rdi),%eax", "8b07", INSN_X86_PLAIN, LOAD, 4, 7, 0x80000701c0}, true},
	{64, {"mov %eax,8(%rdi)", "894708", INSN_X86_PLAIN, STORE, 4, 7, 0x80000701c8}, true},
	{64, {"movb $1,4(%rdi)", "c6470401", INSN_X86_PLAIN, STORE, 1, 7, 0x80000701c4}, true},
	{64,
	 {"mov 0x10(%rbx,%rcx,4),%rax", "488b448b10", INSN_X86_PLAIN, LOAD, 8, 3, 0xc0000701d0},
	 true},
	{64,
	 {"mov 0x10(,%r9,8),%eax", "428b04cd10000000", INSN_X86_PLAIN, LOAD, 4, -1, 0x50000481210},
	 true},
	{64,
	 {"mov 0x10(%rip),%eax", "8b0510000000", INSN_X86_PLAIN, LOAD, 4, -1, 0x40080016},
	 true},
	{64, {"mov (%edi),%eax", "678b07", INSN_X86_PLAIN, LOAD, 4, 7, 0x701c0}, true},
	{64, {"mov %fs:(%rdi),%eax", "648b07", INSN_X86_PLAIN, LOAD, 4, 7, NO_ADDRESS}, true},
	{32, {"mov %gs:(%edi),%eax", "658b07", INSN_X86_PLAIN, LOAD, 4, 7, NO_ADDRESS}, true},
	{64, {"mov -8(%rsp),%eax", "8b4424f8", INSN_X86_PLAIN, LOAD, 4, 4, 0x50000400f8}, true},
	{64, {"movzbl (%rdi),%eax", "0fb607", INSN_X86_PLAIN, LOAD, 1, 7, 0x80000701c0}, true},
	{64, {"movsbl (%rdi),%eax", "0fbe07", INSN_X86_PLAIN, LOAD, 1, 7, 0x80000701c0}, true},
	{64, {"movslq (%rdi),%rax", "486307", INSN_X86_PLAIN, LOAD, 4, 7, 0x80000701c0}, true},
	{64, {"cmp %eax,(%rdi)", "3907", INSN_X86_PLAIN, LOAD, 4, 7, 0x80000701c0}, true},
	{64, {"test %eax,(%rdi)", "8507", INSN_X86_PLAIN, LOAD, 4, 7, 0x80000701c0}, true},
	{64, {"add (%rdi),%eax", "0307", INSN_X86_PLAIN, LOAD, 4, 7, 0x80000701c0}, true},
	{64, {"mull (%rdi)", "f727", INSN_X86_PLAIN, LOAD, 4, 7, 0x80000701c0}, true},
	{64, {"imul (%rdi),%eax", "0faf07", INSN_X86_PLAIN, LOAD, 4, 7, 0x80000701c0}, true},
	{64, {"cmove (%rdi),%eax", "0f4407", INSN_X86_PLAIN, LOAD, 4, 7, 0x80000701c0}, true},
	{64, {"setne (%rdi)", "0f9507", INSN_X86_PLAIN, STORE, 1, 7, 0x80000701c0}, true},
	{64, {"movnti %eax,(%rdi)", "0fc307", INSN_X86_PLAIN, STORE, 4, 7, 0x80000701c0}, true},
	{64, {"movbe (%rdi),%eax", "0f38f007", INSN_X86_PLAIN, LOAD, 4, 7, 0x80000701c0}, true},
	{64, {"movbe %eax,(%rdi)", "0f38f107", INSN_X86_PLAIN, STORE, 4, 7, 0x80000701c0}, true},
	{64, {"popcnt (%rdi),%eax", "f30fb807", INSN_X86_PLAIN, LOAD, 4, 7, 0x80000701c0}, false},
	{64, {"crc32b (%rdi),%eax", "f20f38f007", INSN_X86_PLAIN, LOAD, 1, 7, 0x80000701c0}, false},
	{64, {"lea 8(%rdi),%rax", "488d4708", INSN_X86_PLAIN, NONE, 0, -1, NO_ADDRESS}, true},
	{64, {"nopl (%rdi)", "0f1f07", INSN_X86_PLAIN, NONE, 0, -1, NO_ADDRESS}, true},
	{64, {"bt %eax,(%rdi)", "0fa307", INSN_X86_PLAIN, LOAD, 4, 7, NO_ADDRESS}, true},
	{64, {"btl $3,(%rdi)", "0fba2703", INSN_X86_PLAIN, LOAD, 4, 7, 0x80000701c0}, true},
	{64, {"push %rax", "50", INSN_X86_PLAIN, STORE, 8, 4, 0x50000400f8}, true},
	{64, {"pop %rax", "58", INSN_X86_PLAIN, LOAD, 8, 4, 0x5000040100}, true},
	{64, {"ret", "c3", INSN_X86_PLAIN, LOAD, 8, 4, 0x5000040100}, true},
	{64, {"call .", "e8fbffffff", INSN_X86_PLAIN, STORE, 8, 4, 0x50000400f8}, true},
	{64, {"push (%rdi)", "ff37", INSN_X86_PLAIN, BOTH, 8, 7, 0x80000701c0}, true},
	{32, {"push %eax", "50", INSN_X86_PLAIN, STORE, 4, 4, 0x400fc}, true},
	{64, {"jmp *(%rdi)", "ff27", INSN_X86_PLAIN, LOAD, 8, 7, 0x80000701c0}, true},
	{16, {"mov (%bx,%si),%ax", "8b00", INSN_X86_PLAIN, LOAD, 2, 3, 0x240}, true},
	{16, {"mov 0x10(%bp),%eax", "668b4610", INSN_X86_PLAIN, LOAD, 4, 5, 0x150}, true},
	{16, {"mov (%edi),%ax", "678b07", INSN_X86_PLAIN, LOAD, 2, 7, 0x701c0}, true},
	{32, {"mov (%edi),%eax", "8b07", INSN_X86_PLAIN, LOAD, 4, 7, 0x701c0}, true},
	{32, {"mov 0x1234,%eax", "a134120000", INSN_X86_PLAIN, LOAD, 4, -1, 0x1234}, true},
	{64, {"add %eax,(%rdi)", "0107", INSN_X86_RMW, BOTH, 4, 7, 0x80000701c0}, true},
	{64, {"lock addl $1,(%rdi)", "f0830701", INSN_X86_RMW, BOTH, 4, 7, 0x80000701c0}, true},
	{64, {"xchg %eax,(%rdi)", "8707", INSN_X86_RMW, BOTH, 4, 7, 0x80000701c0}, true},
	{64,
	 {"lock cmpxchg %ecx,(%rdi)", "f00fb10f", INSN_X86_RMW, BOTH, 4, 7, 0x80000701c0},
	 true},
	{64,
	 {"lock cmpxchg16b (%rdi)", "f0480fc70f", INSN_X86_RMW, BOTH, 16, 7, 0x80000701c0},
	 true},
	{32, {"cmpxchg8b (%edi)", "0fc70f", INSN_X86_RMW, BOTH, 8, 7, 0x701c0}, true},
	{64, {"xadd %eax,(%rdi)", "0fc107", INSN_X86_RMW, BOTH, 4, 7, 0x80000701c0}, true},
	{64, {"incl (%rdi)", "ff07", INSN_X86_RMW, BOTH, 4, 7, 0x80000701c0}, true},
	{64, {"shll (%rdi)", "d127", INSN_X86_RMW, BOTH, 4, 7, 0x80000701c0}, true},
	{64, {"btsl $3,(%rdi)", "0fba2f03", INSN_X86_RMW, BOTH, 4, 7, 0x80000701c0}, true},
	{64, {"rep movsb", "f3a4", INSN_X86_STRING, BOTH, 1, 7, 0x80000701c0}, true},
	{64, {"rep stosl", "f3ab", INSN_X86_STRING, STORE, 4, 7, 0x80000701c0}, true},
	{64, {"lodsb", "ac", INSN_X86_STRING, LOAD, 1, 6, 0x7000060180}, true},
	{64, {"scasb", "ae", INSN_X86_STRING, LOAD, 1, 7, 0x80000701c0}, true},
	{64, {"cmpsw", "66a7", INSN_X86_STRING, LOAD, 2, 6, 0x7000060180}, true},
	{64, {"insb", "6c", INSN_X86_STRING, STORE, 1, 7, 0x80000701c0}, true},
	{64, {"outsb", "6e", INSN_X86_STRING, LOAD, 1, 6, 0x7000060180}, true},
	{64, {"movq (%rdi),%mm0", "0f6f07", INSN_X86_MMX, LOAD, 8, 7, 0x80000701c0}, true},
	{64, {"movq %mm0,(%rdi)", "0f7f07", INSN_X86_MMX, STORE, 8, 7, 0x80000701c0}, true},
	{64, {"movntq %mm0,(%rdi)", "0fe707", INSN_X86_MMX, STORE, 8, 7, 0x80000701c0}, false},
	{64, {"paddd (%rdi),%mm0", "0ffe07", INSN_X86_MMX, LOAD, 8, 7, 0x80000701c0}, false},
	{64, {"emms", "0f77", INSN_X86_MMX, NONE, 0, -1, NO_ADDRESS}, false},
	{64, {"movups (%rdi),%xmm0", "0f1007", INSN_X86_SSE, LOAD, 16, 7, 0x80000701c0}, true},
	{64, {"movups %xmm0,(%rdi)", "0f1107", INSN_X86_SSE, STORE, 16, 7, 0x80000701c0}, true},
	{64, {"movapd %xmm0,(%rdi)", "660f2907", INSN_X86_SSE, STORE, 16, 7, 0x80000701c0}, true},
	{64, {"movdqa (%rdi),%xmm0", "660f6f07", INSN_X86_SSE, LOAD, 16, 7, 0x80000701c0}, true},
	{64, {"movdqu %xmm0,(%rdi)", "f30f7f07", INSN_X86_SSE, STORE, 16, 7, 0x80000701c0}, true},
	{64, {"movntdq %xmm0,(%rdi)", "660fe707", INSN_X86_SSE, STORE, 16, 7, 0x80000701c0}, true},
	{64, {"movntps %xmm0,(%rdi)", "0f2b07", INSN_X86_SSE, STORE, 16, 7, 0x80000701c0}, true},
	{64, {"movss (%rdi),%xmm0", "f30f1007", INSN_X86_SSE, LOAD, 4, 7, 0x80000701c0}, false},
	{64, {"movss %xmm0,(%rdi)", "f30f1107", INSN_X86_SSE, STORE, 4, 7, 0x80000701c0}, false},
	{64, {"movq %xmm0,(%rdi)", "660fd607", INSN_X86_SSE, STORE, 8, 7, 0x80000701c0}, false},
	{64, {"movd %xmm0,(%rdi)", "660f7e07", INSN_X86_SSE, STORE, 4, 7, 0x80000701c0}, false},
	{64, {"pxor (%rdi),%xmm0", "660fef07", INSN_X86_SSE, LOAD, 16, 7, 0x80000701c0}, false},
	{16, {"pxor (%bx),%xmm0", "660fef07", INSN_X86_SSE, LOAD, 16, 3, 0xc0}, false},
	{16, {"pxor (%edi),%xmm0", "67660fef07", INSN_X86_SSE, LOAD, 16, 7, 0x701c0}, false},
	{64, {"pshufb (%rdi),%xmm0", "660f380007", INSN_X86_SSE, LOAD, 16, 7, 0x80000701c0}, false},
	{64, {"lddqu (%rdi),%xmm0", "f20ff007", INSN_X86_SSE, LOAD, 16, 7, 0x80000701c0}, false},
	{64,
	 {"movntdqa (%rdi),%xmm0", "660f382a07", INSN_X86_SSE, LOAD, 16, 7, 0x80000701c0},
	 false},
	{64,
	 {"pextrd $1,%xmm0,(%rdi)", "660f3a160701", INSN_X86_SSE, STORE, 4, 7, 0x80000701c0},
	 false},
	{64, {"cvtpi2ps (%rdi),%xmm0", "0f2a07", INSN_X86_SSE, LOAD, 8, 7, 0x80000701c0}, false},
	{64, {"vmovdqu (%rdi),%ymm0", "c5fe6f07", INSN_X86_AVX, LOAD, 32, 7, 0x80000701c0}, false},
	{64, {"vmovdqu %ymm0,(%rdi)", "c5fe7f07", INSN_X86_AVX, STORE, 32, 7, 0x80000701c0}, false},
	{64,
	 {"vmovaps %xmm0,0x20(%rsi)", "c5f8294620", INSN_X86_AVX, STORE, 16, 6, 0x70000601a0},
	 false},
	{64,
	 {"vmovdqu32 %zmm0,(%rdi)", "62f17e487f07", INSN_X86_AVX, STORE, 64, 7, 0x80000701c0},
	 false},
	{64,
	 {"vpxor (%rdi),%ymm1,%ymm2", "c5f5ef17", INSN_X86_AVX, LOAD, 32, 7, 0x80000701c0},
	 false},
	{32, {"vmovups (%edi),%xmm0", "c5f81007", INSN_X86_AVX, LOAD, 16, 7, 0x701c0}, false},
	{64, {"vldmxcsr (%rdi)", "c5f8ae17", INSN_X86_AVX, LOAD, 4, 7, 0x80000701c0}, false},
	{64,
	 {"vpscatterdd %zmm1,(%rdi,%zmm2,4){%k1}", "62f27d49a00c97", INSN_X86_AVX, STORE, 4, 7,
	  NO_ADDRESS},
	 false},
	{64,
	 {"vpgatherdd %ymm0,(%rdi,%ymm1,4),%ymm2", "c4e27d90148f", INSN_X86_AVX, LOAD, 4, 7,
	  NO_ADDRESS},
	 false},
	{64,
	 {"vgatherpf0dps (%rdi,%zmm1,4){%k1}", "62f27d49c60c8f", INSN_X86_AVX, NONE, 0, -1,
	  NO_ADDRESS},
	 false},
	{64, {"vzeroupper", "c5f877", INSN_X86_AVX, NONE, 0, -1, NO_ADDRESS}, false},
	{64,
	 {"andn (%rdi),%eax,%ecx", "c4e278f20f", INSN_X86_AVX, LOAD, 4, 7, 0x80000701c0},
	 false},
	{64, {"fldl (%rdi)", "dd07", INSN_X86_X87, LOAD, 8, 7, 0x80000701c0}, false},
	{64, {"fstpl (%rdi)", "dd1f", INSN_X86_X87, STORE, 8, 7, 0x80000701c0}, false},
	{64, {"fnstcw (%rdi)", "d93f", INSN_X86_X87, STORE, 2, 7, 0x80000701c0}, true},
	{64, {"fnstsw (%rdi)", "dd3f", INSN_X86_X87, STORE, 2, 7, 0x80000701c0}, true},
	{64, {"fldcw (%rdi)", "d92f", INSN_X86_X87, LOAD, 2, 7, 0x80000701c0}, false},
	{64, {"fildl (%rdi)", "db07", INSN_X86_X87, LOAD, 4, 7, 0x80000701c0}, false},
	{64, {"fistpll (%rdi)", "df3f", INSN_X86_X87, STORE, 8, 7, 0x80000701c0}, false},
	{64, {"fadds (%rdi)", "d807", INSN_X86_X87, LOAD, 4, 7, 0x80000701c0}, false},
	{64, {"fstpt (%rdi)", "db3f", INSN_X86_X87, STORE, 10, 7, 0x80000701c0}, false},
	{64, {"fldenv (%rdi)", "d927", INSN_X86_X87, LOAD, 0, 7, 0x80000701c0}, false},
	{64, {"fninit", "dbe3", INSN_X86_X87, NONE, 0, -1, NO_ADDRESS}, true},
	{64, {"fxsave (%rdi)", "0fae07", INSN_X86_SYSTEM, STORE, 0, 7, 0x80000701c0}, true},
	{64, {"xrstor (%rdi)", "0fae2f", INSN_X86_SYSTEM, LOAD, 0, 7, 0x80000701c0}, false},
	{64, {"ldmxcsr (%rdi)", "0fae17", INSN_X86_SYSTEM, LOAD, 4, 7, 0x80000701c0}, false},
	{64, {"stmxcsr (%rdi)", "0fae1f", INSN_X86_SYSTEM, STORE, 4, 7, 0x80000701c0}, false},
	{64, {"clflush (%rdi)", "0fae3f", INSN_X86_SYSTEM, NONE, 0, -1, NO_ADDRESS}, true},
	{64, {"sgdt (%rdi)", "0f0107", INSN_X86_SYSTEM, STORE, 10, 7, 0x80000701c0}, true},
	{64, {"lgdt (%rdi)", "0f0117", INSN_X86_SYSTEM, LOAD, 10, 7, 0x80000701c0}, true},
	{64, {"invlpg (%rdi)", "0f013f", INSN_X86_SYSTEM, NONE, 0, -1, NO_ADDRESS}, true},
	{64, {"cpuid", "0fa2", INSN_X86_SYSTEM, NONE, 0, -1, NO_ADDRESS}, true},
	{64, {"hlt", "f4", INSN_X86_SYSTEM, NONE, 0, -1, NO_ADDRESS}, true},
	{64, {"out %al,%dx", "ee", INSN_X86_SYSTEM, NONE, 0, -1, NO_ADDRESS}, true},
	{64, {"wrmsr", "0f30", INSN_X86_SYSTEM, NONE, 0, -1, NO_ADDRESS}, true},
	{64, {"vmptrld (%rdi)", "0fc737", INSN_X86_SYSTEM, LOAD, 8, 7, 0x80000701c0}, false},
	{64, {"mfence", "0faef0", INSN_X86_SYSTEM, NONE, 0, -1, NO_ADDRESS}, false},
	{64, {"prefetcht0 (%rdi)", "0f180f", INSN_PREFETCH, NONE, 0, -1, NO_ADDRESS}, true},
	{64, {"prefetchw (%rdi)", "0f0d0f", INSN_PREFETCH, NONE, 0, -1, NO_ADDRESS}, true},
};

static enum insn_isa isa_of(int bits)
{
	return bits == 16 ? ISA_X86_16 : bits == 32 ? ISA_X86_32 : ISA_X86_64;
}

static void each_form_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct insn insn = insn_case_check(isa_of(cases[i].bits), &cases[i].insn);

		if (insn.is_emulated != cases[i].is_emulated)
			fail_msg("%s: emulated or not", cases[i].insn.what);
	}
}

static void text_follows_the_mode(void **state)
{
	static const uint8_t pxor[] = {0x66, 0x0f, 0xef, 0x07};
	static const uint8_t prefixed[] = {0x67, 0x66, 0x0f, 0xef, 0x07, 0xf4};
	static const uint8_t movzx[] = {0x66, 0x0f, 0xb6, 0x07};
	static const uint8_t bad[] = {0x0f, 0x0a, 0xff};
	struct insn insn;

	(void)state;
	insn = insn_decode(ISA_X86_64, pxor, sizeof(pxor), 0x1000);
	assert_string_equal(insn.text, "pxor xmm0, xmmword ptr [rdi]");
	insn = insn_decode(ISA_X86_16, pxor, sizeof(pxor), 0x1000);
	assert_string_equal(insn.text, "pxor xmm0, xmmword ptr [bx]");
	assert_int_equal(insn.length, 4);

	/* With an address size prefix before; and 0x66 as what it is for a plain instruction. */
	insn = insn_decode(ISA_X86_16, prefixed, sizeof(prefixed), 0x1000);
	assert_string_equal(insn.text, "pxor xmm0, xmmword ptr [edi]");
	assert_int_equal(insn.length, 5);
	assert_int_equal(insn.n_bytes, 5);
	insn = insn_decode(ISA_X86_16, movzx, sizeof(movzx), 0x1000);
	assert_string_equal(insn.text, "movzx eax, byte ptr [bx]");

	insn = insn_decode(ISA_X86_32, bad, sizeof(bad), 0);
	assert_int_equal(insn.class, INSN_UNKNOWN);
	assert_int_equal(insn.length, 0);
	assert_string_equal(insn.text, ".byte 0x0f, 0x0a, 0xff");
	insn = insn_decode(ISA_UNKNOWN, pxor, sizeof(pxor), 0);
	assert_int_equal(insn.class, INSN_UNKNOWN);
	assert_string_equal(insn.text, ".byte 0x66, 0x0f, 0xef, 0x07");
	insn = insn_decode(ISA_X86_64, pxor, 0, 0);
	assert_int_equal(insn.class, INSN_UNKNOWN);
	assert_string_equal(insn.text, "");
}

/* A string copy reads one place and writes the other; PUSH from memory, too. */
static void some_have_two_addresses(void **state)
{
	static const uint8_t movs[] = {0xf3, 0xa4}, push[] = {0xff, 0x37};
	struct insn_registers registers = insn_case_registers(ISA_X86_64);
	struct insn insn = insn_classify(ISA_X86_64, movs, sizeof(movs));
	uint64_t address;

	(void)state;
	assert_int_equal(insn.n_addresses, 2);
	assert_true(insn_address(&insn, 1, &registers, &address));
	assert_int_equal(address, registers.gpr[6]);
	insn = insn_classify(ISA_X86_64, push, sizeof(push));
	assert_int_equal(insn.n_addresses, 2);
	assert_true(insn_address(&insn, 1, &registers, &address));
	assert_int_equal(address, registers.gpr[4] - 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_is_told),
		cmocka_unit_test(text_follows_the_mode),
		cmocka_unit_test(some_have_two_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
