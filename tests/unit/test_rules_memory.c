/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The layout of memory: its end, its holes, address zero. Each cause on the evidence it is made
 * for, and each guard that keeps it from being claimed. */

#include "tests/unit/scenario.h"

/* ---- access-past-ram-end -------------------------------------------------------------------- */

static void past_ram_end(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "access-past-ram-end");
	assert_int_equal(f->severity, SEVERITY_FATAL);
	assert_confidence(f, 0.9);
	assert_string_equal(
		f->summary,
		"vCPU 0 executed `ldp x1, x2, [x0]` on 0x41000000, 0 bytes past the end "
		"of RAM (0x40000000-0x41000000, 16 MiB); the CPU did not describe the access "
		"and KVM_RUN failed with ENOSYS.");
	assert_contains(f->how, "pair of registers");
	assert_contains(f->region, "RAM 0x40000000-0x41000000 (16 MiB) ends 0 bytes below");
	assert_evidence(f, "ESR_EL2 0x92000005: Data Abort");
	assert_evidence(f, "is in no memslot");
	assert_evidence(f, "Base register x0 = 0x41000000, the faulting address itself");
	assert_evidence(f, "Memory map as the fault saw it (generation 4)");
	assert_evidence(f, "PC 0x40000004, EL1, MMU off");
	assert_evidence(f, "KVM_RUN returned ENOSYS");
	assert_advice(f, "mem_size_mib = 17 in");
	assert_true(f->has_address);
	assert_int_equal(f->address, RAM_END);
	assert_string_equal(confidence_word(f->confidence), "certain");
}

static void past_ram_end_far_from_its_first_page(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END + 63 * MIB, LDP);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "access-past-ram-end");
	assert_confidence(f, 0.75);
	assert_contains(f->summary, "63 MiB past the end of RAM");
}

static void far_past_ram_end_is_not_near_it(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END + 64 * MIB, LDP);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "unknown");
	assert_contains(f->where, "ends 64 MiB below");
	assert_int_equal(f->n_alternatives, 1);
	assert_string_equal(f->alternatives[0].cause, "access-past-ram-end");
	assert_string_equal(confidence_word(f->confidence), "possible");
}

static void the_limit_grows_with_ram(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	sc.rec.slots[0].size = 1024 * MIB;
	layout_from_record(&sc.layout, &sc.rec);
	rec = scenario_nisv(RAM_BASE + 1279 * MIB, LDP);
	assert_string_equal(scenario_explain(&rec)->cause, "access-past-ram-end");
}

static void the_command_line_wanted_more_ram(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END + 8 * MIB, LDP);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	sc.options.ram_bytes = 64 * MIB;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "access-past-ram-end");
	assert_confidence(f, 0.9);
	assert_contains(f->where, "asks for 64 MiB, the memslots hold 16 MiB");
	assert_evidence(f, "The command line asks for 64 MiB of RAM, the memslots hold 16 MiB");
	assert_advice(f, "-m 25M");
}

static void ram_is_not_short_where_slots_were_cut(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END + 8 * MIB, LDP);

	(void)state;
	sc.options.ram_bytes = 64 * MIB;
	sc.layout.total_slots = 200;
	assert_confidence(scenario_explain(&rec), 0.75);
}

static void crosvm_has_devices_past_ram(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);
	const struct finding *f;

	(void)state;
	sc.evidence.vmm = "crosvm";
	f = scenario_explain(&rec);
	assert_confidence(f, 0.5);
	assert_contains(f->confidence_reason, "crosvm");
}

static void ram_in_two_adjoining_slots_is_one(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(1, RAM_END, 16 * MIB, 0);
	rec = scenario_nisv(RAM_END + 16 * MIB, LDP);
	assert_contains(scenario_explain(&rec)->summary,
			"past the end of RAM (0x40000000-0x42000000, 32 MiB)");
}

/* ---- hole-between-slots --------------------------------------------------------------------- */

static void hole_between_ram(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_slot(1, 0x48000000, 16 * MIB, 0);
	rec = scenario_nisv(0x44000000, LDP);
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "hole-between-slots");
	assert_confidence(f, 0.85);
	assert_contains(f->summary,
			"in the hole between the RAM that ends at 0x41000000 and the RAM "
			"that begins at 0x48000000");
	assert_int_equal(f->n_alternatives, 1);
	assert_string_equal(f->alternatives[0].cause, "access-past-ram-end");
	assert_evidence(f, "RAM 0x48000000-0x49000000 (16 MiB) begins 64 MiB above");
}

/* 64 bytes past RAM, and a BAR in a window for devices far above: no RAM begins there. */
static void a_slot_in_a_window_makes_no_hole(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt();
	sc.machine.regions[sc.machine.n_regions++] =
		(struct machine_region){.name = "PCIe MMIO window (high)",
					.base = 0x8000000000,
					.size = 0x8000000000,
					.optional = true};
	scenario_slot(1, 0x8000000000, 64 * MIB, 0);
	rec = scenario_nisv(RAM_END + 0x40, LDP);
	assert_string_equal(scenario_explain(&rec)->cause, "access-past-ram-end");
	assert_confidence(&sc.findings.list[0], 0.9);
}

static void unproven_ram_makes_no_sure_hole(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(1, 0x48000000, 7 * MIB, 0); /* less than half of the RAM */
	rec = scenario_nisv(0x44000000, LDP);
	assert_string_equal(scenario_explain(&rec)->cause, "hole-between-slots");
	assert_confidence(&sc.findings.list[0], 0.6);
	sc.options.ram_bytes = 23 * MIB; /* it is RAM */
	assert_confidence(scenario_diagnose(), 0.85);
	sc.rec.slots[1].size = 16 * MIB; /* more than was asked for: one is none */
	layout_from_record(&sc.layout, &sc.rec);
	assert_confidence(scenario_diagnose(), 0.6);
}

