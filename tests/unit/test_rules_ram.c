/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Beyond the end of RAM. Each cause on the evidence it is made for, and each guard that keeps it
 * from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define PAST   "access-past-ram-end"
#define IMAGE  "ram-size-smaller-than-image-assumes"
#define PUSH   0xa9bf7bfdU /* stp x29, x30, [sp, #-16]! */
#define LDP_40 0xa9440801U /* ldp x1, x2, [x0, #0x40] */

/* The main RAM has that many bytes. */
static void ram_of(uint64_t size)
{
	scenario_reset();
	sc.rec.slots[0].size = size;
	layout_from_record(&sc.layout, &sc.rec);
}

/* By a guest whose own MMU is on: no image that just starts. */
static struct nisv_rec_fault late(uint64_t ipa)
{
	struct nisv_rec_fault rec = scenario_nisv(ipa, LDP);

	rec.sys.sctlr = 1;
	return rec;
}

/* ---- access-past-ram-end -------------------------------------------------------------------- */

static void the_first_byte_after_ram(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, PAST, 0.9);
	assert_int_equal(f->severity, SEVERITY_FATAL);
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
	assert_advice(f, "mem_size_mib = 17 in machine-config, or more");
	assert_true(f->has_address);
	assert_int_equal(f->address, RAM_END);
	assert_degrades();
}

static void how_close_it_is(void **state)
{
	static const struct {
		uint64_t ram, past;
		double confidence;
	} cases[] = {
		{16 * MIB, 0xfff, 0.9},
		{16 * MIB, 0x1000, 0.75},
		{24 * MIB, 0xfff, 0.75},
		{16 * MIB, 64 * MIB - 8, 0.75},
		{1024 * MIB, 256 * MIB - 8, 0.75}, /* a quarter of it */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nisv_rec_fault rec;

		ram_of(cases[i].ram);
		rec = late(RAM_BASE + cases[i].ram + cases[i].past);
		assert_finding(scenario_explain(&rec), PAST, cases[i].confidence);
	}
}

static void far_past_ram_end_is_not_near_it(void **state)
{
	struct nisv_rec_fault rec = late(RAM_END + 64 * MIB);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "unknown", 0.2);
	assert_contains(f->where, "ends 64 MiB below");
	assert_alternative(f, PAST, 0.3);
	ram_of(1024 * MIB);
	rec = late(RAM_BASE + 1280 * MIB);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

static void the_command_line_wanted_more_ram(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	sc.options.ram_bytes = 64 * MIB;
	rec = late(RAM_END + 8 * MIB);
	f = scenario_explain(&rec);
	assert_finding(f, PAST, 0.9);
	assert_contains(f->where, "The VM's RAM ends at 0x41000000, 8 MiB below the address; the "
				  "command line asks for 64 MiB, the memslots hold 16 MiB.");
	assert_evidence(f, "The command line asks for 64 MiB of RAM, the memslots hold 16 MiB");
	assert_advice(f, "-m 25M");
	assert_degrades();
	sc.options.ram_bytes = 16 * MIB; /* what it got */
	assert_finding(scenario_diagnose(), PAST, 0.75);
	sc.options.ram_bytes = 64 * MIB;
	sc.layout.total_slots = 200; /* others may hold the rest */
	assert_finding(scenario_diagnose(), PAST, 0.75);
}

static void a_map_that_was_read_later(void **state)
{
	struct nisv_rec_fault rec = late(RAM_END);

	(void)state;
	rec.layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_explain(&rec), PAST, 0.8);
	scenario_forget();
	rec = late(RAM_END + MIB);
	rec.layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_explain(&rec), PAST, 0.6);
}

