/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A device is there, and only the instruction is wrong. The general cause on each sign of a device,
 * and each guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define DEVICE "device-access-nisv-instruction"
#define LD64B  0xf83fd002U /* ld64b x2, [x0] */

/* ---- by the reference map ------------------------------------------------------------------- */

static void a_writeback_on_the_uart(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, LDR_POST);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	f = scenario_explain(&rec);
	assert_finding(f, DEVICE, 0.9);
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_contains(f->summary,
			"executed `ldr w1, [x0], #4` on 0x9000fe0, UART0 PL011 + 0xfe0, a device");
	assert_contains(f->summary, "KVM left it to QEMU, which injects an abort");
	assert_contains(f->how, "it writes the base register back (post-index)");
	assert_contains(f->where, "The address is right: UART0 PL011 of qemu-virt-arm64");
	assert_contains(f->region, "UART0 PL011");
	assert_advice(f, "single-register loads and stores without writeback");
	assert_advice(f, "QEMU cannot emulate it");
	assert_evidence(f, "Reference map qemu-virt-arm64, known by the command line");
	assert_int_equal(f->n_alternatives, 0);
	assert_contains(f->symptom->text, "QEMU logs nothing: it injects");
	assert_degrades();
}

static void what_is_known_of_the_instruction(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, 0);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	f = scenario_explain(&rec);
	assert_finding(f, DEVICE, 0.7);
	assert_contains(f->confidence_reason, "the instruction is not known");
	scenario_forget();
	rec = scenario_injected_nisv(0x09000fe0, LDR);
	f = scenario_explain(&rec);
	assert_finding(f, DEVICE, 0.6);
	assert_contains(f->how, "the code may have changed since");
	scenario_forget();
	rec = scenario_injected_nisv(0x09000fe0, 0x8b020020); /* add x0, x1, x2 */
	assert_finding(scenario_explain(&rec), DEVICE, 0.6);
	assert_contains(sc.findings.list[0].how, "is of no known class");
}

static void a_machine_known_by_likeness_only(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, LDR_POST);

	(void)state;
	scenario_qemu_virt();
	sc.evidence.machine_confidence = 0.8;
	assert_finding(scenario_explain(&rec), DEVICE, 0.9);
	sc.evidence.machine_confidence = 0.79;
	assert_finding(scenario_diagnose(), DEVICE, 0.7);
	sc.faults->sites[0].detail->insn_state = NISV_INSN_UNREADABLE;
	assert_finding(scenario_diagnose(), DEVICE, 0.55);
}

static void a_window_is_less_than_a_device(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x10001000, LDP);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	f = scenario_explain(&rec);
	assert_finding(f, DEVICE, 0.5);
	assert_contains(f->where, "in the PCIe MMIO window of qemu-virt-arm64 "
				  "(0x10000000-0x3eff0000)");
	assert_contains(f->where, "Nothing proves a device at this address");
	assert_contains(f->summary, "PCIe MMIO window + 0x1000, a window for devices");
	sc.faults->sites[0].detail->insn_state = NISV_INSN_UNREADABLE;
	assert_finding(scenario_diagnose(), DEVICE, 0.45);
	/* What is as large is one in all but name. */
	scenario_reset();
	scenario_region("GPU", 0x30000000, 16 * MIB, REGION_DEVICE, ROLE_NONE);
	rec = scenario_nisv(0x30000000, LDP);
	assert_finding(scenario_explain(&rec), DEVICE, 0.5);
	sc.machine.regions[0].size--;
	assert_finding(scenario_diagnose(), DEVICE, 0.9);
}

/* RAM on both sides of the window: what else it can be is told. */
static void an_empty_window_has_alternatives(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt();
	scenario_slot(1, 0x0c000000, 16 * MIB, 0);
	rec = scenario_nisv(0x20001000, LDP);
	assert_finding(scenario_explain(&rec), DEVICE, 0.5);
	assert_int_equal(sc.findings.list[0].n_alternatives, 1);
	assert_alternative(&sc.findings.list[0], "hole-between-slots", 0.35);
}

