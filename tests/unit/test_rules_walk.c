/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The CPU's own walk of the guest's tables left memory, or met read-only memory. Each cause on the
 * evidence it is made for, and each guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define TABLE		0x70000000ULL
#define ESR_TRANSLATION 0x920000c7U /* a walk, taken for a write; level 3 */
#define ESR_PERMISSION	0x920000cfU
#define ESR_ACCESS_FLAG 0x920000cbU

/* ---- uninitialised-page-table --------------------------------------------------------------- */

static void the_ttbr_points_to_nothing(void **state)
{
	struct nisv_rec_fault rec = scenario_walk(TABLE, 0x40000010);
	const struct finding *f;

	(void)state;
	rec.sys.ttbr0 = 0x0001000070000001; /* with an ASID and CnP */
	f = scenario_explain(&rec);
	assert_finding(f, "uninitialised-page-table", 0.92);
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_contains(f->summary, "walked its page tables to 0x70000000, where no memory is: "
				    "TTBR0_EL1 is not in RAM");
	assert_contains(f->where, "TTBR0_EL1 = 0x1000070000001 points to a table outside memory");
	assert_contains(f->how, "table walk for the virtual address 0x40000010");
	assert_advice(f, "TTBR0_EL1/TTBR1_EL1");
	assert_int_equal(f->n_alternatives, 0);
	assert_degrades();
}

static void the_high_half_has_its_own_root(void **state)
{
	struct nisv_rec_fault rec = scenario_walk(TABLE, 0xffff800000000000);

	(void)state;
	rec.sys.ttbr0 = TABLE;
	rec.sys.ttbr1 = 0x40001000;
	assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.8);
	assert_contains(sc.findings.list[0].where, "next-level table outside memory, at page "
						   "0x70000000");
	scenario_forget();
	rec.sys.ttbr1 = TABLE;
	assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.92);
	assert_contains(sc.findings.list[0].where, "TTBR1_EL1 = 0x70000000");
}

/* Bit 55 tells the halves apart, the byte above it may be a tag. */
static void a_tagged_address_is_of_the_low_half(void **state)
{
	struct nisv_rec_fault rec = scenario_walk(TABLE, 0xff00000040000010);

	(void)state;
	rec.sys.ttbr0 = TABLE;
	assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.92);
	assert_contains(sc.findings.list[0].where, "TTBR0_EL1");
}

static void a_table_that_is_no_root(void **state)
{
	struct nisv_rec_fault rec = scenario_walk(TABLE, 0x40000010);
	const struct finding *f;

	(void)state;
	rec.sys.ttbr0 = 0x40001000;
	f = scenario_explain(&rec);
	assert_finding(f, "uninitialised-page-table", 0.8);
	assert_contains(f->summary, "a translation table of the guest is not in RAM");
	assert_degrades();
	scenario_forget();
	rec.sys.ttbr0 = TABLE;
	rec.sysregs_state = NISV_SYSREGS_NONE;
	assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.8);
}

/* As capture repeats it with the guest's registers, from a root in RAM. */
static struct nisv_rec_fault retraced_walk(uint64_t table)
{
	struct nisv_rec_fault rec = scenario_walk(table, 0x8000000000);

	rec.sys.ttbr0 = 0x400a0000;
	rec.walk = (struct nisv_walk){
		.va = rec.far,
		.out = table,
		.state = NISV_WALK_NO_SLOT,
		.n_steps = 2,
		.agrees = 1,
		.step = {{.address = 0x400a0008, .descriptor = 0x400e0003, .level = 0},
			 {.address = 0x400e0000, .descriptor = table | 3, .level = 1}},
	};
	return rec;
}

