/* SPDX-License-Identifier: GPL-2.0-or-later */

/* BARs outside of the windows, and BARs that are not mapped. Each cause on the evidence it is made
 * for, and each guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define DEVICE "device-access-nisv-instruction"
#define STRAY  0x7000000000ULL /* nothing of virt's */

/* ---- pci-bar-outside-window ----------------------------------------------------------------- */

static void a_bar_beyond_the_machines_window(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_known_virt();
	sc.host.n_maps = 0;
	scenario_told(GUEST_PCI_WINDOW, 0x8000000000, 0xf000000000, "pcie@8000000000");
	sc.rec.ipa_bits = 44;
	layout_from_record(&sc.layout, &sc.rec);
	rec = scenario_injected_nisv(0x10000001000, LDP);
	f = scenario_explain(&rec);
	assert_finding(f, "pci-bar-outside-window", 0.86);
	assert_contains(f->where, "has a PCI window at 0x8000000000-0x17000000000");
	assert_advice(f, "highmem-mmio-size=");
	assert_int_equal(f->n_alternatives, 1); /* far past the end of RAM */
	assert_degrades();
	sc.evidence.machine_confidence = 0.6;
	assert_finding(scenario_diagnose(), "pci-bar-outside-window", 0.6);
	sc.evidence.machine_confidence = 0.9;
	scenario_forget();
	scenario_reads(0x10000001000, 16);
	assert_finding(scenario_diagnose(), "pci-bar-outside-window", 0.86);
	sc.guest.address = RAM_BASE + 0x123000;
	sc.guest.cpus = 1;
	scenario_told(GUEST_MEMORY, RAM_BASE, 16 * MIB, "memory@40000000");
	assert_finding(scenario_diagnose(), "pci-bar-outside-window", 0.6);
}

/* It begins before the machine's, or lies around it. */
static void a_window_that_begins_too_early(void **state)
{
	static const struct {
		uint64_t base, size;
		bool is_shared;
	} cases[] = {
		{0x0e000000, 0x2001000, true},
		{0x0e000000, 0x2000000, false}, /* it ends where the machine's begins */
		{0x0e000000, 0x40000000, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nisv_rec_fault rec;

		scenario_known_virt();
		sc.host.n_maps = 0;
		scenario_told(GUEST_PCI_WINDOW, cases[i].base, cases[i].size, "pcie");
		rec = scenario_injected_nisv(0x0e001000, LDP);
		assert_string_equal(scenario_explain(&rec)->cause,
				    cases[i].is_shared ? "pci-bar-outside-window"
						       : "pcie-window-mismatch");
	}
}

/* Windows for other devices are none of PCI's. */
static void a_window_that_is_no_pci_window(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_known_virt();
	scenario_region("platform MMIO window", STRAY, 0x10000, REGION_DEVICE, ROLE_NONE)
		->is_window = true;
	scenario_region("PCI I/O window", STRAY + 0x10000, 0x10000, REGION_DEVICE, ROLE_PCI_IO)
		->is_window = true;
	scenario_told(GUEST_PCI_WINDOW, STRAY, GIB, "pcie@7000000000");
	rec = scenario_injected_nisv(STRAY + 0x100000, LDP);
	assert_finding(scenario_explain(&rec), "pcie-window-mismatch", 0.85);
	assert_int_equal(alternative_of(&sc.findings.list[0], "pci-bar-outside-window"), 0);
}

/* ---- pci-bar-not-mapped --------------------------------------------------------------------- */

static void a_bar_of_an_assigned_device(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_known_virt();
	sc.options.vfio = VMOPTION_ON;
	scenario_backing(0, BACKING_ANONYMOUS);
	rec = scenario_injected_nisv(0x10400000, STP);
	f = scenario_explain(&rec);
	assert_finding(f, "pci-bar-not-mapped", 0.76);
	assert_contains(f->summary, "PCIe MMIO window + 0x400000, a BAR that KVM does not map");
	assert_contains(f->where, "No memslot is behind the address in the PCIe MMIO window");
	assert_advice(f, "x-no-mmap");
	assert_int_equal(f->n_alternatives, 0);
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "pci-bar-not-mapped", 0.6);
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_STABLE;
	sc.evidence.machine_confidence = 0.6;
	assert_finding(scenario_diagnose(), "pci-bar-not-mapped", 0.6);
	sc.evidence.machine_confidence = 0.9;
	sc.evidence.vmm = "cloud-hypervisor";
	assert_advice(scenario_diagnose(), "MSI-X");
	/* A device of the VMM's, or one of the host's: it is served. */
	scenario_reads(0x10400000, 20);
	assert_finding(scenario_diagnose(), DEVICE, 0.8);
	assert_alternative(&sc.findings.list[0], "pci-bar-not-mapped", 0.6);
}

/* Other devices have BARs, too, which no VMM maps. */
static void a_bar_beside_one_that_is_mapped(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x10400000, STP);

	(void)state;
	scenario_known_virt();
	sc.options.vfio = VMOPTION_ON;
	/* What is behind the memslots is not known. */
	assert_finding(scenario_explain(&rec), "pci-bar-not-mapped", 0.6);
	scenario_slot(7, 0x11000000, MIB, 0);
	scenario_backing(7, BACKING_VFIO);
	scenario_forget();
	rec = scenario_injected_nisv(0x10400000, STP);
	assert_finding(scenario_explain(&rec), "pci-bar-not-mapped", 0.6);
	/* The page of its MSI-X table. */
	scenario_forget();
	rec = scenario_injected_nisv(0x11100040, STP);
	assert_finding(scenario_explain(&rec), "pci-bar-not-mapped", 0.76);
	scenario_forget();
	rec = scenario_injected_nisv(0x10fff000, STP);
	assert_finding(scenario_explain(&rec), "pci-bar-not-mapped", 0.76);
}

static void what_is_no_bar_of_an_assigned_device(void **state)
{
	static const uint64_t addresses[] = {
		0x3eff1000,   /* the window for I/O ports */
		0x4010001000, /* configuration space */
		0x09000000,   /* a UART */
		0x10400000,   /* a doorbell is there */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct nisv_rec_fault rec;

		scenario_known_virt();
		sc.options.vfio = VMOPTION_ON;
		if (i == 3)
			scenario_bus(addresses[i], 4, true);
		rec = scenario_injected_nisv(addresses[i], STP);
		assert_string_equal(scenario_explain(&rec)->cause, DEVICE);
		assert_int_equal(alternative_of(&sc.findings.list[0], "pci-bar-not-mapped"), 0);
	}
	for (int i = 0; i < 2; i++) {
		struct nisv_rec_fault rec;

		scenario_known_virt();
		sc.options.vfio = i ? VMOPTION_OFF : VMOPTION_UNSET;
		rec = scenario_injected_nisv(0x10400000, STP);
		assert_finding(scenario_explain(&rec), DEVICE, 0.5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(a_bar_beyond_the_machines_window),
		SCENARIO_TEST(a_window_that_begins_too_early),
		SCENARIO_TEST(a_window_that_is_no_pci_window),
		SCENARIO_TEST(a_bar_of_an_assigned_device),
		SCENARIO_TEST(a_bar_beside_one_that_is_mapped),
		SCENARIO_TEST(what_is_no_bar_of_an_assigned_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
