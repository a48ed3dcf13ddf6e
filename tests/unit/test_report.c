/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a finding says where evidence is missing, and its signature. */

#include "tests/unit/scenario.h"

/* ---- missing evidence ----------------------------------------------------------------------- */

static void without_any_layout_nothing_is_claimed(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);
	const struct finding *f;

	(void)state;
	layout_clear(&sc.layout);
	rec.layout_state = NISV_LAYOUT_NONE;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");
	assert_contains(f->confidence_reason, "memory map is not known");
	assert_contains(f->how, "pair of registers"); /* what is known is still told */
}

static void a_layout_read_later_lowers_the_band(void **state)
{
	static const enum nisv_layout_state states[] = {NISV_LAYOUT_AFTER, NISV_LAYOUT_UNSTABLE};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

		rec.layout_state = states[i];
		assert_confidence(scenario_explain(&rec), 0.8);
		assert_contains(sc.findings.list[0].confidence_reason, "after the fault");
		scenario_teardown(state);
		scenario_setup(state);
	}
}

/* The record's own slots win over a layout that came later. */
static void the_faults_own_view_wins(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

	(void)state;
	sc.rec.slots[0].size = 32 * MIB;
	layout_from_record(&sc.layout, &sc.rec);
	assert_contains(scenario_explain(&rec)->summary,
			"0 bytes past the end of RAM (0x40000000-0x41000000, 16 MiB)");
}

static void aarch32_code_is_decoded_as_such(void **state)
{
	/* stmia r0!, {r1, r2}; the same bytes as A64 are no instruction */
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, 0xe8a00006);
	const struct finding *f;

	(void)state;
	rec.pstate = 0x1d3; /* nRW, Supervisor */
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "access-past-ram-end");
	assert_contains(f->how, "it transfers several registers");
	assert_contains(f->summary, "`stm r0!, {r1, r2}`");
	assert_evidence(f, "Base register r0 = 0x41000000");
}

static void aarch32_code_with_half_an_instruction_is_unknown(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, 0x0004f850); /* ldr.w r0, [r0, #4] */
	const struct finding *f;

	(void)state;
	rec.pstate = 0x1f3; /* Thumb */
	rec.insn_len = 2;
	f = scenario_explain(&rec);
	assert_contains(f->how, "The instruction is not known: only a part of it could be read.");
	assert_null(strstr(f->summary, "ldr"));
}

static void bytes_that_did_not_fault_so_are_told(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, 0xa9c10801); /* ldp x1, x2, [x0, #16]! */
	const struct finding *f;

	(void)state;
	f = scenario_explain(&rec);
	assert_evidence(f, "What is at the PC now gives 0x41000010, not the faulting address: the "
			   "code changed since");
	assert_contains(f->how, "The instruction is not known: what is at its PC now does not "
				"access the faulting address.");
	assert_null(strstr(f->summary, "ldp"));
	scenario_reset();
	rec.gpr[0] -= 16;
	f = scenario_explain(&rec);
	assert_evidence(f,
			"The instruction and its registers give 0x41000000, the faulting address");
	assert_contains(f->summary, "executed `ldp x1, x2, [x0, #0x10]!`");
	scenario_reset();
	rec.gpr[0] -= 8; /* an unaligned pair that ends in the next page */
	assert_evidence(scenario_explain(&rec),
			"give 0x40fffff8, and with its size reach the faulting address");
}

static void every_state_of_the_instruction_is_told(void **state)
{
	for (uint32_t i = 0; i <= NISV_INSN_LEFT_OUT + 1; i++) {
		struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

		if (i == NISV_INSN_OK)
			continue;
		rec.insn_state = i;
		assert_contains(scenario_explain(&rec)->how, "The instruction is not known: ");
		scenario_teardown(state);
		scenario_setup(state);
	}
}