static void the_walk_was_retraced(void **state)
{
	struct nisv_rec_fault rec = retraced_walk(TABLE);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "uninitialised-page-table", 0.92);
	assert_contains(f->confidence_reason, "a walk of the guest's own tables leads there");
	assert_evidence(f, "A walk of the guest's own tables for 0x8000000000 leaves memory there: "
			   "level 1 has 0x70000003 at 0x400e0000");
	assert_degrades();
	/* With the root itself missing nothing was read. */
	scenario_forget();
	rec.sys.ttbr0 = TABLE;
	rec.walk.n_steps = 0;
	f = scenario_explain(&rec);
	assert_finding(f, "uninitialised-page-table", 0.92);
	assert_contains(f->confidence_reason, "it is the root that the TTBR names");
	assert_evidence(f, "A walk of the guest's own tables for 0x8000000000 leaves memory there");
}

static void a_walk_that_explains_nothing_is_no_evidence(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct nisv_rec_fault rec = retraced_walk(TABLE);

		if (i == 0)
			rec.walk.agrees = 0;
		else if (i == 1)
			rec.walk.state = NISV_WALK_UNREADABLE; /* in a memslot, by its own look */
		else if (i == 2)
			rec.walk.out = TABLE + 0x1000; /* another table than the one that faulted */
		else
			rec.walk.n_steps = NISV_WALK_STEPS + 1; /* no record of ours */
		scenario_forget();
		assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.8);
		assert_no_evidence(&sc.findings.list[0], "the guest's own tables");
	}
}

static void a_walk_whose_map_was_read_later(void **state)
{
	struct nisv_rec_fault rec = scenario_walk(TABLE, 0x40000010);

	(void)state;
	rec.sys.ttbr0 = TABLE;
	rec.layout_state = NISV_LAYOUT_UNSTABLE;
	assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.8);
	scenario_forget();
	rec.sys.ttbr0 = 0;
	assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.6);
	/* Without any map: that KVM answered it at all. */
	scenario_forget();
	rec.sys.ttbr0 = TABLE;
	rec.layout_state = NISV_LAYOUT_NONE;
	sc.layout.known = false;
	assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.55);
	assert_contains(sc.findings.list[0].summary, "0x70000000, where KVM found no memory: ");
	assert_contains(sc.findings.list[0].confidence_reason, "KVM answered a table walk");
	sc.evidence.is_traced = true;
	assert_contains(scenario_diagnose()->confidence_reason, "table walk faulted over and over");
}

static void tables_in_memory_are_no_cause(void **state)
{
	struct nisv_rec_fault rec = scenario_walk(RAM_BASE + 0x1000, 0x40000010);

	(void)state;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	scenario_forget();
	rec = scenario_walk(TABLE, 0x40000010);
	rec.kind = NISV_KIND_NISV; /* no walk */
	assert_string_not_equal(scenario_explain(&rec)->cause, "uninitialised-page-table");
}

static void a_nested_walk_is_not_ours(void **state)
{
	struct nisv_rec_fault rec = scenario_walk(TABLE, 0x40000010);
	const struct finding *f;

	(void)state;
	rec.nested = NISV_NESTED_OWN;
	f = scenario_explain(&rec);
	assert_finding(f, "nested-guest-fault", 0.8);
	assert_contains(f->where, "nested guest");
}

/* ---- s1ptw-truncated-ipa-erratum ------------------------------------------------------------ */

static struct nisv_rec_fault a32_walk(uint64_t table)
{
	struct nisv_rec_fault rec;

	scenario_slot(1, 0x400000000, GIB, 0);
	rec = scenario_walk(table, 0xc0001000);
	rec.pstate = A32_SVC;
	return rec;
}

static void the_cpu_cut_the_address(void **state)
{
	struct nisv_rec_fault rec = a32_walk(0x3deb0000);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "s1ptw-truncated-ipa-erratum", 0.65);
	assert_contains(f->summary, "where no memory is, while 0x43deb0000 is RAM");
	assert_contains(f->where, "likely at 0x43deb0000");
	assert_advice(f, "less than 4 GiB of RAM");
	assert_alternative(f, "uninitialised-page-table", 0.6);
	assert_degrades();
}

