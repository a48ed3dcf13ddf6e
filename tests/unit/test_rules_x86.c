/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What x86's instruction emulator gives up on. Each cause on the evidence it is made for, and each
 * guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

static struct nisv_rec_fault emulation(uint64_t gpa, uint64_t rip, const uint8_t *insn, size_t len)
{
	struct nisv_rec_fault rec;

	scenario_x86();
	scenario_no_slots();
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

static const uint8_t pxor[] = {0x66, 0x0f, 0xef, 0x07}; /* pxor xmm0, [bx] or [rdi] */

/* 32-bit code without paging. */
static void protected_mode(struct nisv_rec_fault *rec)
{
	rec->code_mode = NISV_CODE_32;
	rec->sys.sctlr = 1;
}

static void paging(struct nisv_rec_fault *rec)
{
	rec->code_mode = NISV_CODE_64;
	rec->sys.sctlr = 0x80000001;
	rec->sys.tcr = 0x20;
}

/* ---- x86-exec-in-mmio ----------------------------------------------------------------------- */

static void a_jump_into_nothing(void **state)
{
	struct nisv_rec_fault rec = emulation(0xd0000000, 0xd0000000, pxor, 0);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "x86-exec-in-mmio", 0.9);
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_contains(f->summary, "fetched an instruction from 0xd0000000, where no memory is to "
				    "run code from");
	assert_contains(f->summary, "KVM_EXIT_INTERNAL_ERROR");
	assert_contains(f->where, "The code's address is in no memslot: RAM 0x0-0x100000");
	assert_advice(f, "jumped wildly");
	assert_int_equal(f->n_alternatives, 0);
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "x86-exec-in-mmio", 0.8);
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_NONE;
	sc.layout.known = false;
	assert_finding(scenario_diagnose(), "unknown", 0.2);
}

static void a_jump_behind_page_tables(void **state)
{
	struct nisv_rec_fault rec = emulation(0, 0xffffc90000001000, pxor, 0);
	const struct finding *f;

	(void)state;
	paging(&rec);
	f = scenario_explain(&rec);
	assert_finding(f, "x86-exec-in-mmio", 0.8);
	assert_contains(f->summary,
			"fetched an instruction from virtual address 0xffffc90000001000");
	assert_contains(f->where, "page tables map the code to an address outside every memslot");
	assert_degrades();
	scenario_forget();
	rec.sysregs_state = NISV_SYSREGS_NONE; /* virtual or not, nobody knows */
	assert_finding(scenario_explain(&rec), "x86-exec-in-mmio", 0.6);
}

/* Its bytes are only not at hand: it may have been fetched. */
static void code_that_was_not_read(void **state)
{
	struct nisv_rec_fault rec = emulation(0xd0000000, 0x7c00, pxor, 0);

	(void)state;
	rec.insn_state = NISV_INSN_UNREADABLE;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

/* ---- x86-emulation-failure-mmio ------------------------------------------------------------- */

static void an_unknown_instruction_on_nothing(void **state)
{
	struct nisv_rec_fault rec = emulation(0xd0000000, 0x7c00, pxor, sizeof(pxor));
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "x86-emulation-failure-mmio", 0.85);
	assert_contains(f->summary, "executed `pxor xmm0, xmmword ptr [bx]` on 0xd0000000, where "
				    "no memory is, with an instruction that KVM cannot emulate");
	assert_contains(f->where, "The operand at 0xd0000000 is in no memslot");
	assert_contains(f->how, "does not know `pxor xmm0, xmmword ptr [bx]`");
	assert_evidence(f, "Instruction 66 0f ef 07");
	assert_evidence(f, "16-bit code, paging off");
	assert_advice(f, "plain moves");
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "x86-emulation-failure-mmio", 0.6);
}

