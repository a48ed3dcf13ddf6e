/* SPDX-License-Identifier: GPL-2.0-or-later */

/* MMIO that costs, or that goes nowhere; and the ordinary traffic that is no finding. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define UART	0x09000000ULL
#define NOTHING 0x0b000000ULL

/* One reading a second: @seconds of them with that many accesses that user space served. */
static void busy(uint64_t ipa, bool is_write, unsigned int seconds, uint64_t per_second)
{
	for (uint64_t i = 0; i <= seconds; i++)
		scenario_mmio(ipa, is_write, 1 + i * per_second, 1 + i * per_second);
}

/* ---- mmio-storm ----------------------------------------------------------------------------- */

static void a_register_that_is_polled(void **state)
{
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	busy(UART, false, 12, 50000);
	f = scenario_diagnose();
	assert_finding(f, "mmio-storm", 0.9);
	assert_int_equal(f->severity, SEVERITY_WARNING);
	assert_contains(f->summary, "The guest read 0x9000000 600001 times, UART0 PL011 + 0x0: "
				    "50000 times a second for ");
	assert_contains(f->summary, "12 s, and it goes on.");
	assert_contains(f->where, "The address belongs to UART0 PL011 + 0x0");
	assert_contains(f->how, "by reads, as a driver does that polls a register");
	assert_evidence(f,
			"600001 accesses to these 512 bytes so far, 600001 served by user space; "
			"at most 50000 a second");
	assert_advice(f, "Use virtio devices");
	assert_degrades();
	sc.evidence.now_ns += 5 * SECOND;
	assert_contains(scenario_diagnose()->summary, "50000 times a second for 12 s");
	assert_null(strstr(sc.findings.list[0].summary, "goes on"));
}

static void how_much_makes_a_storm(void **state)
{
	(void)state;
	scenario_qemu_virt();
	busy(UART, true, 9, 50000);
	assert_null(scenario_diagnose());
	scenario_forget();
	busy(UART, true, 10, 50000);
	assert_finding(scenario_diagnose(), "mmio-storm", 0.9);
	assert_contains(sc.findings.list[0].how, "by writes");
	scenario_forget();
	busy(UART, true, 60, FAULTMAP_BUSY_RATE - 1);
	assert_null(scenario_diagnose());
	sc.faults->busy_rate = 1000; /* MMIOStormRate= */
	scenario_forget();
	sc.faults->busy_rate = 1000;
	busy(UART, true, 10, 1000);
	assert_finding(scenario_diagnose(), "mmio-storm", 0.9);
	scenario_forget(); /* doorbells that KVM serves cost no exit to user space */
	for (uint64_t i = 0; i <= 60; i++)
		scenario_mmio(UART, true, 1 + i * 500000, 1 + i);
	assert_null(scenario_diagnose());
}

static void the_device_of_a_storm(void **state)
{
	(void)state;
	scenario_qemu_virt_v3();
	busy(0x08000000, false, 10, 50000);
	assert_contains(scenario_diagnose()->where, "belongs to the vGIC's distributor.");
	scenario_forget();
	busy(0x10000200, false, 10, 50000);
	assert_contains(scenario_diagnose()->where, "belongs to PCIe MMIO window + 0x200.");
	scenario_forget();
	scenario_region("timer", NOTHING + 0x180, 0x20, REGION_DEVICE, ROLE_NONE);
	busy(NOTHING, false, 10, 50000); /* the 512 bytes begin before it */
	assert_contains(scenario_diagnose()->where, "belongs to timer.");
	scenario_forget();
	sc.evidence.machine = NULL;
	busy(NOTHING, false, 10, 50000);
	assert_finding(scenario_diagnose(), "mmio-storm", 0.9);
	assert_contains(sc.findings.list[0].where, "belongs to no device that is known.");
	scenario_told(GUEST_DEVICE, NOTHING, 0x1000, "serial@b000000");
	assert_contains(scenario_diagnose()->where, "belongs to the guest's \"serial@b000000\".");
}

/* One device's places share a finding, a window's do not. */
static void the_places_of_a_storm(void **state)
{
	(void)state;
	scenario_qemu_virt();
	busy(UART, false, 10, 50000);
	busy(UART + 0x200, true, 10, 50000);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(sc.findings.list[0].n_sites, 2);
	scenario_forget();
	busy(0x10000000, false, 10, 50000);
	busy(0x10000200, false, 10, 50000);
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 2);
}