/* The machine can have it there, with an option: only traffic shows that this VM has. */
static void an_optional_device_needs_proof(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, LDR_POST);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	scenario_region_named("UART0 PL011")->optional = true;
	f = scenario_explain(&rec);
	assert_finding(f, "unknown", 0.2);
	assert_contains(f->where, "UART0 PL011 there, but only with an option");
	scenario_reads(0x09000fe0, 1);
	assert_finding(scenario_diagnose(), DEVICE, 0.9);
	scenario_forget();
	scenario_bus(0x09000fc0, 4, true);
	assert_finding(scenario_explain(&rec), DEVICE, 0.9);
}

static void a_slot_beats_the_reference_map(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt();
	scenario_slot(5, 0x09000000, 0x1000, NISV_SLOT_READONLY);
	rec = scenario_injected_nisv(0x09000fe0, LDR_POST);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

static void where_the_map_has_nothing(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, LDR_POST);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "unknown", 0.2);
	assert_contains(f->how, "post-index");
	assert_evidence(f, "Reference map bare, known by the command line");
	sc.evidence.machine = NULL;
	assert_finding(scenario_diagnose(), "unknown", 0.2);
	assert_evidence(&sc.findings.list[0], "No reference map is known for this machine");
}

/* ---- by what KVM has ------------------------------------------------------------------------ */

static void a_device_on_the_bus(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x30000010, LDP);
	const struct finding *f;

	(void)state;
	scenario_bus(0x30000000, 0x1000, false);
	f = scenario_explain(&rec);
	assert_finding(f, DEVICE, 0.85);
	assert_contains(f->where, "KVM has one on its MMIO bus there");
	assert_degrades();
	sc.faults->sites[0].detail->insn_state = NISV_INSN_UNREADABLE;
	assert_finding(scenario_diagnose(), DEVICE, 0.7);
	scenario_forget();
	rec = scenario_nisv(0x30001000, LDP); /* the first byte behind it */
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

static void a_doorbell_shows_a_device(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x30003000, LDP);
	const struct finding *f;

	(void)state;
	scenario_bus(0x30003050, 4, true);
	f = scenario_explain(&rec);
	assert_finding(f, DEVICE, 0.8);
	assert_contains(f->where, "KVM has an ioeventfd there");
	assert_degrades();
	sc.faults->sites[0].detail->insn_state = NISV_INSN_UNREADABLE;
	assert_finding(scenario_diagnose(), DEVICE, 0.6);
	scenario_forget();
	rec = scenario_nisv(0x30003200, LDP); /* the next 512 bytes */
	assert_finding(scenario_explain(&rec), DEVICE, 0.8);
	sc.evidence.vmm = "kvmtool"; /* there another device; Firecracker's have a page each */
	assert_finding(scenario_diagnose(), "unknown", 0.2);
	scenario_forget();
	sc.evidence.vmm = "firecracker";
	rec = scenario_nisv(0x30004000, LDP);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

/* The map's name for it is better than a sign of it. */
static void a_named_device_with_a_doorbell(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x0a000000, LDP);

	(void)state;
	scenario_qemu_virt();
	scenario_bus(0x0a000050, 4, true);
	assert_finding(scenario_explain(&rec), DEVICE, 0.9);
	sc.evidence.machine_confidence = 0.6;
	assert_finding(scenario_diagnose(), DEVICE, 0.8);
}

/* ---- by other accesses that were described -------------------------------------------------- */

