/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which registers does an instruction name, and by which name does a reader know them? */

#include "daemon/core/insn_names.h"
#include "tests/unit/insn_case.h"

static void the_registers_of_the_text(void **state)
{
	/* names: in the order of their numbers. Register i holds 0x100 + i. */
	static const struct {
		enum insn_isa isa;
		const char *text, *names;
	} cases[] = {
		{ISA_A64, "ldp x1, x2, [x0]", "x0=100 x1=101 x2=102"},
		{ISA_A64, "cas w1, w30, [x10]", "x1=101 x10=10a x30=11e"},
		{ISA_A64, "str x11, [x1, x1, lsl #3]", "x1=101 x11=10b"},
		{ISA_A64, "stp x29, x30, [sp, #-16]!", "x29=11d x30=11e sp=5000"},
		{ISA_A64, "ldr q0, [x3], #16", "x3=103"},
		{ISA_A64, "str wzr, [x4]", "x4=104"},
		{ISA_A64, "dc zva, x5", "x5=105"},
		{ISA_A64, "", ""},
		{ISA_A64, ".word 0x00000000", ""},
		{ISA_A32, "ldm r0!, {r1, r2, sl, lr}", "r0=100 r1=101 r2=102 sl=10a lr=10e"},
		{ISA_T32, "push {r4, lr}", "r4=104 lr=10e"},
		{ISA_X86_64, "mov eax, dword ptr [rdi + r8*4]", "rax=100 rdi=107 r8=108"},
		{ISA_X86_64, "mov byte ptr [r15 + 0x10], r9b", "r9=109 r15=10f"},
		{ISA_X86_32, "mov dword ptr [ebx], ecx", "rcx=101 rbx=103"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct insn_registers registers = {.sp = 0x5000, .has_sp = true};
		struct insn_named named[INSN_NAMED_MAX];
		struct insn insn = {.isa = cases[i].isa};
		char got[400] = "";
		size_t n;

		for (size_t k = 0; k < ARRAY_SIZE(registers.gpr); k++)
			registers.gpr[k] = 0x100 + k;
		snprintf(insn.text, sizeof(insn.text), "%s", cases[i].text);
		n = insn_named_registers(&insn, &registers, named);
		for (size_t k = 0; k < n; k++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s=%llx",
				 k ? " " : "", named[k].name, (unsigned long long)named[k].value);
		assert_string_equal(got, cases[i].names);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_registers_of_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