/* What is not there is the cause, and the number of accesses what comes of it. */
static void a_storm_where_nothing_is(void **state)
{
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	busy(NOTHING, false, 10, 50000);
	f = scenario_diagnose();
	assert_finding(f, "mmio-storm", 0.65);
	assert_contains(f->summary, "500001 times, where nothing is: 50000 times a second");
	assert_contains(f->where, "qemu-virt-arm64 has nothing there: the guest waits for what "
				  "never comes. No memslot holds");
	assert_alternative(f, "stray-mmio-read", 0.5);
	snprintf(scenario_told(GUEST_DEVICE, NOTHING, 0x1000, "serial@b000000")->compatible, 48,
		 "arm,pl011");
	assert_finding(scenario_diagnose(), "dt-device-absent", 0.65);
	assert_alternative(&sc.findings.list[0], "mmio-storm", 0.65);
	scenario_reset();
	scenario_q35();
	scenario_without("HPET");
	busy(0xfed00000, false, 10, 50000);
	assert_finding(scenario_diagnose(), "x86-hpet-or-tpm-absent", 0.82);
}

/* ---- stray-mmio-read, stray-mmio-write ------------------------------------------------------ */

static void accesses_where_nothing_is(void **state)
{
	static const char *const causes[] = {"stray-mmio-read", "stray-mmio-write"};
	static const char *const verbs[] = {"read", "wrote"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		char summary[96];

		scenario_reset();
		scenario_qemu_virt();
		scenario_mmio(NOTHING, i, 999, 999);
		assert_null(scenario_diagnose());
		scenario_mmio(NOTHING, i, 1000, 1000);
		assert_finding(scenario_diagnose(), causes[i], 0.5);
		assert_int_equal(sc.findings.list[0].severity, SEVERITY_INFO);
		snprintf(summary, sizeof(summary),
			 "The guest %s 0xb000000 1000 times, where nothing is.", verbs[i]);
		assert_string_equal(sc.findings.list[0].summary, summary);
		assert_contains(sc.findings.list[0].where, "qemu-virt-arm64 has nothing there.");
		assert_contains(sc.findings.list[0].how,
				"QEMU answers reads of what nothing claims "
				"with 0");
		assert_contains(sc.findings.list[0].symptom->text, "QEMU logs nothing");
		assert_degrades();
	}
}

static void traffic_that_is_no_stray(void **state)
{
	(void)state;
	scenario_qemu_virt();
	for (int i = 0; i < 5; i++) {
		scenario_reset();
		scenario_qemu_virt();
		if (i == 0)
			scenario_slot(5, NOTHING, 0x1000, NISV_SLOT_READONLY);
		else if (i == 1)
			sc.evidence.machine = NULL;
		else if (i == 2)
			sc.evidence.machine_confidence = 0.7;
		else if (i == 3)
			sc.machine.doubt = "a version that is not told";
		else
			scenario_bus(NOTHING, 0x100, false);
		scenario_reads(NOTHING, 100000);
		assert_null(scenario_diagnose());
	}
	/* What the machine can have there. */
	scenario_reset();
	scenario_qemu_virt();
	scenario_reads(0x09080000, 100000);
	assert_null(scenario_diagnose());
}

/* ---- a healthy VM --------------------------------------------------------------------------- */

static void devices_at_work(void **state)
{
	static const uint64_t places[] = {UART,		0x09010000, 0x0a000000, 0x0a003e00,
					  0x10000000,	0x20000000, 0x3eff0000, 0x4010008000,
					  0x8000000000, 0x08000000, 0x08080000, 0x080a0000};

	(void)state;
	scenario_qemu_virt_v3();
	scenario_registry();
	sc.options.known = true;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		scenario_reads(places[i], 1000000);
		scenario_mmio(places[i], true, 1000000, 1000);
	}
	assert_null(scenario_diagnose());
	assert_null(sc.findings.list);
}

/* A guest looks for devices at boot: a few reads each, answered with nothing. */
static void a_guest_that_looks_around(void **state)
{
	(void)state;
	scenario_qemu_virt_v3();
	scenario_registry();
	sc.options.known = true;
	for (uint64_t i = 0; i < 64; i++)
		scenario_reads(0x09050000 + i * 0x1000, 4);
	for (uint64_t i = 0; i < 3; i++)
		scenario_reads(0x3f000000 + i * 0x8000, 4);
	scenario_reads(0xfe201000, 4);
	scenario_reads(0xfe200000, 4);
	assert_null(scenario_diagnose());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(a_register_that_is_polled), SCENARIO_TEST(how_much_makes_a_storm),
		SCENARIO_TEST(the_device_of_a_storm),	  SCENARIO_TEST(the_places_of_a_storm),
		SCENARIO_TEST(a_storm_where_nothing_is),  SCENARIO_TEST(accesses_where_nothing_is),
		SCENARIO_TEST(traffic_that_is_no_stray),  SCENARIO_TEST(devices_at_work),
		SCENARIO_TEST(a_guest_that_looks_around),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
