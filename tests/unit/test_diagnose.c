/* SPDX-License-Identifier: GPL-2.0-or-later */

/* From many faults to few findings: groups, consequences, order, signatures, bounds. */

#include "tests/unit/scenario.h"

/* ---- nothing to say
 * ------------------------------------------------------------------------------ */

static void a_healthy_vm_has_no_finding(void **state)
{
	struct nisv_place_key key = {.place = 0x09000000 >> NISV_PLACE_SHIFT};
	struct nisv_place value = {.count = 1000000, .user = 1000000};

	(void)state;
	assert_null(scenario_diagnose());
	faultmap_count_place(sc.faults, &key, &value, 1);
	assert_null(scenario_diagnose());
	assert_null(sc.findings.list);
}

static void clearing_takes_a_zeroed_struct(void **state)
{
	struct findings none = {0};

	(void)state;
	findings_clear(&none);
	assert_string_equal(severity_name(SEVERITY_HANG), "hang");
	assert_string_equal(severity_name(_SEVERITY_MAX), "unknown");
	assert_string_equal(confidence_word(0.9), "certain");
	assert_string_equal(confidence_word(0.7), "likely");
	assert_string_equal(confidence_word(0.69), "possible");
}

/* ---- groups
 * -------------------------------------------------------------------------------------- */

static void pages_past_ram_are_one_finding(void **state)
{
	const struct finding *f;

	(void)state;
	for (uint64_t i = 0; i < 500; i++) {
		struct nisv_rec_fault rec = scenario_nisv(RAM_END + i * 4096, LDP);

		scenario_add(&rec);
	}
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(f->n_sites, 500);
	assert_int_equal(f->sites[0]->ipa, RAM_END); /* the first one speaks */
	assert_contains(f->summary, "0x41000000, 0 bytes past");
}

/* Only 64 sites have a record; the others share its instruction by their PC. */
static void sites_with_counts_only_join_their_group(void **state)
{
	struct nisv_site_key key = {.page = 0x41001, .pc = RAM_BASE + 4, .kind = NISV_KIND_NISV};
	struct nisv_site value = {.count = 3,
				  .first_ns = 5000,
				  .ipa = RAM_END + 0x1008,
				  .far = RAM_END + 0x1008,
				  .esr = ESR_READ,
				  .outcome = NISV_OUTCOME_VM_KILLED,
				  .errno_ = -ENOSYS};
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);
	const struct finding *f;

	(void)state;
	scenario_add(&rec);
	faultmap_count_site(sc.faults, &key, &value);
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(f->n_sites, 2);
	assert_confidence(f, 0.9); /* that of the site with the record */
}

static void counts_alone_give_a_weaker_finding(void **state)
{
	struct nisv_site_key key = {.page = 0x41000, .pc = RAM_BASE + 4, .kind = NISV_KIND_NISV};
	struct nisv_site value = {.count = 3,
				  .ipa = RAM_END,
				  .far = RAM_END,
				  .esr = ESR_READ,
				  .outcome = NISV_OUTCOME_VM_KILLED,
				  .errno_ = -ENOSYS};
	const struct finding *f;

	(void)state;
	faultmap_count_site(sc.faults, &key, &value);
	f = scenario_diagnose();
	assert_string_equal(f->cause, "access-past-ram-end");
	assert_confidence(f, 0.8); /* one band less: the map is not that of the fault */
	assert_contains(f->confidence_reason, "read after the fault");
	assert_contains(f->how, "no detailed record");
	assert_evidence(f, "not of the fault");
}

static void other_instructions_and_places_are_other_findings(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

	(void)state;
	scenario_qemu_virt();
	scenario_add(&rec);
	rec = scenario_nisv(RAM_END, LDR_POST);
	rec.pc += 8;
	scenario_add(&rec);
	rec = scenario_injected_nisv(0x09000000, LDR_POST);
	rec.pc += 8;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 3);
}