static void traffic_in_a_window_shows_a_device(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x10001004, LDP);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	scenario_reads(0x10001000, 1000);
	f = scenario_explain(&rec);
	assert_finding(f, DEVICE, 0.8);
	assert_contains(f->confidence_reason, "served as MMIO");
	assert_contains(f->where, ": devices, no memory.");
	assert_degrades();
	sc.faults->sites[0].detail->insn_state = NISV_INSN_UNREADABLE;
	assert_finding(scenario_diagnose(), DEVICE, 0.6);
	scenario_forget();
	scenario_reads(0x10001200, 1000);
	assert_finding(scenario_explain(&rec), DEVICE, 0.5);
}

/* A guest that looks at what is not there is answered, too. */
static void a_look_into_a_window_proves_nothing(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x10001004, LDP);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	scenario_reads(0x10001000, 5);
	f = scenario_explain(&rec);
	assert_finding(f, DEVICE, 0.65);
	assert_contains(f->confidence_reason, "by a device or by the VMM for what is not there");
	assert_contains(f->where, "Nothing proves a device at this address");
	assert_degrades();
}

/* A VMM answers described accesses to what is not there as well: a guest that takes a hole for
 * memory uses it by all kinds of loads and stores. */
static void traffic_where_nothing_is_shows_nothing(void **state)
{
	static const struct {
		uint64_t address;
		const char *cause;
		double confidence;
	} cases[] = {
		{RAM_END, "access-past-ram-end", 0.9},
		{0x44000000, "hole-between-slots", 0.85},
		{0x10, "null-pointer-low-ipa", 0.9},
		{0x30000000, "unknown", 0.2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nisv_rec_fault rec;
		const struct finding *f;

		scenario_reset();
		if (i == 1)
			scenario_slot(1, 0x48000000, 16 * MIB, 0);
		scenario_reads(cases[i].address, 15);
		rec = scenario_nisv(cases[i].address, LDP);
		f = scenario_explain(&rec);
		assert_finding(f, cases[i].cause, cases[i].confidence);
		assert_int_equal(alternative_of(f, DEVICE), 0);
	}
}

static void traffic_in_memory_that_the_guest_was_told_of(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x10001000, LDP);

	(void)state;
	scenario_qemu_virt();
	scenario_told(GUEST_MEMORY, RAM_BASE, 16 * MIB, "memory@40000000");
	scenario_told(GUEST_MEMORY, 0x10000000, MIB, "memory@10000000");
	scenario_reads(0x10001000, 1000);
	scenario_add(&rec);
	assert_finding(scenario_diagnose(), "dtb-memory-node-larger-than-ram", 0.96);
	sc.guest.state = GUEST_NOT_FOUND;
	assert_finding(scenario_diagnose(), DEVICE, 0.8);
}

/* What the machine has there nobody knows: traffic is a hint. */
static void traffic_without_a_map(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x30000004, LDP);
	const struct finding *f;

	(void)state;
	scenario_reads(0x30000000, 1000);
	scenario_add(&rec);
	for (int i = 0; i < 3; i++) {
		sc.evidence.machine = i == 0 ? NULL : &sc.machine;
		sc.evidence.machine_confidence = i == 1 ? 0.6 : 0.9;
		sc.machine.doubt = i == 2 ? "a version that is not told" : NULL;
		f = scenario_diagnose();
		assert_finding(f, DEVICE, 0.65);
		assert_contains(f->where, "What this VM has there is not known");
	}
	sc.faults->sites[0].detail->insn_state = NISV_INSN_UNREADABLE;
	assert_finding(scenario_diagnose(), DEVICE, 0.5);
	/* It may as well be what follows RAM. */
	scenario_reset();
	sc.evidence.machine = NULL;
	scenario_reads(RAM_END, 1000);
	rec = scenario_nisv(RAM_END, LDP);
	f = scenario_explain(&rec);
	assert_finding(f, DEVICE, 0.65);
	assert_true(alternative_of(f, "access-past-ram-end") >= 0.5);
}

