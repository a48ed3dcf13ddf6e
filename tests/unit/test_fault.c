/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Questions to one fault record: which instruction, at which Exception level. */

#include "daemon/core/fault.h"
#include "tests/unit/unit.h"

#define CR0_PE	(1ULL << 0)
#define CR0_PG	(1ULL << 31)
#define CR4_PAE (1ULL << 5)

static struct nisv_rec_fault fault_with(const void *bytes, uint32_t len)
{
	struct nisv_rec_fault fault = {
		.pc = 0x40080000,
		.insn_state = NISV_INSN_OK,
		.insn_len = len,
	};

	memcpy(fault.insn, bytes, len < sizeof(fault.insn) ? len : sizeof(fault.insn));
	return fault;
}

static void test_exception_level(void **state)
{
	/* SPSR_EL2.M: AArch64 EL in bits 3:2, SP choice in bit 0; bit 4 says AArch32. */
	static const struct {
		uint64_t pstate;
		int el;
	} cases[] = {
		{0x00000000, 0}, /* EL0t */
		{0x000003c4, 1}, /* EL1t, interrupts masked */
		{0x600003c5, 1}, /* EL1h, with flags */
		{0x000003c9, 2}, /* EL2h: a nested guest hypervisor */
		{0x00000010, 0}, /* AArch32 User */
		{0x000001d3, 1}, /* AArch32 Supervisor */
		{0x0000001f, 1}, /* AArch32 System */
		{0xffffffff00000010, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct nisv_rec_fault fault = {.pstate = cases[i].pstate};

		assert_int_equal(fault_el(&fault), cases[i].el);
	}
}

static void test_arm64(void **state)
{
	static const uint8_t post_index[] = {0x01, 0x44, 0x40, 0xb8}; /* ldr w1, [x0], #4 */
	struct nisv_rec_fault fault = fault_with(post_index, sizeof(post_index));
	struct insn insn = fault_insn(&fault, "arm64");

	(void)state;
	assert_string_equal(insn.text, "ldr w1, [x0], #4");
	assert_int_equal(insn.class, INSN_POST_INDEX);
	assert_false(insn.isv_possible);
	insn = fault_insn_class(&fault, "arm64");
	assert_int_equal(insn.class, INSN_POST_INDEX);
	assert_string_equal(insn.text, "");
}

/* PSTATE alone tells the instruction set: nRW, T. IL is 1 whenever ISV is 0. */
static void test_instruction_set(void **state)
{
	static const uint8_t load[] = {0x41, 0x68, 0x90, 0xe4};
	struct nisv_rec_fault fault = fault_with(load, sizeof(load));

	(void)state;
	fault.esr = 0x92000006; /* IL */
	assert_int_equal(fault_isa(&fault, "arm64"), ISA_A64);
	fault.pstate = 0x1d3;
	assert_int_equal(fault_isa(&fault, "arm64"), ISA_A32);
	assert_string_equal(fault_insn(&fault, "arm64").text, "ldr r6, [r0], #0x841");
	fault.pstate = 0x1f3;
	assert_int_equal(fault_isa(&fault, "arm64"), ISA_T32);
	assert_string_equal(fault_insn(&fault, "arm64").text, "ldr r1, [r0, #4]");
	assert_int_equal(fault_insn(&fault, "arm64").length, 2);
	assert_int_equal(fault_isa(&fault, "x86_64"), ISA_UNKNOWN);
	fault.sysregs_state = NISV_SYSREGS_CURRENT;
	assert_int_equal(fault_isa(&fault, "x86_64"), ISA_X86_16);
}

/* The X registers that hold R8, R13 and R14 of each mode. */
static void test_aarch32_registers(void **state)
{
	static const struct {
		uint32_t mode;
		int r8, r13, r14;
	} modes[] = {
		{0x10, 8, 13, 14},  /* usr */
		{0x11, 24, 29, 30}, /* fiq */
		{0x12, 8, 17, 16},  /* irq */
		{0x13, 8, 19, 18},  /* svc */
		{0x17, 8, 21, 20},  /* abt */
		{0x1a, 8, 15, 14},  /* hyp */
		{0x1b, 8, 23, 22},  /* und */
		{0x1f, 8, 13, 14},  /* sys */
	};
	struct nisv_rec_fault fault = {.pc = 0x8000};
	struct insn_registers registers;

	(void)state;
	for (size_t i = 0; i < NISV_GPRS; i++)
		fault.gpr[i] = 0xdead000000000000 + i; /* the upper halves are not theirs */
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		fault.pstate = 0x1e0 | modes[i].mode;
		assert_true(fault_registers(&fault, "arm64", &registers));
		for (int r = 0; r < 8; r++)
			assert_int_equal(registers.gpr[r], r);
		for (int r = 8; r < 13; r++)
			assert_int_equal(registers.gpr[r], modes[i].r8 + r - 8);
		assert_int_equal(registers.gpr[13], modes[i].r13);
		assert_int_equal(registers.gpr[14], modes[i].r14);
		assert_int_equal(registers.pc, 0x8000);
		assert_false(registers.has_sp);
	}
	registers.pc = 1;
	fault.pstate = 0x16; /* Monitor: no guest of KVM */
	assert_false(fault_registers(&fault, "arm64", &registers));
	assert_int_equal(registers.pc, 1);
}