static void the_worst_comes_first(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt();
	rec = scenario_injected_nisv(0x09000000, LDR_POST); /* error, 0.9 */
	rec.pc = RAM_BASE + 0x100;
	scenario_add(&rec);
	rec = scenario_injected_nisv(0x10000000, LDP); /* error, 0.75 */
	rec.pc = RAM_BASE + 0x104;
	scenario_add(&rec);
	rec = scenario_nisv(0x30000000, 0x3dc00000); /* fatal, 0.75 */
	rec.pc = RAM_BASE + 0x108;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 3);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_FATAL);
	assert_int_equal(sc.findings.list[1].severity, SEVERITY_ERROR);
	assert_true(sc.findings.list[1].confidence > sc.findings.list[2].confidence);
}

/* ---- severity of what repeats
 * ---------------------------------------------------------------------- */

static void a_fast_livelock_hangs_a_slow_repeat_does_not(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(RAM_END, LDP);
	struct site *site;

	(void)state;
	rec.count = 5000;
	site = scenario_add(&rec);
	assert_int_equal(scenario_diagnose()->severity, SEVERITY_HANG);
	site->last_ns = site->first_ns + 60 * 1000000000ULL;
	assert_int_equal(scenario_diagnose()->severity, SEVERITY_ERROR);
}

/* ---- consequences
 * -------------------------------------------------------------------------------- */

/* The lab's guest without vectors: `br x0`, then VBAR_EL1 + 0x200 for ever. */
static void fetches_of_a_missing_vector_follow_the_jump(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);
	const struct finding *f;

	(void)state;
	scenario_add(&rec);
	rec = scenario_exec(0x200);
	rec.count = 65536;
	scenario_add(&rec);
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_string_equal(f->cause, "jumped-to-unmapped");
	assert_contains(f->summary, "0x50000000");
	assert_int_equal(f->severity, SEVERITY_HANG); /* it goes nowhere after it */
	assert_int_equal(f->n_sites, 1);
	assert_int_equal(f->n_consequences, 1);
	assert_int_equal(f->consequences[0].site->pc, 0x200);
	assert_contains(f->consequences[0].summary, "VBAR_EL1 + 0x200 = 0x200");
	assert_contains(f->consequences[0].summary, "65536 times");
}

/* QEMU answers a NISV by an abort; the handler's page is outside memory. */
static void fetches_of_a_missing_vector_follow_the_nisv(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, LDR_POST);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	rec.pstate = EL1H;
	scenario_add(&rec);
	rec = scenario_exec(0x200);
	scenario_add(&rec);
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_string_equal(f->cause, "device-access-nisv-instruction");
	assert_int_equal(f->n_consequences, 1);
}

/* Records come over two rings: the order of the vCPU counts, not that of arrival or address. */
static void order_is_that_of_the_vcpu(void **state)
{
	struct nisv_rec_fault jump = scenario_exec(0x50000000);
	struct nisv_rec_fault vector = scenario_exec(0x200);

	(void)state;
	scenario_add(&vector);
	scenario_add(&jump);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_contains(sc.findings.list[0].summary, "0x50000000");
}

static void a_vector_fault_of_another_vcpu_is_its_own(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	scenario_add(&rec);
	rec = scenario_exec(0x200);
	rec.vcpu_id = 1;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 2);
	assert_int_equal(sc.findings.list[0].n_consequences, 0);
	assert_int_equal(sc.findings.list[1].n_consequences, 0);
}

static void an_earlier_vector_fault_is_no_consequence(void **state)
{
	struct nisv_rec_fault vector = scenario_exec(0x200);
	struct nisv_rec_fault nisv = scenario_injected_nisv(RAM_END, LDP);

	(void)state;
	scenario_add(&vector);
	scenario_add(&nisv);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 2);
	assert_int_equal(sc.findings.list[0].n_consequences, 0);
	assert_int_equal(sc.findings.list[1].n_consequences, 0);
}

static void a_killed_vcpu_fetches_no_vector(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

	(void)state;
	scenario_add(&rec);
	rec = scenario_exec(0x200);
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 2);
}

