/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Memory, or a BAR, that the VMM took away: memory-hotunplugged on the evidence it is made for, and
 * each guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define AT   (100 * SECOND) /* when the fault happened */
#define PLUG 0x50000000ULL

/* ---- memory-hotunplugged -------------------------------------------------------------------- */

static void memory_that_was_unplugged(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv_at(PLUG + 0x40, LDP, AT);
	const struct finding *f;

	(void)state;
	sc.evidence.vmm = "qemu";
	scenario_change(NISV_SLOT_DELETED, AT - 2500 * MS, 4, PLUG, MIB, 0);
	f = scenario_explain(&rec);
	assert_finding(f, "memory-hotunplugged", 0.86);
	assert_contains(f->summary,
			"on 0x50000040, where memslot 4 was until the VMM took it away");
	assert_contains(f->where, "was deleted 2.5 s before the fault. No memslot holds");
	assert_advice(f, "device_del waits for that");
	assert_degrades();
}

static void how_long_ago(void **state)
{
	static const struct {
		uint64_t ago;
		const char *words;
	} cases[] = {
		{10 * MS, "deleted 10 ms before"},
		{119 * SECOND, "deleted 119.0 s before"},
		{120 * SECOND, "deleted 2 minutes before"},
		{2 * 3600 * SECOND, "deleted 2 hours before"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nisv_rec_fault rec;
		const struct finding *f;

		scenario_reset();
		rec = scenario_nisv_at(PLUG + 0x40, LDP, AT);
		rec.hdr.time_ns = 10000 * SECOND;
		scenario_change(NISV_SLOT_DELETED, rec.hdr.time_ns - cases[i].ago, 4, PLUG, MIB, 0);
		f = scenario_explain(&rec);
		assert_finding(f, "memory-hotunplugged", 0.86);
		assert_contains(f->where, cases[i].words);
	}
}

/* Told by KVM at the moment it may be a replacement; by two readings it is just not better known.
 */
static void memory_that_was_deleted_just_now(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv_at(PLUG + 0x40, LDP, AT);
	const struct finding *f;

	(void)state;
	scenario_change(NISV_SLOT_DELETED, AT - 9 * MS, 4, PLUG, MIB, 0);
	f = scenario_explain(&rec);
	assert_finding(f, "memslot-update-race", 0.55);
	assert_alternative(f, "memory-hotunplugged", 0.4);
	sc.slots.list[0].from_ns = AT - 5 * SECOND;
	f = scenario_diagnose();
	assert_finding(f, "memory-hotunplugged", 0.6);
	assert_contains(f->where, "was deleted at least 9 ms before the fault");
	sc.slots.list[0].until_ns = AT + SECOND;
	assert_contains(scenario_diagnose()->where, "was deleted about 0 ms before the fault");
}

static void memory_that_was_moved(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv_at(PLUG + 0x40, LDP, AT);
	const struct finding *f;

	(void)state;
	scenario_change(NISV_SLOT_MOVED, AT - SECOND, 4, PLUG + 0x80000, MIB, 0);
	sc.slots.list[0].gpa_before = PLUG;
	f = scenario_explain(&rec);
	assert_finding(f, "memory-hotunplugged", 0.86);
	assert_contains(f->where, "was moved away 1.0 s before the fault");
	/* It still holds the address, or never did. */
	sc.slots.list[0].gpa_before = PLUG - MIB;
	assert_finding(scenario_diagnose(), "unknown", 0.2);
	sc.slots.list[0].gpa_before = PLUG;
	sc.slots.list[0].slot.gpa = PLUG - 0x80000;
	assert_finding(scenario_diagnose(), "unknown", 0.2);
}

static void every_use_of_unplugged_memory(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(PLUG);

	(void)state;
	scenario_change(NISV_SLOT_DELETED, AT - SECOND, 4, PLUG, MIB, 0);
	rec.hdr.time_ns = AT;
	assert_finding(scenario_explain(&rec), "memory-hotunplugged", 0.86);
	assert_int_equal(sc.findings.list[0].n_alternatives, 0); /* the jump says less of it */
	assert_degrades();
	/* That the abort was seen makes the jump surer, but says not why there is no memory. */
	sc.faults->sites[0].outcome = NISV_OUTCOME_ABORT_INJECTED;
	assert_finding(scenario_diagnose(), "memory-hotunplugged", 0.86);
	assert_degrades();
	scenario_forget();
	rec = scenario_walk(PLUG, 0x40000010);
	rec.sys.ttbr0 = PLUG;
	rec.hdr.time_ns = AT;
	assert_finding(scenario_explain(&rec), "memory-hotunplugged", 0.86);
	assert_int_equal(sc.findings.list[0].n_alternatives, 0);
	assert_degrades();
	scenario_forget();
	rec.sys.ttbr0 = PLUG;
	assert_finding(scenario_explain(&rec), "memory-hotunplugged", 0.86);
	assert_degrades();
	scenario_forget();
	rec = scenario_nisv_at(PLUG, LDP, AT);
	rec.nested = NISV_NESTED_OWN;
	assert_finding(scenario_explain(&rec), "nested-guest-fault", 0.8);
}

/* Memory that went away a moment before is as likely being replaced: the jump is the victim still.
 */
static void a_jump_into_memory_that_was_deleted_just_now(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(PLUG);

	(void)state;
	scenario_change(NISV_SLOT_DELETED, AT - 9 * MS, 4, PLUG, MIB, 0);
	rec.hdr.time_ns = AT;
	assert_finding(scenario_explain(&rec), "memslot-update-race", 0.55);
	assert_alternative(&sc.findings.list[0], "memory-hotunplugged", 0.4);
}

/* Another address space's, another place, or memory that is back. */
static void what_was_not_unplugged(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv_at(PLUG + 0x40, LDP, AT);

	(void)state;
	scenario_change(NISV_SLOT_DELETED, AT - SECOND, 4, PLUG, MIB, 0);
	scenario_add(&rec);
	sc.slots.list[0].slot.as_id = 1;
	assert_finding(scenario_diagnose(), "unknown", 0.2);
	sc.slots.list[0].slot.as_id = 0;
	sc.slots.list[0].slot.size = 0x40;
	assert_finding(scenario_diagnose(), "unknown", 0.2);
	sc.slots.list[0].slot.size = MIB;
	scenario_change(NISV_SLOT_CREATED, AT + SECOND, 5, PLUG, MIB, 0);
	assert_finding(scenario_diagnose(), "unknown", 0.2);
}

/* RAM ended elsewhere when it was bigger: the layout alone would blame the guest. */
static void unplugged_memory_after_ram_is_not_past_its_end(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv_at(RAM_END + 0x40, LDP, AT);

	(void)state;
	scenario_change(NISV_SLOT_DELETED, AT - SECOND, 1, RAM_END, 16 * MIB, 0);
	assert_finding(scenario_explain(&rec), "memory-hotunplugged", 0.86);
	assert_int_equal(sc.findings.list[0].n_alternatives, 0);
	assert_degrades();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(memory_that_was_unplugged),
		SCENARIO_TEST(how_long_ago),
		SCENARIO_TEST(memory_that_was_deleted_just_now),
		SCENARIO_TEST(memory_that_was_moved),
		SCENARIO_TEST(every_use_of_unplugged_memory),
		SCENARIO_TEST(a_jump_into_memory_that_was_deleted_just_now),
		SCENARIO_TEST(what_was_not_unplugged),
		SCENARIO_TEST(unplugged_memory_after_ram_is_not_past_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
