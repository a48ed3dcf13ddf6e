/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Memory that the guest was told of, and is not there: dtb-memory-node-larger-than-ram on the
 * evidence it is made for, and each guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define TREE "dtb-memory-node-larger-than-ram"

/* The guest's tree has 64 MiB, the VM 16. */
static void told_too_much(void)
{
	scenario_reset();
	scenario_told(GUEST_MEMORY, RAM_BASE, 64 * MIB, "memory@40000000");
}

static void the_tree_has_more_than_the_vm(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	told_too_much();
	sc.evidence.vmm = "qemu";
	rec = scenario_nisv(RAM_END + 8 * MIB, LDP);
	f = scenario_explain(&rec);
	assert_finding(f, TREE, 0.96);
	assert_contains(f->summary, "which the guest was told is RAM (\"memory@40000000\"), where "
				    "no memory is");
	assert_contains(f->where, "The guest's device tree has memory at 0x40000000-0x44000000 "
				  "(64 MiB); of the memory that it was told of, 48 MiB are in no "
				  "memslot. No memslot holds the address");
	assert_evidence(f, "The guest's device tree, 4096 bytes at 0x40000000, has memory "
			   "\"memory@40000000\"");
	assert_advice(f, "give the VM the memory that it was told of: -m 64M.");
	assert_advice(f, "match -m, with -dtb too");
	assert_no_advice(f, "E820");
	assert_int_equal(f->n_alternatives, 0); /* past the end of RAM says less of the same */
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), TREE, 0.8);
	/* Dossiers of old do not have its length. */
	sc.guest.bytes = 0;
	assert_evidence(scenario_diagnose(), "The guest's device tree at 0x40000000, has memory");
}

static void a_tree_that_may_be_a_file(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_tree_may_be_file();
	scenario_told(GUEST_MEMORY, RAM_BASE, 64 * MIB, "memory@40000000");
	rec = scenario_nisv(RAM_END + 8 * MIB, LDP);
	rec.sys.sctlr = 1;
	assert_finding(scenario_explain(&rec), "access-past-ram-end", 0.75);
	assert_alternative(&sc.findings.list[0], TREE, 0.6);
	scenario_forget();
	scenario_reads(RAM_END + 8 * MIB, 15); /* and by MMIO it tells nothing */
	assert_null(scenario_diagnose());
}

/* A tree where no memslot is known: whose place it is in is not known either. */
static void a_tree_without_a_layout(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	told_too_much();
	rec = scenario_nisv(RAM_END + 8 * MIB, LDP);
	scenario_add(&rec);
	sc.layout.known = false;
	sc.layout.n_slots = 0;
	assert_finding(scenario_diagnose(), TREE, 0.6);
}

static void every_use_of_it(void **state)
{
	static const enum nisv_kind kinds[] = {NISV_KIND_EXEC, NISV_KIND_WALK};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct nisv_rec_fault rec;

		told_too_much();
		rec = scenario_fault(kinds[i], RAM_END + 8 * MIB);
		rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
		assert_finding(scenario_explain(&rec), TREE, 0.96);
		assert_int_equal(sc.findings.list[0].n_alternatives, 0);
		assert_degrades();
	}
	told_too_much();
	scenario_reads(RAM_END + 8 * MIB, 1);
	assert_finding(scenario_diagnose(), TREE, 0.96);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_ERROR);
	sc.evidence.machine = NULL; /* nothing but memory can be meant */
	assert_finding(scenario_diagnose(), TREE, 0.96);
}