static void test_registers(void **state)
{
	struct nisv_rec_fault fault = {
		.pc = 0x8000,
		.sysregs_state = NISV_SYSREGS_CURRENT,
		.sys = {.sp_el0 = 0x100, .sp_el1 = 0x200},
	};
	static const struct {
		uint32_t pstate;
		bool has_sp;
		uint64_t sp;
	} levels[] = {
		{0x3c0, true, 0x100}, /* EL0t */
		{0x3c4, true, 0x100}, /* EL1t */
		{0x3c5, true, 0x200}, /* EL1h */
		{0x3c8, true, 0x100}, /* EL2t */
		{0x3c9, false, 0},    /* EL2h: SP_EL2 is in no record */
	};
	struct insn_registers registers;

	(void)state;
	for (size_t i = 0; i < NISV_GPRS; i++)
		fault.gpr[i] = i + 1;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		fault.pstate = levels[i].pstate;
		assert_true(fault_registers(&fault, "arm64", &registers));
		assert_int_equal(registers.has_sp, levels[i].has_sp);
		assert_int_equal(registers.sp, levels[i].sp);
		assert_int_equal(registers.gpr[30], 31);
	}
	fault.pstate = 0x3c5;
	fault.sysregs_state = NISV_SYSREGS_STALE;
	assert_true(fault_registers(&fault, "arm64", &registers));
	assert_false(registers.has_sp);

	assert_true(fault_registers(&fault, "x86_64", &registers));
	assert_int_equal(registers.gpr[15], 16);
	assert_int_equal(registers.gpr[16], 0); /* there are sixteen */
	assert_int_equal(registers.pc, 0x8000);
}

static void test_x86_operand_size(void **state)
{
	/* 8b 07: what is loaded, and from where, depends on the mode. */
	static const uint8_t load[] = {0x8b, 0x07};
	struct nisv_rec_fault fault = fault_with(load, sizeof(load));

	(void)state;
	/* The mode is not known, so neither is the instruction. */
	assert_int_equal(fault_x86_bits(&fault), 0);
	assert_string_equal(fault_insn(&fault, "x86_64").text, ".byte 0x8b, 0x07");
	fault.sysregs_state = NISV_SYSREGS_CURRENT;
	assert_int_equal(fault_x86_bits(&fault), 16);
	assert_string_equal(fault_insn(&fault, "x86_64").text, "mov ax, word ptr [bx]");
	fault.sys.sctlr = CR0_PE;
	assert_string_equal(fault_insn(&fault, "x86_64").text, "mov eax, dword ptr [edi]");
	fault.sys.sctlr = CR0_PE | CR0_PG;
	assert_string_equal(fault_insn(&fault, "x86_64").text, "mov eax, dword ptr [edi]");
	fault.sys.tcr = CR4_PAE;
	assert_string_equal(fault_insn(&fault, "x86_64").text, "mov eax, dword ptr [rdi]");
	assert_int_equal(fault_x86_bits(&fault), 64);
	/* PAE alone, before paging is on, is 32-bit still; and PG without PE is no mode at all. */
	fault.sys.sctlr = CR0_PE;
	assert_string_equal(fault_insn(&fault, "x86_64").text, "mov eax, dword ptr [edi]");
	fault.sys.sctlr = CR0_PG;
	assert_string_equal(fault_insn(&fault, "x86_64").text, "mov ax, word ptr [bx]");
}

