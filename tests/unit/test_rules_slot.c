/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A memslot itself: read-only, being changed, without memory; and addresses beyond all. Each cause
 * on the evidence it is made for, and each guard that keeps it from being claimed. */

#include "tests/unit/scenario.h"

/* ---- readonly-slot-write-nisv --------------------------------------------------------------- */

static void write_to_flash(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	scenario_slot(2, 0, 64 * MIB, NISV_SLOT_READONLY);
	rec = scenario_nisv(0x1000, 0xa9000801); /* stp x1, x2, [x0] */
	rec.esr = 0x92000046;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "readonly-slot-write-nisv");
	assert_confidence(f, 0.95);
	assert_contains(f->summary, "a write to the read-only memslot 2 (FLASH, 0x0-0x4000000)");
	assert_advice(f, "variable store");
}

static void cache_maintenance_on_flash_is_something_else(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_slot(2, 0, 64 * MIB, NISV_SLOT_READONLY);
	rec = scenario_nisv(0x1000, 0xd5087620); /* dc ivac, x0 */
	rec.esr = 0x92000146;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");
	assert_contains(f->how, "cache maintenance");
	assert_contains(f->where, "inside a read-only memslot");
}

static void a_read_is_no_write(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(2, 0, 64 * MIB, NISV_SLOT_READONLY);
	rec = scenario_nisv(0x1000, LDP);
	assert_string_equal(scenario_explain(&rec)->cause, "unknown");
}

static void a_walk_in_flash_is_something_else(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(2, 0, 64 * MIB, NISV_SLOT_READONLY);
	rec = scenario_fault(NISV_KIND_WALK, 0x9000);
	rec.esr = 0x920000c7;
	assert_string_equal(scenario_explain(&rec)->cause, "unknown");
}

/* ---- memslot-update-race -------------------------------------------------------------------- */

static void slot_flagged_invalid(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_slot(1, 0x48000000, 2 * MIB, NISV_SLOT_INVALID);
	rec = scenario_nisv(0x48000100, LDP);
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "memslot-update-race");
	assert_confidence(f, 0.95);
	assert_contains(f->summary, "in memslot 1 while the VMM was changing it");
	assert_contains(f->region, "being changed");
}

/* Most faults of a slot that is deleted and re-added find no slot at all. */
static void a_slot_that_came_back(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);
	const struct finding *f;

	(void)state;
	scenario_slot(1, RAM_END, 2 * MIB, 0);
	sc.layout.generation = 6;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "memslot-update-race");
	assert_confidence(f, 0.65);
	assert_contains(f->summary, "where memslot 1 is now, but was not then");
	assert_string_equal(f->alternatives[0].cause, "access-past-ram-end");

	scenario_teardown(state);
	scenario_setup(state);
	rec = scenario_nisv(RAM_END, LDP);
	rec.generation |= 1ULL << 63;
	scenario_slot(1, RAM_END, 2 * MIB, 0);
	f = scenario_explain(&rec);
	assert_confidence(f, 0.8);
	assert_evidence(f, "generation 4, a change in progress");
}

/* The record that caught the slot flagged INVALID proves it for the whole site. */
static void a_later_record_proves_the_race(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

	(void)state;
	scenario_add(&rec);
	assert_string_equal(scenario_diagnose()->cause, "access-past-ram-end");
	rec.count = 2;
	rec.slot = (struct nisv_slot){.gpa = RAM_END, .size = 2 * MIB, .flags = NISV_SLOT_INVALID};
	scenario_add(&rec);
	assert_string_equal(scenario_diagnose()->cause, "memslot-update-race");
	assert_confidence(&sc.findings.list[0], 0.95);
	rec.count = 4;
	rec.slot.id = -1; /* and stays proven */
	scenario_add(&rec);
	assert_confidence(scenario_diagnose(), 0.95);
}

static void a_writable_slot_contradicts_enosys(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_BASE + 0x100, LDP);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "memslot-update-race");
	assert_confidence(f, 0.6);
}

static void a_writable_slot_without_an_outcome_is_unknown(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_BASE + 0x100, LDP);
	const struct finding *f;

	(void)state;
	rec.outcome = NISV_OUTCOME_UNKNOWN;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");
	assert_contains(f->where, "A writable memslot holds the address at the fault");
	assert_int_equal(f->severity, SEVERITY_WARNING);
}

/* ---- backing-gone --------------------------------------------------------------------------- */

static void efault_inside_a_slot(void **state)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_BACKING, RAM_BASE + 0x2000);
	const struct finding *f;

	(void)state;
	rec.esr = 0x93810006;
	rec.outcome = NISV_OUTCOME_VM_KILLED;
	rec.errno_ = -EFAULT;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "backing-gone");
	assert_confidence(f, 0.85);
	assert_int_equal(f->severity, SEVERITY_FATAL);
	assert_contains(f->summary, "KVM_RUN failed with EFAULT");
	assert_contains(f->summary, "0x7f0040002000");
	assert_string_equal(f->alternatives[0].cause, "backing-not-faultable");
	assert_advice(f, "/proc/PID/maps");
}

static void efault_proves_the_slot(void **state)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_BACKING, RAM_BASE + 0x2000);

	(void)state;
	rec.layout_state = NISV_LAYOUT_AFTER; /* no first phase: this is how these records come */
	rec.outcome = NISV_OUTCOME_VM_KILLED;
	rec.errno_ = -EFAULT;
	assert_confidence(scenario_explain(&rec), 0.85);
	assert_null(strstr(sc.findings.list[0].confidence_reason, "after the fault"));
}

static void efault_outside_slots_is_unknown(void **state)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_BACKING, 0x70000000);

	(void)state;
	rec.esr = 0x93810006;
	rec.outcome = NISV_OUTCOME_VM_KILLED;
	rec.errno_ = -EFAULT;
	assert_string_equal(scenario_explain(&rec)->cause, "unknown");
}

/* ---- beyond-ipa-limit ----------------------------------------------------------------------- */

static void beyond_the_ipa_size(void **state)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_BEYOND_IPA, 0x10000000000);
	const struct finding *f;

	(void)state;
	rec.esr = 0x92000044;
	rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "beyond-ipa-limit");
	assert_confidence(f, 0.97);
	assert_contains(f->where, "40 bits");
	assert_contains(f->where, "up to 0xffffffffff");
	assert_int_equal(f->severity, SEVERITY_ERROR);
}

static void beyond_an_unknown_limit(void **state)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_BEYOND_IPA, 0x10000000000);

	(void)state;
	sc.layout.ipa_bits = 0;
	rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
	assert_confidence(scenario_explain(&rec), 0.9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(write_to_flash),
		SCENARIO_TEST(cache_maintenance_on_flash_is_something_else),
		SCENARIO_TEST(a_read_is_no_write),
		SCENARIO_TEST(a_walk_in_flash_is_something_else),
		SCENARIO_TEST(slot_flagged_invalid),
		SCENARIO_TEST(a_slot_that_came_back),
		SCENARIO_TEST(a_later_record_proves_the_race),
		SCENARIO_TEST(a_writable_slot_contradicts_enosys),
		SCENARIO_TEST(a_writable_slot_without_an_outcome_is_unknown),
		SCENARIO_TEST(efault_inside_a_slot),
		SCENARIO_TEST(efault_proves_the_slot),
		SCENARIO_TEST(efault_outside_slots_is_unknown),
		SCENARIO_TEST(beyond_the_ipa_size),
		SCENARIO_TEST(beyond_an_unknown_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