/* A second, real jump to an aligned address is a cause, whatever its low bits. */
static void a_second_jump_is_no_vector(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	rec.sys.vbar = RAM_BASE + 0x800;
	scenario_add(&rec);
	rec = scenario_exec(0x60000000);
	rec.sys.vbar = RAM_BASE + 0x800;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(sc.findings.list[0].n_sites, 2);
	assert_int_equal(sc.findings.list[0].n_consequences, 0);
}

static void a_known_vbar_decides(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	scenario_add(&rec);
	rec = scenario_exec(0x60000200); /* has the shape of a vector, but VBAR is current */
	rec.sysregs_state = NISV_SYSREGS_CURRENT;
	rec.sys.vbar = RAM_BASE;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.list[0].n_consequences, 0);
	assert_int_equal(sc.findings.list[0].n_sites, 2);
}

/* Vectors in memory exist: an address that only looks like one is a jump even with stale registers.
 */
static void stale_vbar_in_memory_needs_a_match(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	rec.sys.vbar = RAM_BASE + 0x800;
	scenario_add(&rec);
	rec = scenario_exec(0x60000200);
	rec.sys.vbar = RAM_BASE + 0x800;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.list[0].n_consequences, 0);
}

static void user_mode_fetches_no_vectors(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	scenario_add(&rec);
	rec = scenario_exec(0x200);
	rec.pstate = EL0;
	scenario_add(&rec);
	scenario_diagnose();
	assert_int_equal(sc.findings.list[0].n_consequences, 0);
}

static void walks_for_the_vector_follow_the_walk(void **state)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_WALK, 0x70000000);
	const struct finding *f;

	(void)state;
	rec.esr = ESR_WALK;
	rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
	rec.sysregs_state = NISV_SYSREGS_STALE;
	scenario_add(&rec);
	rec.esr = 0x82000086;
	rec.pc = rec.far = 0x200;
	rec.count = 4096;
	rec.vcpu_order++;
	scenario_add(&rec);
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(f->n_sites, 1);
	assert_int_equal(f->n_consequences, 1);
	assert_contains(f->consequences[0].summary, "page tables");
	assert_int_equal(f->severity, SEVERITY_HANG);
}

/* The handler in the vector table makes the same mistake. */
static void a_fault_of_the_handler_follows(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(RAM_END, LDP);
	const struct finding *f;

	(void)state;
	rec.sys.vbar = RAM_BASE + 0x800;
	scenario_add(&rec);
	rec = scenario_injected_nisv(0x09000000, LDR_POST);
	rec.sys.vbar = RAM_BASE + 0x800;
	rec.pc = RAM_BASE + 0x800 + 0x214;
	scenario_add(&rec);
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_string_equal(f->cause, "access-past-ram-end");
	assert_int_equal(f->n_consequences, 1);
	assert_contains(f->consequences[0].summary, "abort handler");
}

/* A handler outside the table: ELR_EL1 names the access, and only the handler masks interrupts. */
static void a_fault_after_the_handler_does_not_follow(void **state)
{
	struct nisv_rec_fault first = scenario_injected_nisv(RAM_END, LDP);
	struct nisv_rec_fault second = scenario_injected_nisv(0x09000000, LDR_POST);

	(void)state;
	first.pstate = EL1H;
	second.sys.vbar = first.sys.vbar = RAM_BASE + 0x800;
	second.pc = RAM_BASE + 0x5000;
	second.sys.elr = first.pc;
	second.sys.esr = 0x96000010;
	scenario_add(&first);
	scenario_add(&second);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 1); /* in the handler: DAIF masked */

	scenario_teardown(state);
	scenario_setup(state);
	second.pstate = EL1H; /* returned from it: a fault of its own */
	scenario_add(&first);
	scenario_add(&second);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 2);
}

static void consequences_are_bounded_and_counted(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);
	const struct finding *f;

	(void)state;
	scenario_add(&rec);
	for (uint64_t i = 1; i <= 30; i++) {
		rec = scenario_exec(0x200 + 0x10000000 + i * 0x1000);
		rec.sys.vbar = 0x10000000 + i * 0x1000;
		scenario_add(&rec);
	}
	f = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(f->n_consequences, FINDING_CONSEQUENCES_MAX);
	assert_int_equal(f->n_consequences_omitted, 30 - FINDING_CONSEQUENCES_MAX);
}

