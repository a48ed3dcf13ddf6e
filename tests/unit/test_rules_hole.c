/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where no memory is: between pieces of RAM, and at address zero. Each cause on the evidence it is
 * made for, and each guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define HOLE "hole-between-slots"
#define ZERO "null-pointer-low-ipa"

#define LDR_Q_X1 0x3ce16800U /* ldr q0, [x0, x1] */

/* ---- hole-between-slots --------------------------------------------------------------------- */

/* RAM of 16 MiB, a gap of 112, and RAM again. */
static struct nisv_rec_fault in_gap(void)
{
	scenario_reset();
	scenario_slot(1, 0x48000000, 16 * MIB, 0);
	return scenario_nisv(0x44000000, LDP);
}

static void a_gap_between_ram(void **state)
{
	struct nisv_rec_fault rec = in_gap();
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, HOLE, 0.85);
	assert_contains(f->summary,
			"in the hole between the RAM that ends at 0x41000000 and the RAM "
			"that begins at 0x48000000");
	assert_contains(f->where, "The VM's RAM is split");
	assert_evidence(f, "RAM 0x48000000-0x49000000 (16 MiB) begins 64 MiB above");
	assert_advice(f, "every memory node");
	assert_advice(f, "256 to 512 GiB");
	assert_int_equal(f->n_alternatives, 1);
	assert_alternative(f, "access-past-ram-end", 0.35);
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), HOLE, 0.6);
}

static void the_gap_of_cloud_hypervisor(void **state)
{
	struct nisv_rec_fault rec = in_gap();

	(void)state;
	sc.evidence.vmm = "cloud-hypervisor";
	assert_advice(scenario_explain(&rec), "0xfc000000 to 4 GiB");
	sc.host.arch = "x86_64";
	assert_no_advice(scenario_diagnose(), "0xfc000000");
}

static void unproven_ram_makes_no_sure_hole(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(1, 0x48000000, 7 * MIB, 0); /* less than half of the RAM */
	rec = scenario_nisv(0x44000000, LDP);
	assert_finding(scenario_explain(&rec), HOLE, 0.6);
	sc.options.ram_bytes = 23 * MIB; /* it is RAM */
	assert_finding(scenario_diagnose(), HOLE, 0.85);
	sc.rec.slots[1].size = 16 * MIB; /* more than was asked for: one is none */
	layout_from_record(&sc.layout, &sc.rec);
	assert_finding(scenario_diagnose(), HOLE, 0.6);
}

static void memory_on_one_side_only(void **state)
{
	struct nisv_rec_fault rec = in_gap();

	(void)state;
	rec.below.id = -1;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	rec = in_gap();
	rec.below.flags = NISV_SLOT_READONLY;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	rec = in_gap();
	rec.above.size = 0x10000; /* too small for RAM */
	assert_string_not_equal(scenario_explain(&rec)->cause, HOLE);
}

static void vmms_with_devices_around_ram(void **state)
{
	static const char *const vmms[] = {"crosvm", "kvmtool"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vmms); i++) {
		struct nisv_rec_fault rec = in_gap();

		rec.ipa = rec.far = 0x46000000; /* far past the end of RAM */
		sc.evidence.vmm = vmms[i];
		assert_finding(scenario_explain(&rec), "unknown", 0.2);
		assert_alternative(&sc.findings.list[0], HOLE, 0.35);
	}
}

static void something_else_in_the_gap(void **state)
{
	struct nisv_rec_fault rec = in_gap();

	(void)state;
	scenario_add(&rec);
	scenario_told(GUEST_DEVICE, 0x44000000, 0x1000, "uart");
	assert_finding(scenario_diagnose(), "unknown", 0.2);
	assert_alternative(&sc.findings.list[0], HOLE, 0.35);
	rec = in_gap();
	scenario_add(&rec);
	scenario_region("UART", 0x44000000, 0x1000, REGION_DEVICE, ROLE_NONE)->optional = true;
	assert_finding(scenario_diagnose(), HOLE, 0.6);
	sc.machine.regions[0].optional = false;
	assert_finding(scenario_diagnose(), "device-access-nisv-instruction", 0.9);
	assert_int_equal(sc.findings.list[0].n_alternatives, 0);
	rec = in_gap();
	scenario_add(&rec);
	sc.evidence.machine = NULL;
	assert_finding(scenario_diagnose(), HOLE, 0.6);
	rec = in_gap();
	rec.hdr.time_ns = 100 * SECOND;
	scenario_add(&rec);
	scenario_change(NISV_SLOT_DELETED, 90 * SECOND, 4, 0x44000000, MIB, 0);
	assert_finding(scenario_diagnose(), "memory-hotunplugged", 0.86);
}

static void described_accesses_to_the_gap(void **state)
{
	(void)state;
	in_gap();
	scenario_reads(0x44000000, 15);
	assert_null(scenario_diagnose());
	scenario_reads(0x44000000, 16);
	assert_finding(scenario_diagnose(), HOLE, 0.55);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_WARNING);
	assert_degrades();
}

static void a_jump_into_the_gap(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	in_gap();
	rec = scenario_exec(0x44000000);
	assert_finding(scenario_explain(&rec), "jumped-to-unmapped", 0.95);
}

/* ---- null-pointer-low-ipa ------------------------------------------------------------------- */

static void a_null_pointer(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x10, LDP);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, ZERO, 0.9);
	assert_contains(f->summary, "on 0x10, next to address zero, where the VM has no memory");
	assert_contains(f->where, "Nothing is mapped at 0x10; the base register holds 0x10: a "
				  "pointer that was never set");
	assert_advice(f, "Find the pointer");
	assert_int_equal(f->n_alternatives, 0);
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), ZERO, 0.8);
}