static void crosvm_has_devices_past_ram(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

	(void)state;
	sc.evidence.vmm = "crosvm";
	assert_finding(scenario_explain(&rec), PAST, 0.5);
	assert_contains(sc.findings.list[0].confidence_reason, "crosvm");
	assert_advice(&sc.findings.list[0], "--mem 17, or more");
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

static void memory_above(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(1, 0x48000000, 16 * MIB, 0); /* RAM: rather a hole */
	rec = late(RAM_END);
	assert_finding(scenario_explain(&rec), "hole-between-slots", 0.85);
	assert_alternative(&sc.findings.list[0], PAST, 0.35);
	scenario_forget();
	rec = late(RAM_END + 65 * MIB); /* far from both: not even an alternative */
	assert_finding(scenario_explain(&rec), "hole-between-slots", 0.85);
	assert_int_equal(sc.findings.list[0].n_alternatives, 0);
	scenario_reset();
	scenario_slot(1, 0x48000000, 64 * 1024, 0); /* a BAR or a frame buffer */
	rec = late(RAM_END);
	assert_finding(scenario_explain(&rec), PAST, 0.9);
	scenario_reset();
	scenario_slot(1, 0x48000000, 64 * MIB, NISV_SLOT_READONLY);
	rec = late(0x47000000);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

/* 64 bytes past RAM, and a BAR in a window for devices far above: no RAM begins there. */
static void a_slot_in_a_window_is_no_ram_above(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt();
	scenario_slot(1, 0x8000000000, 64 * MIB, 0);
	rec = late(RAM_END + 0x40);
	assert_finding(scenario_explain(&rec), PAST, 0.9);
}

/* What is before it may be a device's memory. */
static void unproven_ram_is_less_sure(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	ram_of(256 * MIB);
	scenario_slot(1, 0x60000000, 64 * MIB, 0);
	rec = late(0x64000000);
	assert_finding(scenario_explain(&rec), PAST, 0.6);
	assert_contains(sc.findings.list[0].confidence_reason, "may be RAM or a device's memory");
	sc.options.ram_bytes = 320 * MIB; /* both together are what was asked for */
	assert_finding(scenario_diagnose(), PAST, 0.9);
	sc.options.ram_bytes = 256 * MIB; /* the main RAM is, and not that one */
	assert_finding(scenario_diagnose(), PAST, 0.6);
}

static void something_else_may_be_there(void **state)
{
	struct nisv_rec_fault rec = late(RAM_END);

	(void)state;
	scenario_add(&rec);
	scenario_told(GUEST_DEVICE, RAM_END, 0x1000, "uart");
	assert_alternative(scenario_diagnose(), PAST, 0.35);
	scenario_reset();
	scenario_add(&rec);
	scenario_region("window", RAM_END, MIB, REGION_DEVICE, ROLE_NONE)->is_window = true;
	assert_alternative(scenario_diagnose(), PAST, 0.35);
	sc.machine.regions[0].is_window = false;
	sc.machine.regions[0].optional = true;
	assert_finding(scenario_diagnose(), PAST, 0.6);
	assert_contains(sc.findings.list[0].confidence_reason, "with an option");
	sc.machine.regions[0].optional = false;
	assert_finding(scenario_diagnose(), "device-access-nisv-instruction", 0.9);
	assert_int_equal(sc.findings.list[0].n_alternatives, 0);
	sc.evidence.machine = NULL;
	assert_finding(scenario_diagnose(), PAST, 0.6);
	assert_contains(sc.findings.list[0].confidence_reason, "no reference map");
}

static void by_described_accesses(void **state)
{
	(void)state;
	scenario_reads(RAM_END, 15);
	assert_null(scenario_diagnose());
	scenario_reads(RAM_END, 16);
	assert_finding(scenario_diagnose(), PAST, 0.6);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_WARNING);
	assert_degrades();
}

static void what_is_not_past_ram(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(RAM_END);

	(void)state;
	assert_finding(scenario_explain(&rec), "jumped-to-unmapped", 0.95);
	scenario_forget();
	rec = late(RAM_BASE - 8); /* below it */
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	assert_int_equal(sc.findings.list[0].n_alternatives, 0);
	scenario_reset();
	scenario_no_slots();
	scenario_slot(0, RAM_BASE, 16 * MIB, NISV_SLOT_READONLY); /* after ROM */
	rec = late(RAM_END);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

/* What the VM has in all counts, not where its last piece begins. */
static void advice_counts_all_ram(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	sc.evidence.vmm = "cloud-hypervisor";
	sc.options.ram_bytes = 192 * MIB;
	scenario_no_slots();
	scenario_slot(0, 0xf8000000, 64 * MIB, 0);
	scenario_slot(1, 0x100000000, 128 * MIB, 0);
	rec = late(0x108000040);
	assert_finding(scenario_explain(&rec), PAST, 0.9);
	assert_advice(&sc.findings.list[0], "--memory size=193M");
	sc.evidence.vmm = "dragonball";
	assert_advice(scenario_diagnose(), "more: 193 MiB of RAM, or more");
}

/* ---- ram-size-smaller-than-image-assumes ---------------------------------------------------- */

/* A bare-metal image, before any set-up. */
static struct nisv_rec_fault early(uint64_t ipa, uint32_t raw, uint64_t x0)
{
	struct nisv_rec_fault rec = scenario_nisv(ipa, raw);

	rec.gpr[0] = x0;
	return rec;
}

static void a_size_that_is_built_in(void **state)
{
	struct nisv_rec_fault rec = early(RAM_END + 48 * MIB, LDP, RAM_END + 48 * MIB);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, IMAGE, 0.6);
	assert_contains(f->summary, "48 MiB past the end of RAM");
	assert_contains(f->where, "a round number that no device tree tells");
	assert_advice(f, "linker script");
	assert_advice(f, "mem_size_mib = 65");
	assert_int_equal(alternative_of(f, PAST), 0); /* says less of the same */
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "unknown", 0.2); /* 0.4 is no more than likely */
	assert_alternative(&sc.findings.list[0], IMAGE, 0.4);
}