/* A root that is itself outside memory was not cut. */
static void a_root_outside_memory_was_not_cut(void **state)
{
	struct nisv_rec_fault rec = a32_walk(0x3deb0000);

	(void)state;
	rec.sys.ttbr0 = 0x3deb0000;
	assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.92);
	assert_alternative(&sc.findings.list[0], "s1ptw-truncated-ipa-erratum", 0.65);
}

static void only_32_bit_guests_walks_are_cut(void **state)
{
	struct nisv_rec_fault rec = a32_walk(0x3deb0000);

	(void)state;
	rec.pstate = EL1H;
	assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.8);
	scenario_reset();
	rec = a32_walk(0x3deb0000);
	rec.layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_explain(&rec), "s1ptw-truncated-ipa-erratum", 0.6);
	scenario_reset();
	rec = a32_walk(0x3deb0000);
	rec.kind = NISV_KIND_NISV; /* no walk */
	rec.esr = ESR_READ;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	assert_int_equal(sc.findings.list[0].n_alternatives, 0);
	scenario_reset();
	rec = a32_walk(0x13deb0000); /* above 4 GiB: not cut */
	assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.8);
	scenario_reset();
	rec = a32_walk(0x7deb0000); /* nothing is a multiple of 4 GiB above it */
	assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.8);
}

/* The guest's own tables name the page: what KVM told is what the CPU read. */
static void an_address_in_the_guests_tables_was_not_cut(void **state)
{
	struct nisv_rec_fault rec = a32_walk(0x3deb0000), retraced = retraced_walk(0x3deb0000);

	(void)state;
	rec.walk = retraced.walk;
	assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.92);
	assert_int_equal(sc.findings.list[0].n_alternatives, 0);
}

/* Up to 1 TiB: 40 bits of IPA. And it is RAM that is looked for. */
static void how_far_a_cut_address_may_be(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(1, 0xff00000000, GIB, 0);
	rec = scenario_walk(0x1000, 0xc0001000);
	rec.pstate = A32_SVC;
	assert_finding(scenario_explain(&rec), "s1ptw-truncated-ipa-erratum", 0.65);
	scenario_reset();
	scenario_slot(1, 0x10000000000, GIB, 0);
	assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.8);
	scenario_reset();
	scenario_slot(1, 0xff00000000, GIB, NISV_SLOT_READONLY);
	assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.8);
	scenario_reset();
	scenario_slot(1, 0xff00000000, 0x10000, 0); /* a BAR */
	assert_finding(scenario_explain(&rec), "uninitialised-page-table", 0.8);
}

/* ---- tables in read-only memory ------------------------------------------------------------- */

static struct nisv_rec_fault walk_in_flash(uint64_t esr, const char *kernel, const char *build)
{
	struct nisv_rec_fault rec;

	scenario_reset();
	scenario_slot(2, 0, 64 * MIB, NISV_SLOT_READONLY);
	snprintf(sc.host.kernel, sizeof(sc.host.kernel), "%s", kernel);
	snprintf(sc.host.kernel_build, sizeof(sc.host.kernel_build), "%s", build);
	rec = scenario_walk(0x9000, 0x4007c000);
	rec.esr = esr;
	return rec;
}

static void the_hosts_kernel_lacks_the_fix(void **state)
{
	struct nisv_rec_fault rec = walk_in_flash(ESR_TRANSLATION, "6.1.5", "#1 SMP");
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "host-kernel-s1ptw-ro-bug", 0.92);
	assert_contains(f->summary, "walked its page tables to 0x9000, a translation table in the "
				    "read-only memslot 2 (0x0-0x4000000)");
	assert_contains(f->where, "inside memory, in memslot 2");
	assert_contains(f->how, "take every fault of a table walk for a write");
	assert_evidence(f, "The host runs Linux 6.1.5, which lacks 406504c7b040");
	assert_advice(f, "6.1.7");
	assert_int_equal(f->n_alternatives, 0);
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "host-kernel-s1ptw-ro-bug", 0.8);
}

