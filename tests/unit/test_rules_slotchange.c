/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Memslots that were taken away, or changed under a vCPU. Each cause on the evidence it is made
 * for, and each guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define AT     (100 * SECOND) /* when the fault happened */
#define PLUG   0x50000000ULL
#define FLASH1 0x04000000ULL

/* ---- memslot-update-race -------------------------------------------------------------------- */

static void a_slot_flagged_invalid(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_slot(1, 0x48000000, 2 * MIB, NISV_SLOT_INVALID);
	rec = scenario_nisv(0x48000100, LDP);
	f = scenario_explain(&rec);
	assert_finding(f, "memslot-update-race", 0.95);
	assert_contains(f->summary, "in memslot 1 while the VMM was changing it");
	assert_contains(f->where, "While the VMM deletes or replaces a slot");
	assert_contains(f->region, "being changed");
	assert_advice(f, "KVM has no atomic replacement");
	assert_degrades();
	/* Seen after the fault only. */
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "memslot-update-race", 0.8);
}

/* Whatever used the memory; but not where KVM found it and could not use it. */
static void a_changing_slot_explains_every_kind(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(1, 0x48000000, 2 * MIB, NISV_SLOT_INVALID);
	rec = scenario_exec(0x48000100);
	assert_finding(scenario_explain(&rec), "memslot-update-race", 0.95);
	assert_contains(sc.findings.list[0].how, "as if it was outside memory");
	scenario_forget();
	rec = scenario_walk(0x48001000, 0x40000010);
	assert_finding(scenario_explain(&rec), "memslot-update-race", 0.95);
	scenario_forget();
	rec = scenario_fault(NISV_KIND_BACKING, 0x48001000);
	rec.outcome = NISV_OUTCOME_VM_KILLED;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	scenario_forget();
	rec = scenario_nisv(0x48000100, LDP);
	rec.nested = NISV_NESTED_OWN;
	assert_finding(scenario_explain(&rec), "nested-guest-fault", 0.8);
}

/* The history of the memslots has it deleted before and made again after the fault. */
static void a_slot_that_was_replaced(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv_at(PLUG + 0x40, LDP, AT);
	const struct finding *f;

	(void)state;
	sc.evidence.vmm = "qemu";
	scenario_change(NISV_SLOT_DELETED, AT - 3 * MS, 4, PLUG, MIB, 0);
	scenario_change(NISV_SLOT_CREATED, AT + 2 * MS, 4, PLUG, MIB, 0);
	f = scenario_explain(&rec);
	assert_finding(f, "memslot-update-race", 0.9);
	assert_contains(f->summary, "in memslot 4 while the VMM was changing it");
	assert_evidence(f, "Memslot 4, which held the address, was deleted 3 ms before the fault; "
			   "it was back after it");
	assert_advice(f, "QEMU 8.0 or later");
	assert_degrades();
}

static void a_slot_that_was_replaced_slowly(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv_at(PLUG + 0x40, LDP, AT);

	(void)state;
	scenario_change(NISV_SLOT_DELETED, AT - 9 * MS, 4, PLUG, MIB, 0);
	scenario_change(NISV_SLOT_CREATED, AT + 10 * MS, 4, PLUG, MIB, 0);
	assert_finding(scenario_explain(&rec), "memslot-update-race", 0.9);
	sc.slots.list[1].from_ns = sc.slots.list[1].until_ns = AT + 11 * MS; /* 20 ms away */
	assert_finding(scenario_diagnose(), "memslot-update-race", 0.55);
	sc.slots.list[1].from_ns = sc.slots.list[1].until_ns = AT + 5 * MS;
	sc.slots.list[0].from_ns = sc.slots.list[0].until_ns = AT - 10 * MS;
	assert_finding(scenario_diagnose(), "unknown", 0.2);
}

/* Not back yet, as far as nisvd knows, but the VMM does that all the time. */
static void a_slot_that_is_replaced_all_the_time(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv_at(PLUG + 0x40, LDP, AT);
	struct slot_change *list;

	(void)state;
	scenario_change(NISV_SLOT_DELETED, AT - 900 * MS, 4, PLUG, MIB, 0);
	scenario_change(NISV_SLOT_CREATED, AT - 881 * MS, 4, PLUG, MIB, 0);
	scenario_change(NISV_SLOT_DELETED, AT - 800 * MS, 4, PLUG, MIB, 0);
	scenario_change(NISV_SLOT_CREATED, AT - 799 * MS, 4, PLUG, MIB, 0);
	scenario_change(NISV_SLOT_DELETED, AT - 99 * MS, 4, PLUG, MIB, 0);
	list = sc.slots.list;
	assert_finding(scenario_explain(&rec), "memslot-update-race", 0.75);
	assert_alternative(&sc.findings.list[0], "memory-hotunplugged", 0.4);
	list[4].from_ns = list[4].until_ns = AT - 100 * MS; /* too long for a replacement */
	assert_finding(scenario_diagnose(), "memory-hotunplugged", 0.86);
	/* Too many changes to be told one by one: this one was found by a later reading. */
	list[4].from_ns = AT - 700 * MS;
	list[4].until_ns = AT;
	assert_finding(scenario_diagnose(), "memslot-update-race", 0.75);
	assert_alternative(&sc.findings.list[0], "memory-hotunplugged", 0.6);
	assert_degrades();
	/* Once is not all the time: the other was not so fast, long ago, of another slot. */
	list[1].from_ns = list[1].until_ns = AT - 880 * MS;
	assert_finding(scenario_diagnose(), "memory-hotunplugged", 0.6);
	list[1].from_ns = list[1].until_ns = AT - 881 * MS;
	list[0].from_ns = list[0].until_ns = AT - 1701 * MS;
	assert_finding(scenario_diagnose(), "memory-hotunplugged", 0.6);
	list[0].from_ns = list[0].until_ns = AT - 900 * MS;
	list[0].slot.id = 5;
	assert_finding(scenario_diagnose(), "memory-hotunplugged", 0.6);
	list[0].slot.id = 4;
	assert_finding(scenario_diagnose(), "memslot-update-race", 0.75);
	/* Flash, which the guest itself makes come and go. */
	list[4].slot.flags = NISV_SLOT_READONLY;
	assert_finding(scenario_diagnose(), "flash-command-mode-read", 0.6);
}

