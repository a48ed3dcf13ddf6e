/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The image was built for another machine: wrong-machine-layout on the evidence it is made for, and
 * each guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define WRONG	"wrong-machine-layout"
#define MAILBOX 0xfe00b880ULL
#define GPIO	0xfe200000ULL
#define UART0	0xfe201000ULL
#define FC_UART 0x50002000ULL
#define FC_RTC	0x50001000ULL

static void touch(uint64_t ipa)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(ipa, LDR_POST);

	rec.pc += 4 * (ipa & 0xfff);
	scenario_add(&rec);
}

static void virt_with_registry(void)
{
	scenario_reset();
	scenario_qemu_virt();
	scenario_registry();
}

static void each_more_device_makes_it_surer(void **state)
{
	const struct finding *f;

	(void)state;
	virt_with_registry();
	touch(UART0 + 0x18);
	f = scenario_diagnose();
	assert_finding(f, WRONG, 0.55);
	assert_contains(f->summary, "where raspberry-pi-4 has its UART0 PL011; this VM "
				    "(qemu-virt-arm64) has nothing there");
	assert_contains(f->where, "of that machine this VM touched 1 device.");
	assert_evidence(f, "raspberry-pi-4 has its UART0 PL011 at 0xfe201000-0xfe201200");
	assert_advice(f, "built for this VMM's machine");
	assert_degrades();
	touch(UART0 + 0x30); /* the same one */
	assert_finding(scenario_diagnose(), WRONG, 0.55);
	touch(GPIO);
	assert_finding(scenario_diagnose(), WRONG, 0.76);
	assert_contains(sc.findings.list[0].where, "touched 2 devices.");
	assert_degrades();
	touch(MAILBOX);
	assert_finding(scenario_diagnose(), WRONG, 0.91);
	assert_int_equal(sc.findings.n, 1); /* one root cause */
	assert_int_equal(sc.findings.list[0].n_sites, 4);
	assert_degrades();
	touch(0xff841000);
	assert_finding(scenario_diagnose(), WRONG, 0.91);
}

static void a_map_that_was_read_later(void **state)
{
	(void)state;
	virt_with_registry();
	touch(UART0);
	touch(GPIO);
	touch(MAILBOX);
	scenario_diagnose();
	for (size_t i = 0; i < sc.faults->n_sites; i++)
		sc.faults->sites[i].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), WRONG, 0.8);
}

static void devices_of_different_machines_prove_nothing(void **state)
{
	(void)state;
	virt_with_registry();
	touch(UART0);
	touch(FC_UART);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 2);
	assert_confidence(&sc.findings.list[0], 0.55);
	assert_confidence(&sc.findings.list[1], 0.55);
}

static void another_vmms_machine(void **state)
{
	(void)state;
	virt_with_registry();
	touch(FC_UART);
	touch(FC_RTC);
	assert_finding(scenario_diagnose(), WRONG, 0.76);
	assert_contains(sc.findings.list[0].summary, "where firecracker-arm64 has its");
}

static void by_described_accesses(void **state)
{
	(void)state;
	virt_with_registry();
	scenario_reads(UART0, 15);
	scenario_reads(GPIO, 15);
	assert_null(scenario_diagnose()); /* mere probing */
	scenario_reads(UART0, 16);
	assert_finding(scenario_diagnose(), WRONG, 0.55);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_ERROR);
	scenario_reads(GPIO, 16);
	assert_finding(scenario_diagnose(), WRONG, 0.76);
	assert_degrades();
	sc.evidence.machine_confidence = 0.6; /* its own devices are not known for sure */
	assert_null(scenario_diagnose());
}

/* In a window of this VM's they may as well be BARs. */
static void devices_of_another_machine_in_a_window(void **state)
{
	static const struct machine maps[] = {
		{.id = "board",
		 .arch = "arm64",
		 .is_alien = true,
		 .n_regions = 3,
		 .regions = {REGION("UART", 0x10000000, 0x1000, REGION_DEVICE, ROLE_NONE,
				    .vgic = 0),
			     REGION("RTC", 0x10001000, 0x1000, REGION_DEVICE, ROLE_NONE, .vgic = 0),
			     REGION("GPIO", 0x10002000, 0x1000, REGION_DEVICE, ROLE_NONE,
				    .vgic = 0)}},
	};

	(void)state;
	scenario_qemu_virt();
	sc.host.maps = maps;
	sc.host.n_maps = 1;
	touch(0x10000000);
	assert_finding(scenario_diagnose(), "device-access-nisv-instruction", 0.5);
	assert_alternative(&sc.findings.list[0], WRONG, 0.3);
	touch(0x10001000);
	assert_finding(scenario_diagnose(), WRONG, 0.55);
	touch(0x10002000);
	assert_finding(scenario_diagnose(), WRONG, 0.75);
	assert_degrades();
	/* A device of this VM's answers there. */
	scenario_reads(0x10000000, 100);
	scenario_diagnose();
	assert_non_null(scenario_find("device-access-nisv-instruction"));
}

static void without_a_map_of_its_own(void **state)
{
	(void)state;
	virt_with_registry();
	sc.evidence.machine = NULL;
	touch(UART0);
	assert_finding(scenario_diagnose(), "unknown", 0.2);
	assert_alternative(&sc.findings.list[0], WRONG, 0.3);
	touch(GPIO);
	assert_finding(scenario_diagnose(), WRONG, 0.51);
	touch(MAILBOX);
	assert_finding(scenario_diagnose(), WRONG, 0.66);
	virt_with_registry();
	sc.evidence.machine = NULL;
	scenario_reads(UART0, 1000);
	scenario_reads(GPIO, 1000);
	scenario_reads(MAILBOX, 1000);
	assert_null(scenario_diagnose());
}

/* What this VM has itself, or had, and what is no access. */
static void what_is_no_other_machine(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	virt_with_registry();
	scenario_slot(5, 0xfe000000, 4 * MIB, NISV_SLOT_READONLY);
	touch(UART0);
	assert_finding(scenario_diagnose(), "unknown", 0.2);
	virt_with_registry();
	scenario_bus(UART0, 0x200, false);
	touch(UART0);
	assert_finding(scenario_diagnose(), "device-access-nisv-instruction", 0.85);
	virt_with_registry();
	scenario_region("UART2", UART0, 0x1000, REGION_DEVICE, ROLE_NONE);
	touch(UART0);
	assert_finding(scenario_diagnose(), "device-access-nisv-instruction", 0.9);
	virt_with_registry();
	rec = scenario_injected_nisv(UART0, LDR_POST);
	rec.hdr.time_ns = 100 * SECOND;
	scenario_change(NISV_SLOT_DELETED, 90 * SECOND, 4, 0xfe000000, 4 * MIB, 0);
	assert_finding(scenario_explain(&rec), "memory-hotunplugged", 0.86);
	virt_with_registry();
	rec = scenario_exec(UART0);
	assert_finding(scenario_explain(&rec), "jumped-to-unmapped", 0.95);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(each_more_device_makes_it_surer),
		SCENARIO_TEST(a_map_that_was_read_later),
		SCENARIO_TEST(devices_of_different_machines_prove_nothing),
		SCENARIO_TEST(another_vmms_machine),
		SCENARIO_TEST(by_described_accesses),
		SCENARIO_TEST(devices_of_another_machine_in_a_window),
		SCENARIO_TEST(without_a_map_of_its_own),
		SCENARIO_TEST(what_is_no_other_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