static void crosvm_has_devices_between(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	sc.evidence.vmm = "crosvm";
	scenario_slot(1, 0x48000000, 16 * MIB, 0);
	rec = scenario_nisv(RAM_END + 0x40, LDP);
	assert_true(scenario_explain(&rec)->confidence <= 0.5);
}

/* Neither map nor VMM: nothing tells whether a device is there. */
static void without_a_map_nothing_is_likely(void **state)
{
	static const uint64_t addresses[] = {RAM_END, 0x10, 0x46000000};

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct nisv_rec_fault rec;
		const struct finding *f;

		scenario_teardown(state);
		scenario_setup(state);
		sc.evidence.vmm = "unknown";
		if (i == 2)
			scenario_slot(1, 0x48000000, 16 * MIB, 0);
		rec = scenario_nisv(addresses[i], LDP);
		f = scenario_explain(&rec);
		assert_string_not_equal(f->cause, "unknown");
		assert_true(f->confidence < 0.7);
		assert_contains(f->confidence_reason, "no reference map");
	}
}

/* What the VM has in all counts, not where its last piece begins. */
static void advice_counts_all_ram(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	sc.evidence.vmm = "cloud-hypervisor";
	sc.options.ram_bytes = 192 * MIB;
	sc.rec.n_slots = 0;
	scenario_slot(0, 0xf8000000, 64 * MIB, 0);
	scenario_slot(1, 0x100000000, 128 * MIB, 0);
	rec = scenario_nisv(0x108000040, LDP);
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "access-past-ram-end");
	assert_advice(f, "--memory size=193M");
}

static void a_small_slot_above_makes_no_hole(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(1, 0x48000000, 64 * 1024, 0); /* a BAR or a frame buffer */
	rec = scenario_nisv(RAM_END, LDP);
	assert_string_equal(scenario_explain(&rec)->cause, "access-past-ram-end");
}

static void rom_above_makes_no_hole(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(1, 0x48000000, 64 * MIB, NISV_SLOT_READONLY);
	rec = scenario_nisv(0x47000000, LDP);
	assert_string_equal(scenario_explain(&rec)->cause, "unknown");
}

/* ---- null-pointer-low-ipa ------------------------------------------------------------------- */

static void null_pointer(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x10, LDP);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "null-pointer-low-ipa");
	assert_confidence(f, 0.9);
	assert_contains(f->where, "the base register holds 0x10");
	assert_advice(f, "Find the pointer");
}

static void null_pointer_without_the_instruction(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0, 0);
	const struct finding *f;

	(void)state;
	rec.insn_state = NISV_INSN_UNREADABLE;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "null-pointer-low-ipa");
	assert_confidence(f, 0.8);
	assert_contains(f->summary, "vCPU 0 read from 0x0, next to address zero");
	assert_contains(f->how, "its page was not present on the host");
}

static void low_but_not_that_low(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x8000, 0);

	(void)state;
	assert_confidence(scenario_explain(&rec), 0.5);
}

static void a_mapped_low_address_is_no_null_pointer(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x10, 0);

	(void)state;
	rec.far = 0xffff800000000010;
	assert_string_equal(scenario_explain(&rec)->cause, "unknown");
}

static void memory_at_zero_is_no_null_pointer(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(1, 0, MIB, 0);
	rec = scenario_nisv(0x10, LDP);
	assert_string_not_equal(scenario_explain(&rec)->cause, "null-pointer-low-ipa");
}

static void low_devices_are_no_null_pointer(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x3f8, LDR_POST);
	const struct finding *f;

	(void)state;
	sc.evidence.vmm = "crosvm";
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");
	assert_int_equal(f->n_alternatives, 1);
	assert_string_equal(f->alternatives[0].cause, "null-pointer-low-ipa");
}

static void flash_of_other_vms_at_zero(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0, LDP);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "null-pointer-low-ipa");
	assert_confidence(f, 0.8);
	assert_contains(f->where, "FLASH");
	assert_advice(f, "QEMU passes no device tree in x0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(past_ram_end),
		SCENARIO_TEST(past_ram_end_far_from_its_first_page),
		SCENARIO_TEST(far_past_ram_end_is_not_near_it),
		SCENARIO_TEST(the_limit_grows_with_ram),
		SCENARIO_TEST(the_command_line_wanted_more_ram),
		SCENARIO_TEST(ram_is_not_short_where_slots_were_cut),
		SCENARIO_TEST(crosvm_has_devices_past_ram),
		SCENARIO_TEST(ram_in_two_adjoining_slots_is_one),
		SCENARIO_TEST(hole_between_ram),
		SCENARIO_TEST(a_slot_in_a_window_makes_no_hole),
		SCENARIO_TEST(unproven_ram_makes_no_sure_hole),
		SCENARIO_TEST(crosvm_has_devices_between),
		SCENARIO_TEST(without_a_map_nothing_is_likely),
		SCENARIO_TEST(advice_counts_all_ram),
		SCENARIO_TEST(a_small_slot_above_makes_no_hole),
		SCENARIO_TEST(rom_above_makes_no_hole),
		SCENARIO_TEST(null_pointer),
		SCENARIO_TEST(null_pointer_without_the_instruction),
		SCENARIO_TEST(low_but_not_that_low),
		SCENARIO_TEST(a_mapped_low_address_is_no_null_pointer),
		SCENARIO_TEST(memory_at_zero_is_no_null_pointer),
		SCENARIO_TEST(low_devices_are_no_null_pointer),
		SCENARIO_TEST(flash_of_other_vms_at_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
