/* SPDX-License-Identifier: GPL-2.0-or-later */

/* x86: MMIO where the machine has nothing. Each cause on the evidence it is made for, and each
 * guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define ECAM "x86-ecam-mismatch"
#define CHIP "x86-hpet-or-tpm-absent"
#define HOLE "x86-pci-hole-stray"

static void scan(uint64_t base, unsigned int devices)
{
	for (unsigned int i = 0; i < devices; i++)
		scenario_reads(base + i * 0x8000, 2);
}

/* ---- x86-ecam-mismatch ---------------------------------------------------------------------- */

static void a_scan_where_no_ecam_is(void **state)
{
	const struct finding *f;

	(void)state;
	scenario_x86();
	scenario_region("ECAM", 0xb0000000, 0x10000000, REGION_DEVICE, ROLE_ECAM);
	scan(0xe0000000, 7);
	assert_null(scenario_diagnose());
	scan(0xe0000000, 8);
	f = scenario_diagnose();
	assert_finding(f, ECAM, 0.86);
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(f->n_sites, 8);
	assert_int_equal(f->severity, SEVERITY_WARNING);
	assert_string_equal(f->summary,
			    "The guest read 0xe0000000 2 times, where QEMU's microvm and many "
			    "boards have their PCI configuration space; this VM has none there.");
	assert_string_equal(f->where, "bare has its configuration space at 0xb0000000-0xc0000000 "
				      "(256 MiB).");
	assert_evidence(f, "8 devices of bus 0 were looked for from 0xe0000000 on (QEMU "
			   "include/hw/i386/microvm.h: PCIE_ECAM_BASE)");
	assert_advice(f, "ACPI's MCFG");
	assert_degrades();
}

/* In a window for devices a scan could be a driver at work. */
static void a_scan_in_a_window(void **state)
{
	(void)state;
	scenario_q35();
	scan(0xe0000000, 8);
	assert_finding(scenario_diagnose(), ECAM, 0.76);
	assert_advice(&sc.findings.list[0], "microvm has it at 0xe0000000 with pcie=on");
	assert_degrades();
}