static void whether_the_hosts_kernel_has_the_fix_is_not_told(void **state)
{
	struct nisv_rec_fault rec = walk_in_flash(ESR_TRANSLATION, "6.1.0-18-arm64", "");
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "host-kernel-s1ptw-ro-bug", 0.6);
	assert_evidence(f, "The host runs Linux 6.1.0-18-arm64");
	assert_contains(f->confidence_reason, "its version does not tell");
	rec = walk_in_flash(ESR_TRANSLATION, "", "");
	assert_finding(scenario_explain(&rec), "host-kernel-s1ptw-ro-bug", 0.6);
	assert_evidence(&sc.findings.list[0], "The version of the host's kernel is not known");
}

static void the_hosts_kernel_has_the_fix(void **state)
{
	struct nisv_rec_fault rec = walk_in_flash(ESR_TRANSLATION, "6.1.0-56-arm64",
						  "#1 SMP Debian 6.1.192-3 (2026-11-02)");
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "pagetable-in-readonly-slot", 0.5);
	assert_int_equal(f->n_alternatives, 0);
}

static void the_cpu_wants_to_write_to_the_table(void **state)
{
	struct nisv_rec_fault rec = walk_in_flash(ESR_PERMISSION, "6.1.5", "");
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "pagetable-in-readonly-slot", 0.86);
	assert_contains(f->confidence_reason, "access flag or dirty state");
	assert_advice(f, "TCR_EL1.HA and HD");
	assert_int_equal(f->n_alternatives, 0); /* the bug is one of translation faults */
	assert_degrades();
	rec = walk_in_flash(ESR_ACCESS_FLAG, "6.1.5", "");
	assert_finding(scenario_explain(&rec), "pagetable-in-readonly-slot", 0.5);
}

static void tables_in_writable_memory_are_no_cause(void **state)
{
	struct nisv_rec_fault rec = walk_in_flash(ESR_TRANSLATION, "6.1.5", "");

	(void)state;
	scenario_reset();
	scenario_slot(2, 0, 64 * MIB, 0);
	rec.slot.flags = 0;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	scenario_forget();
	rec.slot.flags = NISV_SLOT_READONLY;
	rec.kind = NISV_KIND_NISV; /* a write, not a walk */
	rec.esr = 0x92000046;
	assert_finding(scenario_explain(&rec), "readonly-slot-write-nisv", 0.95);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(the_ttbr_points_to_nothing),
		SCENARIO_TEST(the_high_half_has_its_own_root),
		SCENARIO_TEST(a_tagged_address_is_of_the_low_half),
		SCENARIO_TEST(a_table_that_is_no_root),
		SCENARIO_TEST(the_walk_was_retraced),
		SCENARIO_TEST(a_walk_that_explains_nothing_is_no_evidence),
		SCENARIO_TEST(a_walk_whose_map_was_read_later),
		SCENARIO_TEST(tables_in_memory_are_no_cause),
		SCENARIO_TEST(a_nested_walk_is_not_ours),
		SCENARIO_TEST(the_cpu_cut_the_address),
		SCENARIO_TEST(a_root_outside_memory_was_not_cut),
		SCENARIO_TEST(only_32_bit_guests_walks_are_cut),
		SCENARIO_TEST(an_address_in_the_guests_tables_was_not_cut),
		SCENARIO_TEST(how_far_a_cut_address_may_be),
		SCENARIO_TEST(the_hosts_kernel_lacks_the_fix),
		SCENARIO_TEST(whether_the_hosts_kernel_has_the_fix_is_not_told),
		SCENARIO_TEST(the_hosts_kernel_has_the_fix),
		SCENARIO_TEST(the_cpu_wants_to_write_to_the_table),
		SCENARIO_TEST(tables_in_writable_memory_are_no_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
