/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What x86's instruction emulator gives up on. Each cause on the evidence it is made for, and each
 * guard that keeps it from being claimed. */

#include "tests/unit/scenario.h"

/* ---- x86 ------------------------------------------------------------------------------------ */

static struct nisv_rec_fault emulation(uint64_t gpa, uint64_t rip, const uint8_t *insn, size_t len)
{
	struct nisv_rec_fault rec;

	sc.host.arch = "x86_64";
	sc.rec.n_slots = 0;
	scenario_slot(0, 0, MIB, 0);
	rec = scenario_fault(NISV_KIND_EMULATION, gpa);
	rec.pc = rip;
	rec.esr = rec.far = 0;
	rec.outcome = NISV_OUTCOME_VMM_DECIDES;
	rec.exit_reason = 17;
	memcpy(rec.insn, insn, len);
	rec.insn_len = (uint32_t)len;
	rec.insn_state = len ? NISV_INSN_OK : NISV_INSN_NONE;
	return rec;
}

static const uint8_t pxor[] = {0x66, 0x0f, 0xef, 0x07}; /* pxor xmm0, [bx] */

static void x86_jump_into_nothing(void **state)
{
	struct nisv_rec_fault rec = emulation(0xd0000000, 0xd0000000, pxor, 0);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "x86-exec-in-mmio");
	assert_confidence(f, 0.9);
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_contains(f->summary, "fetched an instruction from 0xd0000000");
	assert_contains(f->summary, "KVM_EXIT_INTERNAL_ERROR");
}

static void x86_unknown_instruction_on_nothing(void **state)
{
	struct nisv_rec_fault rec = emulation(0xd0000000, 0x7c00, pxor, sizeof(pxor));
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "x86-emulation-failure-mmio");
	assert_confidence(f, 0.85);
	assert_contains(f->summary, "executed `pxor xmm0, xmmword ptr [bx]` on 0xd0000000");
	assert_evidence(f, "Instruction 66 0f ef 07");
	assert_evidence(f, "16-bit code, paging off");
}

static void x86_operand_from_the_registers(void **state)
{
	struct nisv_rec_fault rec = emulation(0, 0x7c00, pxor, sizeof(pxor));
	const struct finding *f;

	(void)state;
	/* 16-bit addresses end at 64 KiB: without memory there, the operand is outside. */
	sc.rec.slots[0].size = 0x8000;
	layout_from_record(&sc.layout, &sc.rec);
	rec.gpr[3] = 0xd000;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "x86-emulation-failure-mmio");
	assert_confidence(f, 0.7); /* the layout is of the fault's generation */
	assert_int_equal(f->address, 0xd000);
	assert_evidence(f, "computed from the registers");
}

/* With DS = 0x2000 the operand is at 0x20040, in memory: its segment's base is not recorded. */
static void x86_segment_may_lead_into_memory(void **state)
{
	struct nisv_rec_fault rec = emulation(0, 0x18000, pxor, sizeof(pxor));
	const struct finding *f;

	(void)state;
	sc.rec.slots[0].gpa = 0x10000;
	layout_from_record(&sc.layout, &sc.rec);
	rec.gpr[3] = 0x40;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");
	assert_false(f->has_address);
	assert_contains(f->confidence_reason, "segment");
	assert_int_equal(f->n_alternatives, 1);
	assert_string_equal(f->alternatives[0].cause, "x86-emulation-failure-mmio");
}

static void x86_operand_in_memory_is_unknown(void **state)
{
	struct nisv_rec_fault rec = emulation(0, 0x7c00, pxor, sizeof(pxor));

	(void)state;
	rec.gpr[3] = 0x1000;
	assert_string_equal(scenario_explain(&rec)->cause, "unknown");
}

/* With paging the registers tell a virtual address only. */
static void x86_operand_behind_page_tables(void **state)
{
	struct nisv_rec_fault rec = emulation(0, 0x7c00, pxor, sizeof(pxor));
	const struct finding *f;

	(void)state;
	rec.sys.sctlr = 0x80000001;
	rec.sys.tcr = 0x20;
	rec.gpr[7] = 0xffffc90000001000;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "x86-emulation-failure-mmio");
	assert_confidence(f, 0.6);
	assert_false(f->has_address);
	assert_contains(f->summary, "on virtual address 0xffffc90000001000");
	assert_string_equal(f->region, "not known");
}

static void x86_jump_behind_page_tables(void **state)
{
	struct nisv_rec_fault rec = emulation(0, 0xffffc90000001000, pxor, 0);
	const struct finding *f;

	(void)state;
	rec.sys.sctlr = 0x80000001;
	rec.sys.tcr = 0x20;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "x86-exec-in-mmio");
	assert_confidence(f, 0.8);
	assert_contains(f->summary,
			"fetched an instruction from virtual address 0xffffc90000001000");
}

static void x86_no_operand_is_unknown(void **state)
{
	static const uint8_t cpuid[] = {0x0f, 0xa2};
	struct nisv_rec_fault rec = emulation(0, 0x7c00, cpuid, sizeof(cpuid));
	const struct finding *f;

	(void)state;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");
	assert_false(f->has_address);
	assert_contains(f->where, "not known");
	assert_contains(f->confidence_reason, "address is not known");
}

static void x86_vm_that_ended_with_it(void **state)
{
	struct nisv_rec_fault rec = emulation(0xd0000000, 0x7c00, pxor, sizeof(pxor));

	(void)state;
	sc.evidence.ended = true;
	assert_int_equal(scenario_explain(&rec)->severity, SEVERITY_FATAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(x86_jump_into_nothing),
		SCENARIO_TEST(x86_unknown_instruction_on_nothing),
		SCENARIO_TEST(x86_operand_from_the_registers),
		SCENARIO_TEST(x86_segment_may_lead_into_memory),
		SCENARIO_TEST(x86_operand_in_memory_is_unknown),
		SCENARIO_TEST(x86_operand_behind_page_tables),
		SCENARIO_TEST(x86_jump_behind_page_tables),
		SCENARIO_TEST(x86_no_operand_is_unknown),
		SCENARIO_TEST(x86_vm_that_ended_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