static void each_address_that_others_have_it_at(void **state)
{
	static const struct {
		uint64_t base;
		const char *whose;
	} cases[] = {
		{0xb0000000, "QEMU's q35 has its"},
		{0xe0000000, "QEMU's microvm and many boards have their"},
		{0xe8000000, "Cloud Hypervisor has its"},
		{0xeec00000, "Firecracker has its"},
		{0xf4000000, "crosvm has its"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scenario_reset();
		scenario_x86();
		scan(cases[i].base, 8);
		assert_finding(scenario_diagnose(), ECAM, 0.86);
		assert_contains(sc.findings.list[0].summary, cases[i].whose);
		assert_contains(sc.findings.list[0].where,
				"bare has no configuration space in memory.");
	}
	scenario_reset();
	scenario_x86();
	scan(0xe1000000, 32);
	assert_null(scenario_diagnose());
}

static void what_is_no_scan(void **state)
{
	(void)state;
	scenario_x86();
	for (uint64_t i = 0; i < 32; i++)
		scenario_mmio(0xe0000000 + i * 0x8000, true, 2, 2);
	assert_null(scenario_diagnose());
	scenario_reset();
	scenario_x86();
	scenario_region("ECAM", 0xe0000000, 0x10000000, REGION_DEVICE, ROLE_ECAM); /* it is there */
	scan(0xe0000000, 32);
	assert_null(scenario_diagnose());
	sc.machine.n_regions = 0;
	sc.evidence.machine_confidence = 0.8;
	assert_finding(scenario_diagnose(), ECAM, 0.86);
	sc.evidence.machine_confidence = 0.79; /* whether it is there is not known */
	assert_null(scenario_diagnose());
	sc.evidence.machine = NULL;
	assert_null(scenario_diagnose());
	scenario_reset();
	scenario_x86();
	scenario_bus(0xe0000000, 0x100000, false); /* KVM has a device there */
	scan(0xe0000000, 32);
	assert_null(scenario_diagnose());
	scenario_reset(); /* another architecture's machine */
	scan(0xe0000000, 32);
	assert_null(scenario_diagnose());
}

/* ---- x86-hpet-or-tpm-absent ----------------------------------------------------------------- */

static void an_hpet_that_is_switched_off(void **state)
{
	const struct finding *f;

	(void)state;
	scenario_q35();
	scenario_without("HPET");
	scenario_reads(0xfed00000, 63);
	assert_null(scenario_diagnose());
	scenario_reads(0xfed00000, 64);
	f = scenario_diagnose();
	assert_finding(f, CHIP, 0.82);
	assert_int_equal(f->severity, SEVERITY_WARNING);
	assert_contains(f->summary, "read 0xfed00000 64 times, where the HPET would be; this VM "
				    "has none");
	assert_contains(f->where, "qemu-q35-x86_64 has the HPET at 0xfed00000-0xfed00400 (1 KiB) "
				  "with other options than this VM's.");
	assert_advice(f, "hpet=on");
	assert_degrades();
}

static void a_tpm_that_was_not_given(void **state)
{
	(void)state;
	scenario_q35();
	scenario_mmio(0xfed40000, true, 64, 64);
	assert_finding(scenario_diagnose(), CHIP, 0.82);
	assert_contains(sc.findings.list[0].summary, "wrote 0xfed40000 64 times, where the TPM");
	assert_advice(&sc.findings.list[0], "swtpm");
}

static void chips_that_are_there_or_unknown(void **state)
{
	(void)state;
	scenario_q35();
	scenario_reads(0xfed00000, 1000000); /* the HPET is */
	assert_null(scenario_diagnose());
	scenario_without("HPET");
	sc.evidence.machine_confidence = 0.7;
	assert_null(scenario_diagnose());
	sc.evidence.machine_confidence = 0.9;
	sc.machine.doubt = "a version that is not told";
	assert_null(scenario_diagnose());
	sc.machine.doubt = NULL;
	sc.host.n_maps = 0; /* no machine of its kind has one */
	assert_finding(scenario_diagnose(), HOLE, 0.6);
}

/* ---- x86-pci-hole-stray --------------------------------------------------------------------- */

static void strays_in_the_hole_below_4_gib(void **state)
{
	const struct finding *f;

	(void)state;
	scenario_q35();
	scenario_mmio(0xff001000, true, 999, 999);
	assert_null(scenario_diagnose());
	scenario_mmio(0xff001000, true, 1000, 1000);
	f = scenario_diagnose();
	assert_finding(f, HOLE, 0.6);
	assert_int_equal(f->severity, SEVERITY_INFO);
	assert_contains(f->summary, "wrote 0xff001000 1000 times, in the hole below 4 GiB, where "
				    "nothing is");
	assert_contains(f->where, "qemu-q35-x86_64 has nothing there. No memslot holds");
	assert_advice(f, "lspci -vv");
	assert_advice(f, "info mtree -f");
	assert_degrades();
	/* A BAR below it is no end of RAM. */
	scenario_slot(4, 0xc0000000, 16 * MIB, 0);
	assert_finding(scenario_diagnose(), HOLE, 0.6);
	scenario_no_slots();
	scenario_slot(4, 0xc0000000, 16 * MIB, 0);
	scenario_diagnose();
	assert_null(scenario_find(HOLE));
}

static void strays_elsewhere(void **state)
{
	(void)state;
	scenario_q35();
	scenario_reads(0xd0000000, 100000); /* a window for devices */
	assert_null(scenario_diagnose());
	scenario_forget();
	scenario_reads(0x200000000, 100000); /* above 4 GiB */
	scenario_diagnose();
	assert_null(scenario_find(HOLE));
	scenario_forget();
	sc.host.n_maps = 0;
	scenario_slot(2, 0x90000000, GIB / 4, 0);
	scenario_reads(0x88000000, 100000); /* between RAM and RAM below 4 GiB */
	assert_finding(scenario_diagnose(), "hole-between-slots", 0.55);
	assert_int_equal(alternative_of(&sc.findings.list[0], HOLE), 0);
	scenario_forget();
	sc.guest.address = 0x1000; /* microvm hands a tree over */
	scenario_told(GUEST_DEVICE, 0xff001000, 0x1000, "a device");
	scenario_reads(0xff001000, 100000);
	scenario_diagnose();
	assert_null(scenario_find(HOLE));
	scenario_reset();
	scenario_x86();
	scenario_no_slots();
	scenario_slot(0, 0x100000, 128 * MIB, NISV_SLOT_READONLY); /* no RAM below */
	scenario_reads(0xff001000, 100000);
	assert_finding(scenario_diagnose(), "stray-mmio-read", 0.5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(a_scan_where_no_ecam_is),
		SCENARIO_TEST(a_scan_in_a_window),
		SCENARIO_TEST(each_address_that_others_have_it_at),
		SCENARIO_TEST(what_is_no_scan),
		SCENARIO_TEST(an_hpet_that_is_switched_off),
		SCENARIO_TEST(a_tpm_that_was_not_given),
		SCENARIO_TEST(chips_that_are_there_or_unknown),
		SCENARIO_TEST(strays_in_the_hole_below_4_gib),
		SCENARIO_TEST(strays_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