static void an_operand_from_the_registers(void **state)
{
	struct nisv_rec_fault rec = emulation(0, 0x7c00, pxor, sizeof(pxor));
	const struct finding *f;

	(void)state;
	/* 16-bit addresses end at 64 KiB: without memory there, the operand is outside. */
	sc.rec.slots[0].size = 0x8000;
	layout_from_record(&sc.layout, &sc.rec);
	rec.gpr[3] = 0xd000;
	f = scenario_explain(&rec);
	assert_finding(f, "x86-emulation-failure-mmio", 0.7); /* the layout is the fault's */
	assert_int_equal(f->address, 0xd000);
	assert_evidence(f, "computed from the registers");
	assert_degrades();
	sc.layout.generation++; /* it has changed since */
	assert_finding(scenario_diagnose(), "x86-emulation-failure-mmio", 0.6);
}

/* 32-bit code: segments are flat. Whether the operand is in memory the memslots must tell. */
static void an_operand_without_a_memory_map(void **state)
{
	struct nisv_rec_fault rec = emulation(0, 0x7c00, pxor, sizeof(pxor));

	(void)state;
	protected_mode(&rec);
	rec.gpr[7] = 0xd0000000;
	assert_finding(scenario_explain(&rec), "x86-emulation-failure-mmio", 0.7);
	sc.layout.known = false;
	assert_finding(scenario_diagnose(), "unknown", 0.2);
}

/* With DS = 0x2000 the operand is at 0x20040, in memory: its segment's base is not recorded. */
static void a_segment_may_lead_into_memory(void **state)
{
	struct nisv_rec_fault rec = emulation(0, 0x18000, pxor, sizeof(pxor));
	const struct finding *f;

	(void)state;
	sc.rec.slots[0].gpa = 0x10000;
	layout_from_record(&sc.layout, &sc.rec);
	rec.gpr[3] = 0x40;
	f = scenario_explain(&rec);
	assert_finding(f, "unknown", 0.2);
	assert_false(f->has_address);
	assert_contains(f->confidence_reason, "segment");
	assert_int_equal(f->n_alternatives, 1);
	assert_alternative(f, "x86-emulation-failure-mmio", 0.4);
}

static void an_operand_in_memory_is_unknown(void **state)
{
	struct nisv_rec_fault rec = emulation(0, 0x7c00, pxor, sizeof(pxor));

	(void)state;
	rec.gpr[3] = 0x1000;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	scenario_forget();
	rec.ipa = 0x1000;
	scenario_place(&rec);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

/* On a q35 without an HPET: what is to be done first depends on what the machine has there. */
static const struct finding *on_q35(uint64_t gpa)
{
	struct nisv_rec_fault rec = emulation(gpa, 0x7c00, pxor, sizeof(pxor));

	scenario_reset();
	scenario_q35();
	scenario_without("HPET");
	scenario_place(&rec);
	return scenario_explain(&rec);
}

static void the_address_goes_before_the_instruction(void **state)
{
	const struct finding *f;

	(void)state;
	f = on_q35(5 * GIB + 64);
	assert_finding(f, "x86-emulation-failure-mmio", 0.85);
	assert_string_equal(f->advice[0],
			    "The address is wrong, by all that is known: qemu-q35-x86_64 has no "
			    "device at 0x140000040, 64 bytes past the end of RAM. Find where the "
			    "pointer comes from first.");
	assert_alternative(f, "access-past-ram-end", 0.5);
	assert_int_equal(f->n_alternatives, 1);
	assert_no_advice(f, "In place of");
	assert_degrades();

	f = on_q35(0xfed00000);
	assert_finding(f, "x86-emulation-failure-mmio", 0.85);
	assert_contains(f->advice[0], ", the HPET that others have there is left out. Find");
	assert_alternative(f, "x86-hpet-or-tpm-absent", 0.5);
	assert_int_equal(f->n_alternatives, 1);

	/* A window may hold a device that nobody has seen yet. */
	f = on_q35(0xc0000010);
	assert_contains(f->advice[0], "Probably the address is wrong");
	assert_contains(f->advice[0], "only a window for devices");
	assert_int_equal(f->n_alternatives, 0);
	/* What is there wants another instruction, */
	f = on_q35(0xfec00000);
	assert_contains(f->advice[0], "In place of `pxor");
	/* and so may what no reference map tells of. */
	on_q35(5 * GIB + 64);
	sc.evidence.machine = NULL;
	f = scenario_diagnose();
	assert_contains(f->advice[0], "In place of `pxor");
	assert_alternative(f, "access-past-ram-end", 0.5);
}

/* With paging the registers tell a virtual address only. */
static void an_operand_behind_page_tables(void **state)
{
	struct nisv_rec_fault rec = emulation(0, 0x7c00, pxor, sizeof(pxor));
	const struct finding *f;

	(void)state;
	paging(&rec);
	rec.gpr[7] = 0xffffc90000001000;
	f = scenario_explain(&rec);
	assert_finding(f, "x86-emulation-failure-mmio", 0.6);
	assert_false(f->has_address);
	assert_contains(f->summary, "on virtual address 0xffffc90000001000");
	assert_contains(f->where, "virtual address 0xffffc90000001000 leads outside memory");
	assert_string_equal(f->region, "not known");
	assert_degrades();
}

static void no_operand_is_unknown(void **state)
{
	static const uint8_t cpuid[] = {0x0f, 0xa2};
	struct nisv_rec_fault rec = emulation(0, 0x7c00, cpuid, sizeof(cpuid));
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "unknown", 0.2);
	assert_false(f->has_address);
	assert_contains(f->where, "not known");
	assert_contains(f->confidence_reason, "address is not known");
}

