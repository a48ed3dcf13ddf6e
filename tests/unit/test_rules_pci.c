/* SPDX-License-Identifier: GPL-2.0-or-later */

/* PCI: configuration space, windows and BARs that are elsewhere, or nowhere. Each cause on the
 * evidence it is made for, and each guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define LOW_ECAM     0x3f000000ULL
#define OTHER_WINDOW 0x4800000000ULL /* virt has it there with other options */
#define STRAY	     0x7000000000ULL /* nothing of virt's */

static void scan(uint64_t base, unsigned int devices)
{
	for (unsigned int i = 0; i < devices; i++)
		scenario_reads(base + i * 0x8000, 2);
}

/* ---- ecam-highmem-mismatch ------------------------------------------------------------------ */

static void the_guest_looks_for_the_low_ecam(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_known_virt();
	rec = scenario_injected_nisv(LOW_ECAM, LDP);
	f = scenario_explain(&rec);
	assert_finding(f, "ecam-highmem-mismatch", 0.9);
	assert_contains(f->summary, "where this VM does not have its PCI configuration space");
	assert_contains(f->where, "This VM has its configuration space at "
				  "0x4010000000-0x4020000000 (256 MiB).");
	assert_advice(f, "highmem-ecam=off");
	assert_degrades();
	sc.options.known = false;
	assert_finding(scenario_diagnose(), "ecam-highmem-mismatch", 0.7);
	sc.evidence.machine_confidence = 0.6;
	assert_finding(scenario_diagnose(), "ecam-highmem-mismatch", 0.6);
	sc.options.known = true;
	assert_finding(scenario_diagnose(), "ecam-highmem-mismatch", 0.8);
	sc.evidence.machine_confidence = 0.9;
	sc.machine.doubt = "a version that is not told";
	assert_finding(scenario_diagnose(), "ecam-highmem-mismatch", 0.85);
	sc.machine.doubt = NULL;
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "ecam-highmem-mismatch", 0.8);
	scenario_without("PCIe ECAM (high)");
	assert_contains(scenario_diagnose()->where, "This VM has no PCI configuration space.");
}

static void a_machine_with_two_of_them(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_known_virt();
	scenario_region("PCIe ECAM (other)", 0x5000000000, 0x10000000, REGION_DEVICE, ROLE_ECAM);
	rec = scenario_injected_nisv(LOW_ECAM, LDP);
	assert_contains(scenario_explain(&rec)->where,
			"(256 MiB), or at 0x5000000000-0x5010000000 (256 MiB).");
}

static void a_scan_by_described_reads(void **state)
{
	(void)state;
	scenario_known_virt();
	scan(LOW_ECAM, 3);
	assert_null(scenario_diagnose());
	scan(LOW_ECAM, 4);
	assert_finding(scenario_diagnose(), "ecam-highmem-mismatch", 0.9);
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(sc.findings.list[0].n_sites, 4);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_ERROR);
	assert_degrades();
	sc.machine.doubt = "a version that is not told"; /* it may be there */
	assert_null(scenario_diagnose());
	/* Not by writes, and not at odd places. */
	scenario_known_virt();
	for (uint64_t i = 0; i < 8; i++)
		scenario_mmio(LOW_ECAM + i * 0x8000, true, 2, 2);
	assert_null(scenario_diagnose());
	scenario_known_virt();
	for (uint64_t i = 0; i < 8; i++)
		scenario_reads(LOW_ECAM + i * 0x8000 + 0x200, 2);
	assert_null(scenario_diagnose());
}

static void the_guests_tree_has_it_elsewhere(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt_v3();
	scenario_told(GUEST_PCI_ECAM, STRAY, 0x10000000, "pcie@7000000000");
	rec = scenario_injected_nisv(STRAY + 0x8000, LDP);
	assert_finding(scenario_explain(&rec), "ecam-highmem-mismatch", 0.92);
	assert_degrades();
	sc.evidence.machine_confidence = 0.6; /* the tree may be right, and the map wrong */
	assert_finding(scenario_diagnose(), "ecam-highmem-mismatch", 0.6);
	sc.evidence.machine_confidence = 0.9;
	scenario_forget();
	scan(STRAY, 4);
	assert_finding(scenario_diagnose(), "ecam-highmem-mismatch", 0.92);
	sc.evidence.machine_confidence = 0.6;
	assert_null(scenario_diagnose());
	/* Even where the machine has a window. */
	scenario_reset();
	scenario_qemu_virt_v3();
	scenario_told(GUEST_PCI_ECAM, 0x10000000, MIB, "pcie@10000000");
	rec = scenario_injected_nisv(0x10008000, LDP);
	assert_finding(scenario_explain(&rec), "ecam-highmem-mismatch", 0.92);
	scenario_reset();
	scenario_qemu_virt_v3();
	scenario_tree_may_be_file();
	scenario_told(GUEST_PCI_ECAM, STRAY, 0x10000000, "pcie@7000000000");
	rec = scenario_injected_nisv(STRAY + 0x8000, LDP);
	assert_finding(scenario_explain(&rec), "ecam-highmem-mismatch", 0.6);
	/* A file adds nothing to what the options tell. */
	scenario_reset();
	scenario_known_virt();
	scenario_tree_may_be_file();
	scenario_told(GUEST_PCI_ECAM, LOW_ECAM, 0x1000000, "pcie@3f000000");
	rec = scenario_injected_nisv(LOW_ECAM, LDP);
	assert_finding(scenario_explain(&rec), "ecam-highmem-mismatch", 0.9);
	assert_contains(sc.findings.list[0].confidence_reason, "options put it elsewhere");
}