static void what_is_no_use_of_memory(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	told_too_much();
	rec = scenario_fault(NISV_KIND_BACKING, RAM_END + 8 * MIB);
	rec.outcome = NISV_OUTCOME_VM_KILLED;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	scenario_forget();
	rec = scenario_nisv(RAM_END + 8 * MIB, 0);
	rec.esr |= ESR_CM;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

/* Reads, writes, undescribed ones and walks, all over it: one cause. */
static void all_of_it_is_one_finding(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	told_too_much();
	scenario_slot(1, 0x42000000, 16 * MIB, 0); /* and a gap before and after */
	rec = scenario_nisv(RAM_END + 8 * MIB, LDP);
	scenario_add(&rec);
	rec = scenario_nisv(0x43000000, STP);
	rec.pc += 0x100;
	scenario_add(&rec);
	scenario_reads(RAM_END + 8 * MIB, 100);
	scenario_mmio(0x43800000, true, 100, 100);
	assert_finding(scenario_diagnose(), TREE, 0.96);
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(sc.findings.list[0].n_sites, 4);
	assert_true(sc.findings.list[0].sites[0]->kind == NISV_KIND_NISV); /* aborts come first */
}

static void what_is_there_or_was(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	told_too_much();
	scenario_region("UART", RAM_END, 0x1000, REGION_DEVICE, ROLE_NONE);
	rec = scenario_nisv(RAM_END, LDP);
	assert_finding(scenario_explain(&rec), "device-access-nisv-instruction", 0.9);
	told_too_much();
	scenario_region("UART", RAM_END, 0x1000, REGION_DEVICE, ROLE_NONE);
	scenario_reads(RAM_END, 1000);
	assert_null(scenario_diagnose());
	told_too_much();
	rec = scenario_nisv(RAM_END, LDP);
	rec.hdr.time_ns = 100 * SECOND;
	scenario_change(NISV_SLOT_DELETED, 90 * SECOND, 4, RAM_END, MIB, 0);
	assert_finding(scenario_explain(&rec), "memory-hotunplugged", 0.86);
	told_too_much();
	rec = scenario_nisv(RAM_END + 48 * MIB, LDP); /* the first byte that it was not told of */
	assert_string_not_equal(scenario_explain(&rec)->cause, TREE);
	told_too_much();
	sc.ranges[0].disabled = true;
	rec = scenario_nisv(RAM_END + 8 * MIB, LDP);
	rec.sys.sctlr = 1;
	assert_finding(scenario_explain(&rec), "access-past-ram-end", 0.75);
	told_too_much();
	sc.ranges[0].kind = GUEST_RESERVED; /* not its RAM */
	assert_finding(scenario_explain(&rec), "access-past-ram-end", 0.75);
	told_too_much();
	rec.nested = NISV_NESTED_OWN;
	assert_finding(scenario_explain(&rec), "nested-guest-fault", 0.8);
}

static void an_e820_table_of_x86(void **state)
{
	const struct finding *f;

	(void)state;
	scenario_x86();
	scenario_told(GUEST_MEMORY, 0, 256 * MIB, "RAM");
	sc.guest.source = GUEST_E820;
	sc.guest.address = 0x90000;
	sc.options.ram_bytes = 128 * MIB;
	scenario_reads(200 * MIB, 1);
	f = scenario_diagnose();
	assert_finding(f, TREE, 0.96);
	assert_contains(f->where, "The guest's E820 table has memory at 0x0-0x10000000");
	assert_evidence(f, "The guest's E820 table, 4096 bytes at 0x90000");
	assert_advice(f, "mem_size_mib = 256 in machine-config");
	assert_advice(f, "memmap=");
	assert_no_advice(f, "evice tree");
	assert_degrades();
}

/* What the VM has is not known: no number to tell. */
static void advice_without_a_number(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	told_too_much();
	rec = scenario_nisv(RAM_END + 8 * MIB, LDP);
	scenario_add(&rec);
	sc.layout.n_slots = 0;
	assert_no_advice(scenario_diagnose(), "that it was told of: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(the_tree_has_more_than_the_vm),
		SCENARIO_TEST(a_tree_that_may_be_a_file),
		SCENARIO_TEST(a_tree_without_a_layout),
		SCENARIO_TEST(every_use_of_it),
		SCENARIO_TEST(what_is_no_use_of_memory),
		SCENARIO_TEST(all_of_it_is_one_finding),
		SCENARIO_TEST(what_is_there_or_was),
		SCENARIO_TEST(an_e820_table_of_x86),
		SCENARIO_TEST(advice_without_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