static void a_null_pointer_without_the_instruction(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0, 0);
	const struct finding *f;

	(void)state;
	rec.insn_state = NISV_INSN_UNREADABLE;
	f = scenario_explain(&rec);
	assert_finding(f, ZERO, 0.8);
	assert_contains(f->summary, "vCPU 0 read from 0x0, next to address zero");
	assert_contains(f->how, "its page was not present on the host");
	assert_null(strstr(f->where, "base register"));
}

static void how_low_it_is(void **state)
{
	static const struct {
		uint64_t ipa, x0;
		double confidence;
	} cases[] = {
		{0xff8, 0xff8, 0.9},			    /* in the first page */
		{0x1000, 0x1000, 0.5},			    /* and behind it */
		{0xfff8, 0xfff8, 0.5}, {0x10, 0x1010, 0.8}, /* a negative offset */
		{0x8000, 0, 0.9},			    /* a field far behind a null pointer */
		{0x8ff0, 0xff0, 0.9},  {0x9000, 0x1000, 0.5}, {0x10000, 0x10000, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nisv_rec_fault rec;

		scenario_reset();
		rec = scenario_nisv(cases[i].ipa, LDR_Q_X1);
		rec.gpr[0] = cases[i].x0;
		rec.gpr[1] = cases[i].ipa - cases[i].x0;
		if (cases[i].confidence)
			assert_finding(scenario_explain(&rec), ZERO, cases[i].confidence);
		else
			assert_finding(scenario_explain(&rec), "unknown", 0.2);
	}
}

static void what_is_no_null_pointer(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x10, LDP);

	(void)state;
	rec.far = 0xffff800000000010; /* mapped there on purpose */
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	assert_alternative(&sc.findings.list[0], ZERO, 0.35);
	scenario_reset();
	scenario_slot(1, 0, MIB, 0);
	rec = scenario_nisv(0x10, LDP);
	assert_string_not_equal(scenario_explain(&rec)->cause, ZERO);
	scenario_reset();
	rec = scenario_nisv(0x10, LDP);
	rec.hdr.time_ns = 100 * SECOND;
	scenario_change(NISV_SLOT_DELETED, 90 * SECOND, 4, 0, MIB, 0);
	assert_finding(scenario_explain(&rec), "memory-hotunplugged", 0.86);
	scenario_reset();
	scenario_reads(0, 100000); /* described ones are devices' */
	scenario_diagnose();
	assert_null(scenario_find(ZERO));
}

static void vmms_with_devices_at_zero(void **state)
{
	static const char *const vmms[] = {"crosvm", "kvmtool"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vmms); i++) {
		struct nisv_rec_fault rec;

		scenario_reset();
		sc.evidence.vmm = vmms[i];
		rec = scenario_nisv(0x3f8, LDR_POST);
		assert_finding(scenario_explain(&rec), "unknown", 0.2);
		assert_int_equal(sc.findings.list[0].n_alternatives, 1);
		assert_alternative(&sc.findings.list[0], ZERO, 0.35);
	}
}

/* QEMU has flash there, which has no memslot while the guest commands it. */
static void flash_at_zero(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	rec = scenario_injected_nisv(0, LDP);
	f = scenario_explain(&rec);
	assert_finding(f, ZERO, 0.6);
	assert_contains(f->where, "The machine's map has FLASH there");
	assert_advice(f, "QEMU passes no device tree in x0");
	rec = scenario_injected_nisv(0x100, LDP);
	rec.hdr.time_ns = 100 * SECOND;
	scenario_change(NISV_SLOT_DELETED, 99 * SECOND, 2, 0, 64 * MIB, NISV_SLOT_READONLY);
	scenario_forget();
	assert_finding(scenario_explain(&rec), "flash-command-mode-read", 0.87);
	assert_degrades();
	scenario_reset();
	scenario_qemu_virt();
	rec = scenario_injected_nisv(0x8000, LDP);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	assert_alternative(&sc.findings.list[0], ZERO, 0.4);
}

static void a_window_at_zero(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x10, LDP);

	(void)state;
	scenario_region("I/O window", 0, 0x10000, REGION_DEVICE, ROLE_PCI_IO)->is_window = true;
	assert_finding(scenario_explain(&rec), "device-access-nisv-instruction", 0.5);
	assert_alternative(&sc.findings.list[0], ZERO, 0.35);
	sc.machine.n_regions = 0;
	sc.evidence.machine = NULL;
	assert_finding(scenario_diagnose(), ZERO, 0.6);
	assert_contains(sc.findings.list[0].confidence_reason, "no reference map");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(a_gap_between_ram),
		SCENARIO_TEST(the_gap_of_cloud_hypervisor),
		SCENARIO_TEST(unproven_ram_makes_no_sure_hole),
		SCENARIO_TEST(memory_on_one_side_only),
		SCENARIO_TEST(vmms_with_devices_around_ram),
		SCENARIO_TEST(something_else_in_the_gap),
		SCENARIO_TEST(described_accesses_to_the_gap),
		SCENARIO_TEST(a_jump_into_the_gap),
		SCENARIO_TEST(a_null_pointer),
		SCENARIO_TEST(a_null_pointer_without_the_instruction),
		SCENARIO_TEST(how_low_it_is),
		SCENARIO_TEST(what_is_no_null_pointer),
		SCENARIO_TEST(vmms_with_devices_at_zero),
		SCENARIO_TEST(flash_at_zero),
		SCENARIO_TEST(a_window_at_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