/* It is there: only the instruction is wrong. */
static void the_guests_tree_is_right(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt_v3();
	scenario_told(GUEST_PCI_ECAM, 0x4010000000, 0x10000000, "pcie@10000000");
	rec = scenario_injected_nisv(0x4010008000, LDP);
	assert_finding(scenario_explain(&rec), "ecam-nisv-read", 0.92);
	scenario_forget();
	scan(0x4010000000, 32);
	assert_null(scenario_diagnose());
}

/* 0x3f201000 is the UART of a Raspberry Pi 3, and function 1 of a device on bus 2. */
static void a_boards_device_in_the_low_ecam(void **state)
{
	static struct machine in_first_bus[2];
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_known_virt();
	in_first_bus[0] = scenario_registry_maps[0];
	in_first_bus[1] = scenario_registry_maps[2];
	in_first_bus[1].regions[0].base = LOW_ECAM + 0x8000;
	rec = scenario_injected_nisv(0x3f201000, LDR_POST);
	f = scenario_explain(&rec);
	assert_finding(f, "wrong-machine-layout", 0.55);
	assert_alternative(f, "ecam-highmem-mismatch", 0.4);
	assert_contains(f->summary, "raspberry-pi-3");
	/* Where configuration space is read first it is what is meant. */
	scenario_known_virt();
	sc.host.maps = in_first_bus;
	sc.host.n_maps = ARRAY_SIZE(in_first_bus);
	rec = scenario_injected_nisv(LOW_ECAM + 0x8000, LDR_POST);
	assert_finding(scenario_explain(&rec), "ecam-highmem-mismatch", 0.9);
	/* Other VMMs' machines count for less than the ECAM. */
	scenario_known_virt();
	sc.host.n_maps = 1;
	rec = scenario_injected_nisv(0x3f201000, LDR_POST);
	assert_finding(scenario_explain(&rec), "ecam-highmem-mismatch", 0.9);
}

static void what_is_no_lost_ecam(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_known_virt();
	rec = scenario_exec(LOW_ECAM); /* another kind */
	assert_finding(scenario_explain(&rec), "jumped-to-unmapped", 0.95);
	scenario_known_virt();
	rec = scenario_injected_nisv(LOW_ECAM, LDP);
	scenario_bus(LOW_ECAM, 0x1000, false);
	assert_string_not_equal(scenario_explain(&rec)->cause, "ecam-highmem-mismatch");
	scenario_known_virt();
	scenario_slot(5, LOW_ECAM, MIB, 0);
	rec = scenario_injected_nisv(LOW_ECAM, LDP);
	assert_string_not_equal(scenario_explain(&rec)->cause, "ecam-highmem-mismatch");
}

/* ---- pcie-window-mismatch ------------------------------------------------------------------- */

static void a_window_of_other_options(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_known_virt();
	rec = scenario_injected_nisv(OTHER_WINDOW + 0x1000, LDP);
	f = scenario_explain(&rec);
	assert_finding(f, "pcie-window-mismatch", 0.8);
	assert_contains(f->summary, "where this VM has no window for PCI devices");
	assert_string_equal(f->where, "Its windows are 0x10000000-0x3eff0000 (751.9 MiB), "
				      "0x8000000000-0x10000000000 (512 GiB).");
	assert_advice(f, "highmem-mmio=");
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "pcie-window-mismatch", 0.6);
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_STABLE;
	sc.evidence.machine_confidence = 0.6;
	assert_finding(scenario_diagnose(), "pcie-window-mismatch", 0.6);
	scenario_without("PCIe MMIO window");
	scenario_without("PCIe MMIO window (high)");
	assert_contains(scenario_diagnose()->where, "It has none.");
}

static void a_window_of_the_guests_tree(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_known_virt();
	scenario_told(GUEST_PCI_WINDOW, STRAY, GIB, "pcie@7000000000");
	rec = scenario_injected_nisv(STRAY + 0x1000, LDP);
	f = scenario_explain(&rec);
	assert_finding(f, "pcie-window-mismatch", 0.85);
	assert_contains(f->where, "The guest's device tree has a PCI window at "
				  "0x7000000000-0x7040000000 (1 GiB). Its windows are");
	assert_degrades();
	sc.evidence.machine_confidence = 0.6;
	assert_finding(scenario_diagnose(), "pcie-window-mismatch", 0.6);
	sc.evidence.machine_confidence = 0.9;
	sc.guest.address = RAM_BASE + 0x123000; /* a mere file, for a VM like this */
	sc.guest.cpus = 1;
	scenario_told(GUEST_MEMORY, RAM_BASE, 16 * MIB, "memory@40000000");
	assert_finding(scenario_diagnose(), "pcie-window-mismatch", 0.6);
}

static void a_window_by_described_accesses(void **state)
{
	(void)state;
	scenario_known_virt();
	scenario_reads(OTHER_WINDOW + 0x1000, 15);
	assert_null(scenario_diagnose());
	scenario_reads(OTHER_WINDOW + 0x1000, 16);
	assert_finding(scenario_diagnose(), "pcie-window-mismatch", 0.8);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_WARNING);
	assert_degrades();
	scenario_forget(); /* in a window of this VM's it is what devices are for */
	scenario_reads(0x10001000, 100000);
	assert_null(scenario_diagnose());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(the_guest_looks_for_the_low_ecam),
		SCENARIO_TEST(a_machine_with_two_of_them),
		SCENARIO_TEST(a_scan_by_described_reads),
		SCENARIO_TEST(the_guests_tree_has_it_elsewhere),
		SCENARIO_TEST(the_guests_tree_is_right),
		SCENARIO_TEST(a_boards_device_in_the_low_ecam),
		SCENARIO_TEST(what_is_no_lost_ecam),
		SCENARIO_TEST(a_window_of_other_options),
		SCENARIO_TEST(a_window_of_the_guests_tree),
		SCENARIO_TEST(a_window_by_described_accesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