/* ---- missing evidence
 * ------------------------------------------------------------------------------ */

static void without_any_layout_nothing_is_claimed(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);
	const struct finding *f;

	(void)state;
	memset(&sc.layout, 0, sizeof(sc.layout));
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

static void aarch32_code_is_not_decoded(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);
	const struct finding *f;

	(void)state;
	rec.pstate = 0x1d3; /* nRW, Supervisor */
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "access-past-ram-end");
	assert_contains(f->how, "AArch32");
	assert_null(strstr(f->summary, "ldp"));
}

static void every_state_of_the_instruction_is_told(void **state)
{
	for (uint32_t i = 0; i <= NISV_INSN_UNSAFE + 1; i++) {
		struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

		if (i == NISV_INSN_OK)
			continue;
		rec.insn_state = i;
		assert_contains(scenario_explain(&rec)->how, "The instruction is not known: ");
		scenario_teardown(state);
		scenario_setup(state);
	}
}

static void kinds_without_a_rule_are_unknown_but_told(void **state)
{
	static const enum nisv_kind kinds[] = {NISV_KIND_MEMORY_FAULT, NISV_KIND_LDST64B,
					       NISV_KIND_EMULATION};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct nisv_rec_fault rec = scenario_fault(kinds[i], RAM_END);
		const struct finding *f;

		rec.outcome = NISV_OUTCOME_VMM_DECIDES;
		f = scenario_explain(&rec);
		assert_string_equal(f->cause, "unknown");
		assert_true(f->how[0] && f->where[0] && f->summary[0] && f->n_advice);
		scenario_teardown(state);
		scenario_setup(state);
	}
}

/* ---- signatures
 * ------------------------------------------------------------------------------------ */

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

/* ---- bounds
 * ---------------------------------------------------------------------------------------- */

static void findings_are_bounded_and_counted(void **state)
{
	(void)state;
	/* Each slot-sized island gives a gap of its own. */
	for (int i = 1; i < NISV_SLOTS_MAX; i++)
		scenario_slot(i, 0x100000000 + (uint64_t)i * 0x20000000, 16 * MIB, 0);
	for (int i = 1; i < NISV_SLOTS_MAX; i++) {
		struct nisv_rec_fault rec =
			scenario_nisv(0x100000000 + (uint64_t)i * 0x20000000 + 0x1000000, LDP);

		rec.pc = RAM_BASE + 0x100 * (uint64_t)i;
		scenario_add(&rec);
	}
	scenario_diagnose();
	assert_int_equal(sc.findings.n, FINDINGS_MAX);
	assert_int_equal(sc.findings.n_omitted, NISV_SLOTS_MAX - 1 - FINDINGS_MAX);
}

/* A full map of anything: no crash, no lost site, every text terminated. */
static void random_faults(void **state)
{
	uint64_t seed = 2024;

	for (int round = 0; round < 20; round++) {
		size_t sites = 0, consequences = 0;

		scenario_qemu_virt();
		scenario_vgic_v3();
		if (round & 1)
			sc.evidence.arch = "x86_64";
		for (int i = 0; i < 1000; i++) {
			uint64_t ipa = (uint64_t)unit_random(&seed) << (unit_random(&seed) % 16);
			struct nisv_rec_fault rec =
				scenario_fault(unit_random(&seed) % _NISV_KIND_MAX, ipa);

			rec.pc = unit_random(&seed) & (i & 1 ? 0xe00 : 0xfffffffc);
			rec.esr = unit_random(&seed);
			rec.pstate = i & 2 ? EL1H_MASKED : unit_random(&seed);
			rec.outcome = unit_random(&seed) % _NISV_OUTCOME_MAX;
			rec.errno_ = (int)(unit_random(&seed) % 200) - 100;
			rec.exit_reason = unit_random(&seed) % 64;
			rec.vcpu_id = unit_random(&seed) % 4;
			rec.layout_state = unit_random(&seed) % 5;
			rec.sysregs_state = unit_random(&seed) % 4;
			rec.insn_state = unit_random(&seed) % 12;
			rec.insn_len = unit_random(&seed) % 64;
			rec.is_nested = unit_random(&seed) % 16 == 0;
			rec.slot.size |= i % 7 ? 0 : UINT64_MAX;
			for (size_t j = 0; j < NISV_INSN_MAX; j++)
				rec.insn[j] = (uint8_t)unit_random(&seed);
			scenario_add(&rec);
		}
		scenario_diagnose();
		for (size_t i = 0; i < sc.findings.n; i++) {
			const struct finding *f = &sc.findings.list[i];

			sites += f->n_sites;
			consequences += f->n_consequences + f->n_consequences_omitted;
			assert_true(f->confidence > 0 && f->confidence <= 1);
			assert_true(f->summary[0] && f->where[0] && f->how[0] && f->region[0]);
			assert_true(f->confidence_reason[0]);
			assert_in_range(f->n_evidence, 1, FINDING_LINES_MAX);
			assert_in_range(f->n_advice, 1, FINDING_LINES_MAX);
			assert_int_equal(strlen(f->signature), 32);
		}
		assert_true(sites + consequences <= sc.faults->n_sites);
		assert_true(sc.findings.n_omitted || sites + consequences == sc.faults->n_sites);
		scenario_teardown(state);
		scenario_setup(state);
	}
}