/* Back before the fault: that removal has nothing to do with it. */
static void a_slot_that_was_back_in_time(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv_at(PLUG + 0x40, LDP, AT);

	(void)state;
	scenario_change(NISV_SLOT_DELETED, AT - 3 * MS, 4, PLUG, MIB, 0);
	scenario_change(NISV_SLOT_CREATED, AT - 2 * MS, 4, PLUG, MIB, 0);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

/* What comes into another address space (x86's SMM), or changes its flags only, brings nothing
 * back: the slot counts as gone. */
static void changes_that_bring_nothing_back(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv_at(PLUG + 0x40, LDP, AT);

	(void)state;
	scenario_change(NISV_SLOT_DELETED, AT - 3 * MS, 4, PLUG, MIB, 0);
	scenario_change(NISV_SLOT_CREATED, AT + 2 * MS, 4, PLUG, MIB, 0);
	sc.slots.list[1].slot.as_id = 1;
	assert_finding(scenario_explain(&rec), "memslot-update-race", 0.55);
	sc.slots.list[1].slot.as_id = 0;
	sc.slots.list[1].what = NISV_SLOT_FLAGS;
	assert_finding(scenario_diagnose(), "memslot-update-race", 0.55);
	sc.slots.list[1].what = NISV_SLOT_CREATED;
	sc.slots.list[0].from_ns = sc.slots.list[0].until_ns =
		AT; /* at the very time of the fault */
	assert_finding(scenario_diagnose(), "memslot-update-race", 0.9);
}

/* Flash comes and goes as the guest commands it: no race. */
static void replaced_flash_is_its_command_mode(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt_v3();
	rec = scenario_nisv_at(FLASH1 + 0x100, LDP, AT);
	scenario_change(NISV_SLOT_DELETED, AT - 3 * MS, 2, FLASH1, 64 * MIB, NISV_SLOT_READONLY);
	scenario_change(NISV_SLOT_CREATED, AT + 2 * MS, 2, FLASH1, 64 * MIB, NISV_SLOT_READONLY);
	assert_finding(scenario_explain(&rec), "flash-command-mode-read", 0.87);
	assert_alternative(&sc.findings.list[0], "memslot-update-race", 0.6);
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
	assert_finding(f, "memslot-update-race", 0.65);
	assert_contains(f->summary, "where memslot 1 is now, but was not then");
	assert_alternative(f, "access-past-ram-end", 0.35);
	assert_degrades();

	scenario_reset();
	rec = scenario_nisv(RAM_END, LDP);
	rec.generation |= 1ULL << 63;
	scenario_slot(1, RAM_END, 2 * MIB, 0);
	sc.layout.generation = 6;
	f = scenario_explain(&rec);
	assert_finding(f, "memslot-update-race", 0.8);
	assert_evidence(f, "generation 4, a change in progress");
}

/* What is known of the map is from before the fault: nothing came. */
static void a_map_that_is_older_than_the_fault(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

	(void)state;
	rec.generation = 8;
	scenario_slot(1, RAM_END, 2 * MIB, 0);
	sc.layout.generation = 6;
	assert_finding(scenario_explain(&rec), "access-past-ram-end", 0.9);
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
	assert_finding(scenario_diagnose(), "memslot-update-race", 0.95);
	rec.count = 4;
	rec.slot.id = -1; /* and stays proven */
	scenario_add(&rec);
	assert_finding(scenario_diagnose(), "memslot-update-race", 0.95);
}

static void a_writable_slot_contradicts_enosys(void **state)
{
	static const struct {
		enum nisv_outcome outcome;
		enum nisv_layout_state layout;
		const char *cause;
		double confidence;
	} cases[] = {
		{NISV_OUTCOME_VM_KILLED, NISV_LAYOUT_STABLE, "memslot-update-race", 0.6},
		{NISV_OUTCOME_VMM_DECIDES, NISV_LAYOUT_STABLE, "memslot-update-race", 0.6},
		{NISV_OUTCOME_VM_KILLED, NISV_LAYOUT_AFTER, "memslot-update-race", 0.5},
		{NISV_OUTCOME_UNKNOWN, NISV_LAYOUT_STABLE, "unknown", 0.2},
		{NISV_OUTCOME_ABORT_INJECTED, NISV_LAYOUT_STABLE, "unknown", 0.2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nisv_rec_fault rec;

		scenario_reset();
		rec = scenario_nisv(RAM_BASE + 0x100, LDP);
		rec.outcome = cases[i].outcome;
		rec.layout_state = cases[i].layout;
		assert_finding(scenario_explain(&rec), cases[i].cause, cases[i].confidence);
	}
	assert_contains(sc.findings.list[0].where,
			"A writable memslot holds the address at the fault");
}

/* ---- flash-command-mode-read ---------------------------------------------------------------- */

static void flash_was_in_command_mode(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt_v3();
	rec = scenario_nisv_at(FLASH1 + 0x100, LDP, AT);
	scenario_change(NISV_SLOT_DELETED, AT - 500 * MS, 2, FLASH1, 64 * MIB, NISV_SLOT_READONLY);
	f = scenario_explain(&rec);
	assert_finding(f, "flash-command-mode-read", 0.87);
	assert_contains(f->summary, "on 0x4000100, the flash, which is in command mode and so no "
				    "memory for the time");
	assert_contains(f->where, "Memslot 2, which held the address, was deleted 500 ms before "
				  "the fault: while flash is in command");
	assert_advice(f, "CFI command 0xff");
	assert_int_equal(f->n_alternatives, 0); /* that it was taken away says less */
	assert_degrades();
	/* So long no erase takes. */
	sc.slots.list[0].from_ns = sc.slots.list[0].until_ns = AT - 60 * SECOND;
	assert_finding(scenario_diagnose(), "flash-command-mode-read", 0.6);
}

static void rom_that_may_be_flash(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv_at(0x30000100, LDP, AT);
	const struct finding *f;

	(void)state;
	scenario_change(NISV_SLOT_DELETED, AT - 500 * MS, 2, 0x30000000, MIB, NISV_SLOT_READONLY);
	f = scenario_explain(&rec);
	assert_finding(f, "flash-command-mode-read", 0.6);
	assert_contains(f->summary, "what was read-only memory, which is in command mode");
	sc.slots.list[0].from_ns = sc.slots.list[0].until_ns = 0;
	assert_finding(scenario_diagnose(), "memory-hotunplugged", 0.6);
	assert_alternative(&sc.findings.list[0], "flash-command-mode-read", 0.3);
}

static void what_is_not_flash_in_command_mode(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt_v3();
	rec = scenario_nisv_at(FLASH1 + 0x100, STP, AT); /* a write */
	scenario_change(NISV_SLOT_DELETED, AT - 500 * MS, 2, FLASH1, 64 * MIB, NISV_SLOT_READONLY);
	assert_finding(scenario_explain(&rec), "memory-hotunplugged", 0.6);
	scenario_forget();
	rec = scenario_nisv_at(FLASH1 + 0x100, LDP, AT);
	sc.slots.list[0].slot.flags = 0; /* the memory was writable */
	assert_finding(scenario_explain(&rec), "memory-hotunplugged", 0.86);
	sc.slots.list[0].slot.flags = NISV_SLOT_READONLY;
	sc.slots.list[0].from_ns = sc.slots.list[0].until_ns = AT + 1; /* after the fault */
	assert_finding(scenario_diagnose(), "unknown", 0.2);
	/* Flash that is there. */
	scenario_reset();
	scenario_qemu_virt_v3();
	scenario_slot(2, FLASH1, 64 * MIB, NISV_SLOT_READONLY);
	scenario_change(NISV_SLOT_DELETED, AT - 500 * MS, 2, FLASH1, 64 * MIB, NISV_SLOT_READONLY);
	rec = scenario_nisv_at(FLASH1 + 0x100, LDP, AT);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(a_slot_flagged_invalid),
		SCENARIO_TEST(a_changing_slot_explains_every_kind),
		SCENARIO_TEST(a_slot_that_was_replaced),
		SCENARIO_TEST(a_slot_that_was_replaced_slowly),
		SCENARIO_TEST(a_slot_that_is_replaced_all_the_time),
		SCENARIO_TEST(a_slot_that_was_back_in_time),
		SCENARIO_TEST(changes_that_bring_nothing_back),
		SCENARIO_TEST(replaced_flash_is_its_command_mode),
		SCENARIO_TEST(a_slot_that_came_back),
		SCENARIO_TEST(a_map_that_is_older_than_the_fault),
		SCENARIO_TEST(a_later_record_proves_the_race),
		SCENARIO_TEST(a_writable_slot_contradicts_enosys),
		SCENARIO_TEST(flash_was_in_command_mode),
		SCENARIO_TEST(rom_that_may_be_flash),
		SCENARIO_TEST(what_is_not_flash_in_command_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