/* The mode that the emulator was in tells more than the control registers. */
static void test_x86_code_mode(void **state)
{
	static const int bits[_NISV_CODE_MAX] = {
		[NISV_CODE_UNKNOWN] = 64, [NISV_CODE_REAL] = 16, [NISV_CODE_VM86] = 16,
		[NISV_CODE_16] = 16,	  [NISV_CODE_32] = 32,	 [NISV_CODE_64] = 64,
	};
	struct nisv_rec_fault fault = {
		.sysregs_state = NISV_SYSREGS_CURRENT,
		.sys = {.sctlr = CR0_PE | CR0_PG, .tcr = CR4_PAE},
	};

	(void)state;
	for (uint32_t mode = 0; mode < _NISV_CODE_MAX; mode++) {
		fault.code_mode = mode;
		assert_int_equal(fault_x86_bits(&fault), bits[mode]);
	}
	fault.code_mode = UINT32_MAX;
	assert_int_equal(fault_x86_bits(&fault), 64);
	fault.sysregs_state = NISV_SYSREGS_NONE;
	assert_int_equal(fault_x86_bits(&fault), 0);
	fault.code_mode = NISV_CODE_32;
	assert_int_equal(fault_x86_bits(&fault), 32);
}

static void test_side(void **state)
{
	struct nisv_rec_fault fault = {.pstate = 0x3c5, .pc = 0x400000};

	(void)state;
	assert_int_equal(fault_side(&fault, "arm64"), FAULT_SIDE_KERNEL);
	fault.pstate = 0;
	assert_int_equal(fault_side(&fault, "arm64"), FAULT_SIDE_USER);
	fault.pstate = 0x10;
	assert_int_equal(fault_side(&fault, "arm64"), FAULT_SIDE_USER);
	assert_int_equal(fault_side(&fault, "x86_64"), FAULT_SIDE_UNKNOWN);
	fault.code_mode = NISV_CODE_VM86;
	assert_int_equal(fault_side(&fault, "x86_64"), FAULT_SIDE_USER);
	fault.code_mode = NISV_CODE_64;
	assert_int_equal(fault_side(&fault, "x86_64"), FAULT_SIDE_UNKNOWN);
	fault.pc = 0xffffffff81000000;
	assert_int_equal(fault_side(&fault, "x86_64"), FAULT_SIDE_KERNEL);
	fault.code_mode = NISV_CODE_32;
	assert_int_equal(fault_side(&fault, "x86_64"), FAULT_SIDE_UNKNOWN);
}

#define TCR_48_48 (16ULL << 16 | 16)
#define TCR_52_39 (12ULL << 16 | 25)

/* Which upper bits are a code follows from the size of the half of addresses that bit 55 tells. */
static void test_frames_signed(void **state)
{
	static const struct {
		uint64_t tcr, raw, stripped;
	} cases[] = {
		{TCR_48_48, 0xffff800008000254, 0xffff800008000254},
		{TCR_48_48, 0x1ad8800008000254, 0xffff800008000254},
		{TCR_48_48, 0x00d2aaaab1234567, 0xffffaaaab1234567},
		{TCR_48_48, 0xff52aaaab1234567, 0x0000aaaab1234567},
		{TCR_48_48, 0x0000aaaab1234567, 0x0000aaaab1234567},
		{TCR_52_39, 0x1aff800008000254, 0xffff800008000254},
		{TCR_52_39, 0x1a80000008000254, 0xfff0000008000254},
		{TCR_52_39, 0x3f7fffa212345678, 0x0000002212345678},
		/* Sizes that no CPU has, as in a register that was never set. */
		{0, 0x1ad8800008000254, 0x1ad8800008000254},
		{8ULL << 16 | 8, 0x1ad8800008000254, 0x1ad8800008000254},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nisv_rec_fault fault = {
			.sysregs_state = NISV_SYSREGS_STALE,
			.sys.tcr = cases[i].tcr,
			.backtrace = {.n = 1, .frame = {cases[i].raw}},
		};
		uint64_t frames[NISV_FRAMES_MAX];

		assert_int_equal(fault_frames(&fault, "arm64", frames), 1);
		assert_int_equal(frames[0], cases[i].stripped);
		assert_int_equal(fault_frames(&fault, "x86_64", frames), 1);
		assert_int_equal(frames[0], cases[i].raw);
		fault.sysregs_state = NISV_SYSREGS_NONE;
		assert_int_equal(fault_frames(&fault, "arm64", frames), 1);
		assert_int_equal(frames[0], cases[i].raw);
	}
}