/* Each kind where its own cause is out of the question. */
static void every_kind_is_told(void **state)
{
	static const struct {
		enum nisv_kind kind;
		const char *cause, *how;
	} kinds[] = {
		{NISV_KIND_MEMORY_FAULT, "private-memory-fault", "private or shared"},
		{NISV_KIND_LDST64B, "ls64-on-device", "KVM_EXIT_ARM_LDST64B"},
		{NISV_KIND_EMULATION, "unknown", "emulator gave up"},
		{NISV_KIND_BACKING, "unknown", "failed KVM_RUN with EFAULT"},
		{NISV_KIND_EXEC, "jumped-to-unmapped", "An instruction fetch is never emulated"},
		{NISV_KIND_WALK, "uninitialised-page-table", "own table walk"},
		{NISV_KIND_BEYOND_IPA, "beyond-ipa-limit", "beyond the limit"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct nisv_rec_fault rec;
		const struct finding *f;

		scenario_reset();
		rec = scenario_fault(kinds[i].kind, RAM_END);
		rec.outcome = NISV_OUTCOME_VMM_DECIDES;
		if (!strcmp(kinds[i].cause, "unknown")) {
			rec.layout_state = NISV_LAYOUT_NONE;
			sc.layout.known = false;
		}
		f = scenario_explain(&rec);
		assert_string_equal(f->cause, kinds[i].cause);
		assert_contains(f->how, kinds[i].how);
	}
}

/* ---- what the VMM did ------------------------------------------------------------------------ */

static const struct finding *explain_answered(const char *vmm, enum nisv_outcome outcome,
					      uint64_t count, uint64_t answers)
{
	struct nisv_rec_fault rec = outcome == NISV_OUTCOME_VM_KILLED
					    ? scenario_nisv(RAM_END, LDP)
					    : scenario_injected_nisv(RAM_END, LDP);
	struct site *site;

	scenario_reset();
	sc.evidence.vmm = vmm;
	site = scenario_add(&rec);
	site->count = count;
	site->answers = answers;
	return scenario_diagnose();
}

static void an_abort_of_the_vmm_is_told_as_seen(void **state)
{
	const struct finding *f;

	(void)state;
	f = explain_answered("firecracker", NISV_OUTCOME_VMM_DECIDES, 1, 1);
	assert_contains(f->summary, "; KVM left it to the VMM (KVM_EXIT_ARM_NISV), which injected "
				    "an abort into the guest.");
	assert_evidence(f, "Outcome: vmm-decides, KVM_EXIT_ARM_NISV; the VMM answered with an "
			   "external abort");
	assert_null(strstr(f->evidence[f->n_evidence - 1], "times"));
	f = explain_answered("qemu", NISV_OUTCOME_VMM_DECIDES, 5, 3);
	assert_contains(f->summary, "; KVM left it to QEMU, which injected an abort into the guest "
				    "and logged nothing.");
	assert_evidence(f, "; QEMU answered with an external abort, 3 of 5 times");
	f = explain_answered("gvisor", NISV_OUTCOME_VM_KILLED, 1, 1);
	assert_contains(f->summary,
			"KVM_RUN failed with ENOSYS, and the VMM injected an abort into the guest");
	assert_evidence(f, "Outcome: vm-killed, KVM_RUN returned ENOSYS; the VMM answered");
}

static void without_one_nothing_is_claimed_to_be_seen(void **state)
{
	const struct finding *f;

	(void)state;
	f = explain_answered("firecracker", NISV_OUTCOME_VMM_DECIDES, 1, 0);
	assert_contains(f->summary, "; KVM left it to the VMM (KVM_EXIT_ARM_NISV).");
	assert_string_equal(f->evidence[f->n_evidence - 1],
			    "Outcome: vmm-decides, KVM_EXIT_ARM_NISV");
	f = explain_answered("qemu", NISV_OUTCOME_VMM_DECIDES, 1, 0);
	assert_contains(f->summary,
			"; KVM left it to QEMU, which injects an abort into the guest and logs "
			"nothing.");
	assert_string_equal(f->evidence[f->n_evidence - 1],
			    "Outcome: vmm-decides, KVM_EXIT_ARM_NISV");
}

static void a_vm_that_ends_right_after_is_told(void **state)
{
	static const struct {
		uint64_t after_ns;
		bool ended, answered, told;
	} cases[] = {
		{0, true, false, true},	      {999 * MS, true, false, true},
		{SECOND, true, false, false}, {1, false, false, false},
		{1, true, true, false},	      {-1ULL, true, false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nisv_rec_fault rec = scenario_injected_nisv(RAM_END, LDP);
		const struct finding *f;
		struct site *site;

		(void)state;
		scenario_reset();
		rec.hdr.time_ns = 7 * SECOND;
		site = scenario_add(&rec);
		site->answers = cases[i].answered;
		sc.evidence.ended = cases[i].ended;
		sc.evidence.ended_ns = rec.hdr.time_ns + cases[i].after_ns;
		f = scenario_diagnose();
		assert_int_equal(strstr(f->evidence[f->n_evidence - 1], "ended right after") !=
					 NULL,
				 cases[i].told);
	}
}

/* ---- signatures ----------------------------------------------------------------------------- */

static void sign(char ret[33], const struct nisv_rec_fault *rec)
{
	memcpy(ret, scenario_explain(rec)->signature, 33);
	scenario_teardown(NULL);
	scenario_setup(NULL);
}

static void signatures_are_those_of_the_cause(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);
	char first[33], other[33];

	(void)state;
	sign(first, &rec);
	assert_int_equal(strlen(first), 32);
	assert_int_equal(strspn(first, "0123456789abcdef"), 32);

	rec.pc += 0x1000; /* a guest that randomises its addresses */
	rec.hdr.time_ns = 77;
	rec.vcpu_id = 3;
	rec.gpr[5] = 1;
	sign(other, &rec);
	assert_string_equal(first, other);

	/* Another size of RAM, the same distance from its end. */
	sc.rec.slots[0].size = 32 * MIB;
	layout_from_record(&sc.layout, &sc.rec);
	rec = scenario_nisv(RAM_BASE + 32 * MIB, LDP);
	sign(other, &rec);
	assert_string_equal(first, other);

	rec = scenario_nisv(RAM_END + 8, LDP); /* another offset */
	sign(other, &rec);
	assert_string_not_equal(first, other);
	rec = scenario_nisv(RAM_END, LDR_POST); /* another instruction */
	sign(other, &rec);
	assert_string_not_equal(first, other);
	rec = scenario_nisv(RAM_END, LDP); /* another EL */
	rec.pstate = EL0;
	sign(other, &rec);
	assert_string_not_equal(first, other);
}

/* They are compared across hosts and releases: a change must be meant. */
static void a_signature_never_changes(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

	(void)state;
	assert_string_equal(scenario_explain(&rec)->signature, "ef6dca017e91e744c292d3163cf9e4c8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(without_any_layout_nothing_is_claimed),
		SCENARIO_TEST(a_layout_read_later_lowers_the_band),
		SCENARIO_TEST(the_faults_own_view_wins),
		SCENARIO_TEST(aarch32_code_is_decoded_as_such),
		SCENARIO_TEST(aarch32_code_with_half_an_instruction_is_unknown),
		SCENARIO_TEST(bytes_that_did_not_fault_so_are_told),
		SCENARIO_TEST(every_state_of_the_instruction_is_told),
		SCENARIO_TEST(every_kind_is_told),
		SCENARIO_TEST(an_abort_of_the_vmm_is_told_as_seen),
		SCENARIO_TEST(without_one_nothing_is_claimed_to_be_seen),
		SCENARIO_TEST(a_vm_that_ends_right_after_is_told),
		SCENARIO_TEST(signatures_are_those_of_the_cause),
		SCENARIO_TEST(a_signature_never_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