static void a_full_map_is_diagnosed(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < FAULTMAP_SITES_MAX; i++) {
		struct nisv_rec_fault rec = scenario_nisv(RAM_END + i * 4096, LDP);

		scenario_add(&rec);
	}
	scenario_diagnose();
	assert_int_equal(sc.findings.list[0].n_sites, FAULTMAP_SITES_MAX);
	assert_int_equal(sc.findings.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(a_healthy_vm_has_no_finding),
		cmocka_unit_test(clearing_takes_a_zeroed_struct),
		SCENARIO_TEST(pages_past_ram_are_one_finding),
		SCENARIO_TEST(sites_with_counts_only_join_their_group),
		SCENARIO_TEST(counts_alone_give_a_weaker_finding),
		SCENARIO_TEST(other_instructions_and_places_are_other_findings),
		SCENARIO_TEST(the_worst_comes_first),
		SCENARIO_TEST(a_fast_livelock_hangs_a_slow_repeat_does_not),
		SCENARIO_TEST(fetches_of_a_missing_vector_follow_the_jump),
		SCENARIO_TEST(fetches_of_a_missing_vector_follow_the_nisv),
		SCENARIO_TEST(order_is_that_of_the_vcpu),
		SCENARIO_TEST(a_vector_fault_of_another_vcpu_is_its_own),
		SCENARIO_TEST(an_earlier_vector_fault_is_no_consequence),
		SCENARIO_TEST(a_killed_vcpu_fetches_no_vector),
		SCENARIO_TEST(a_second_jump_is_no_vector),
		SCENARIO_TEST(a_known_vbar_decides),
		SCENARIO_TEST(stale_vbar_in_memory_needs_a_match),
		SCENARIO_TEST(user_mode_fetches_no_vectors),
		SCENARIO_TEST(walks_for_the_vector_follow_the_walk),
		SCENARIO_TEST(a_fault_of_the_handler_follows),
		SCENARIO_TEST(a_fault_after_the_handler_does_not_follow),
		SCENARIO_TEST(consequences_are_bounded_and_counted),
		SCENARIO_TEST(without_any_layout_nothing_is_claimed),
		SCENARIO_TEST(a_layout_read_later_lowers_the_band),
		SCENARIO_TEST(the_faults_own_view_wins),
		SCENARIO_TEST(aarch32_code_is_not_decoded),
		SCENARIO_TEST(every_state_of_the_instruction_is_told),
		SCENARIO_TEST(kinds_without_a_rule_are_unknown_but_told),
		SCENARIO_TEST(signatures_are_those_of_the_cause),
		SCENARIO_TEST(a_signature_never_changes),
		SCENARIO_TEST(findings_are_bounded_and_counted),
		SCENARIO_TEST(random_faults),
		SCENARIO_TEST(a_full_map_is_diagnosed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