/* ---- what becomes of it --------------------------------------------------------------------- */

static void a_vm_that_ended_with_it(void **state)
{
	struct nisv_rec_fault rec = emulation(0xd0000000, 0x7c00, pxor, sizeof(pxor));

	(void)state;
	sc.evidence.ended = true;
	sc.evidence.ended_ns = rec.hdr.time_ns + 900000000;
	assert_int_equal(scenario_explain(&rec)->severity, SEVERITY_FATAL);
	/* It went on, and somebody ended it later. */
	sc.evidence.ended_ns = rec.hdr.time_ns + 17000000000;
	assert_int_equal(scenario_diagnose()->severity, SEVERITY_ERROR);
}

/* In user space: the process gets an invalid opcode, the VM goes on. */
static void a_process_that_got_an_exception(void **state)
{
	struct nisv_rec_fault rec = emulation(0xd0000000, 0x7c00, pxor, sizeof(pxor));
	const struct finding *f;

	(void)state;
	rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
	rec.exit_reason = 0;
	f = scenario_explain(&rec);
	assert_finding(f, "x86-emulation-failure-mmio", 0.85);
	assert_contains(f->summary, "KVM injected an invalid-opcode exception into the guest");
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_null(f->symptom);
}

static void a_slot_that_was_being_changed(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	rec = emulation(0xd0000000, 0x7c00, pxor, sizeof(pxor));
	scenario_slot(1, 0xd0000000, MIB, NISV_SLOT_INVALID);
	scenario_place(&rec);
	assert_finding(scenario_explain(&rec), "memslot-update-race", 0.95);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(a_jump_into_nothing),
		SCENARIO_TEST(a_jump_behind_page_tables),
		SCENARIO_TEST(code_that_was_not_read),
		SCENARIO_TEST(an_unknown_instruction_on_nothing),
		SCENARIO_TEST(an_operand_from_the_registers),
		SCENARIO_TEST(an_operand_without_a_memory_map),
		SCENARIO_TEST(a_segment_may_lead_into_memory),
		SCENARIO_TEST(an_operand_in_memory_is_unknown),
		SCENARIO_TEST(the_address_goes_before_the_instruction),
		SCENARIO_TEST(an_operand_behind_page_tables),
		SCENARIO_TEST(no_operand_is_unknown),
		SCENARIO_TEST(a_vm_that_ended_with_it),
		SCENARIO_TEST(a_process_that_got_an_exception),
		SCENARIO_TEST(a_slot_that_was_being_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