static void what_was_written_down(void **state)
{
	static const struct {
		uint64_t past, x0;
		uint32_t raw;
		bool is;
	} cases[] = {
		{8 * MIB - 0x10, 0, PUSH, true}, /* a stack grows down from there */
		{8 * MIB - 0x100, 0, PUSH, true},
		{8 * MIB - 0x108, 0, PUSH, false},
		{8 * MIB + 0x40, RAM_END + 8 * MIB, LDP_40, true}, /* a structure there */
		{8 * MIB + 0x40, RAM_END + 8 * MIB + 0x40, LDP, false},
		{0x1000, RAM_END + 0x1000, LDP, false}, /* no round number of MiB */
		{MIB, RAM_END + MIB, LDP, true},
		{0x40, RAM_END + 0x40, LDP, false},
		{8 * MIB, 0, 0, true}, /* the instruction is not known */
		{63 * MIB, RAM_END + 63 * MIB, LDP, true},
		{64 * MIB, RAM_END + 64 * MIB, LDP, false}, /* far away */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nisv_rec_fault rec;

		scenario_reset();
		rec = early(RAM_END + cases[i].past, cases[i].raw, cases[i].x0);
		if (!strcmp(scenario_explain(&rec)->cause, IMAGE) != cases[i].is)
			fail_msg("case %zu is %s", i, sc.findings.list[0].cause);
	}
}

static void images_that_could_ask(void **state)
{
	struct nisv_rec_fault rec = early(RAM_END + 8 * MIB, LDP, RAM_END + 8 * MIB);
	struct nisv_rec_fault *detail;

	(void)state;
	scenario_add(&rec);
	detail = sc.faults->sites[0].detail;
	scenario_told(GUEST_DEVICE, 0x30000000, 0x1000, "uart@30000000"); /* it has a tree */
	assert_finding(scenario_diagnose(), PAST, 0.75);
	sc.guest.state = GUEST_NOT_FOUND;
	assert_finding(scenario_diagnose(), IMAGE, 0.6);
	detail->sys.sctlr = 1; /* it is set up */
	assert_finding(scenario_diagnose(), PAST, 0.75);
	detail->sys.sctlr = 0;
	detail->pstate = EL0; /* it runs processes */
	assert_finding(scenario_diagnose(), PAST, 0.75);
	detail->pstate = EL1H;
	detail->sysregs_state = NISV_SYSREGS_STALE; /* the MMU may be on */
	assert_finding(scenario_diagnose(), PAST, 0.75);
	detail->sysregs_state = NISV_SYSREGS_CURRENT;
	sc.options.ram_bytes = 64 * MIB; /* it was promised more */
	assert_finding(scenario_diagnose(), PAST, 0.9);
	sc.options.ram_bytes = 0;
	scenario_slot(1, 0x48000000, 16 * MIB, 0); /* there is more RAM */
	detail->above = sc.rec.slots[1];
	assert_finding(scenario_diagnose(), "hole-between-slots", 0.85);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(the_first_byte_after_ram),
		SCENARIO_TEST(how_close_it_is),
		SCENARIO_TEST(far_past_ram_end_is_not_near_it),
		SCENARIO_TEST(the_command_line_wanted_more_ram),
		SCENARIO_TEST(a_map_that_was_read_later),
		SCENARIO_TEST(crosvm_has_devices_past_ram),
		SCENARIO_TEST(ram_in_two_adjoining_slots_is_one),
		SCENARIO_TEST(memory_above),
		SCENARIO_TEST(a_slot_in_a_window_is_no_ram_above),
		SCENARIO_TEST(unproven_ram_is_less_sure),
		SCENARIO_TEST(something_else_may_be_there),
		SCENARIO_TEST(by_described_accesses),
		SCENARIO_TEST(what_is_not_past_ram),
		SCENARIO_TEST(advice_counts_all_ram),
		SCENARIO_TEST(a_size_that_is_built_in),
		SCENARIO_TEST(what_was_written_down),
		SCENARIO_TEST(images_that_could_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