/* Among transports of a VMM that gives each a doorbell. */
static void traffic_at_a_transport_without_a_doorbell(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_region("virtio-mmio", 0x30000000, MIB, REGION_DEVICE, ROLE_VIRTIO_MMIO)
		->is_window = true;
	scenario_reads(0x30002000, 100);
	rec = scenario_nisv(0x30002004, LDP);
	assert_finding(scenario_explain(&rec), DEVICE, 0.65);
	sc.faults->sites[0].detail->insn_state = NISV_INSN_UNREADABLE;
	assert_finding(scenario_diagnose(), DEVICE, 0.5);
	sc.evidence.vmm = "crosvm";
	assert_finding(scenario_diagnose(), DEVICE, 0.6);
}

/* ---- advice --------------------------------------------------------------------------------- */

static void advice_is_the_vmms(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x30000010, LDP);

	(void)state;
	scenario_bus(0x30000000, 0x1000, false);
	assert_advice(scenario_explain(&rec), "Received ENOSYS error");
	assert_no_advice(&sc.findings.list[0], "QEMU");
	sc.evidence.vmm = "dragonball";
	assert_no_advice(scenario_diagnose(), "Firecracker");
}

/* ---- ls64-on-device ------------------------------------------------------------------------- */

static struct nisv_rec_fault ls64(uint64_t ipa)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_LDST64B, ipa);

	rec.outcome = NISV_OUTCOME_VMM_DECIDES;
	rec.exit_reason = 42;
	scenario_insn(&rec, LD64B);
	return rec;
}

static void an_access_of_64_bytes(void **state)
{
	struct nisv_rec_fault rec = ls64(0x8000000000);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	f = scenario_explain(&rec);
	assert_finding(f, "ls64-on-device", 0.95);
	assert_contains(f->summary, " on 0x8000000000, PCIe MMIO window "
				    "(high) + 0x0, with a 64-byte access");
	assert_contains(f->summary, "KVM left it to the VMM (KVM_EXIT_ARM_LDST64B)");
	assert_advice(f, "spins");
	assert_no_advice(f, "property that lacks it"); /* QEMU has none */
	assert_degrades();
	sc.evidence.vmm = "firecracker";
	assert_advice(scenario_diagnose(), "CPU template");
	scenario_forget();
	rec = ls64(0x7000000000);
	f = scenario_explain(&rec);
	assert_finding(f, "ls64-on-device", 0.95);
	assert_contains(f->summary, "no memory, with a 64-byte access");
}

static void only_kvms_exit_is_ls64(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000000, LD64B);

	(void)state;
	scenario_qemu_virt();
	assert_finding(scenario_explain(&rec), DEVICE, 0.6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(a_writeback_on_the_uart),
		SCENARIO_TEST(what_is_known_of_the_instruction),
		SCENARIO_TEST(a_machine_known_by_likeness_only),
		SCENARIO_TEST(a_window_is_less_than_a_device),
		SCENARIO_TEST(an_empty_window_has_alternatives),
		SCENARIO_TEST(an_optional_device_needs_proof),
		SCENARIO_TEST(a_slot_beats_the_reference_map),
		SCENARIO_TEST(where_the_map_has_nothing),
		SCENARIO_TEST(a_device_on_the_bus),
		SCENARIO_TEST(a_doorbell_shows_a_device),
		SCENARIO_TEST(a_named_device_with_a_doorbell),
		SCENARIO_TEST(traffic_in_a_window_shows_a_device),
		SCENARIO_TEST(a_look_into_a_window_proves_nothing),
		SCENARIO_TEST(traffic_where_nothing_is_shows_nothing),
		SCENARIO_TEST(traffic_in_memory_that_the_guest_was_told_of),
		SCENARIO_TEST(traffic_without_a_map),
		SCENARIO_TEST(traffic_at_a_transport_without_a_doorbell),
		SCENARIO_TEST(advice_is_the_vmms),
		SCENARIO_TEST(an_access_of_64_bytes),
		SCENARIO_TEST(only_kvms_exit_is_ls64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