static void test_frames(void **state)
{
	struct nisv_rec_fault fault = {
		.sysregs_state = NISV_SYSREGS_CURRENT,
		.sys.tcr = TCR_48_48,
		/* x30, still in the first record, here with its code. */
		.backtrace = {.n = 4, .frame = {0x1000, 0x0052000000001000, 0x1000, 0x2000}},
	};
	uint64_t frames[NISV_FRAMES_MAX];

	(void)state;
	assert_int_equal(fault_frames(&fault, "arm64", frames), 3);
	assert_int_equal(frames[0], 0x1000);
	assert_int_equal(frames[1], 0x1000); /* a function that called itself */
	assert_int_equal(frames[2], 0x2000);
	assert_int_equal(fault_frames(&fault, "x86_64", frames), 4);
	fault.backtrace.n = 0;
	assert_int_equal(fault_frames(&fault, "arm64", frames), 0);
	fault.backtrace.n = UINT32_MAX;
	assert_int_equal(fault_frames(&fault, "x86_64", frames), NISV_FRAMES_MAX);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(walk_state_name(NISV_WALK_NO_SLOT), "no-slot");
	assert_string_equal(backtrace_end_name(NISV_BACKTRACE_FULL), "full");
	assert_string_equal(vma_state_name(NISV_VMA_ABSENT), "absent");
	assert_string_equal(code_mode_name(NISV_CODE_16), "16-bit");
	assert_string_equal(walk_state_name(_NISV_WALK_MAX), "unknown");
	assert_string_equal(backtrace_end_name(_NISV_BACKTRACE_MAX), "unknown");
	assert_string_equal(vma_state_name((enum nisv_vma_state)UINT32_MAX), "unknown");
	assert_string_equal(code_mode_name(_NISV_CODE_MAX), "unknown");
}

static void test_unreadable(void **state)
{
	static const uint8_t nop[NISV_INSN_MAX] = {0x1f, 0x20, 0x03, 0xd5};

	(void)state;
	for (uint32_t insn_state = 0; insn_state <= NISV_INSN_LEFT_OUT + 1; insn_state++) {
		struct nisv_rec_fault fault = fault_with(nop, 4);

		fault.insn_state = insn_state;
		assert_int_equal(fault_insn(&fault, "arm64").class,
				 insn_state == NISV_INSN_OK ? INSN_OTHER : INSN_UNKNOWN);
		assert_int_equal(fault_insn(&fault, "x86_64").base_reg, -1);
	}
}

static void test_hostile_lengths(void **state)
{
	static const uint32_t lengths[] = {0, 1, 2, 3, NISV_INSN_MAX + 1, 1U << 31, UINT32_MAX};
	static const uint8_t zeroes[NISV_INSN_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct nisv_rec_fault fault = fault_with(zeroes, lengths[i]);

		assert_int_equal(fault_insn(&fault, "arm64").class, INSN_UNKNOWN);
		fault_insn(&fault, "x86_64"); /* must not read past the record */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exception_level),
		cmocka_unit_test(test_arm64),
		cmocka_unit_test(test_x86_operand_size),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_hostile_lengths),
		cmocka_unit_test(test_x86_code_mode),
		cmocka_unit_test(test_side),
		cmocka_unit_test(test_frames_signed),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_instruction_set),
		cmocka_unit_test(test_aarch32_registers),
		cmocka_unit_test(test_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
