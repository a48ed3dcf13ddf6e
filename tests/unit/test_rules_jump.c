/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The guest ran where no memory is. Each cause on the evidence it is made for, and each guard that
 * keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

/* ---- jumped-to-unmapped --------------------------------------------------------------------- */

static void a_jump_into_nothing(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);
	const struct finding *f;

	(void)state;
	rec.gpr[30] = 0x40001234;
	f = scenario_explain(&rec);
	assert_finding(f, "jumped-to-unmapped", 0.95);
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_contains(f->summary,
			"vCPU 0 fetched an instruction from 0x50000000, where no memory is");
	assert_contains(f->summary, "KVM injected an abort into the guest");
	assert_contains(f->where, "The PC is in no memslot: RAM 0x40000000-0x41000000");
	assert_contains(f->how, "never emulated");
	assert_advice(f, "x30 holds 0x40001234");
	assert_int_equal(f->n_alternatives, 0);
	assert_contains(f->symptom->text, "Nothing on the host");
	assert_degrades();
}

static void an_unconfirmed_fetch_is_less_sure(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);
	const struct finding *f;

	(void)state;
	rec.outcome = NISV_OUTCOME_UNKNOWN;
	f = scenario_explain(&rec);
	assert_finding(f, "jumped-to-unmapped", 0.85);
	assert_int_equal(f->severity, SEVERITY_ERROR); /* KVM always injects */
	assert_contains(f->summary, "KVM answers that with an abort in the guest");
	assert_contains(f->confidence_reason, "the injection itself was not seen");
	sc.host.injection_seen = true; /* a hook would have seen it */
	f = scenario_diagnose();
	assert_confidence(f, 0.7);
	assert_int_equal(f->severity, SEVERITY_WARNING);
}

static void a_fetch_whose_map_was_read_later(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	rec.layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_explain(&rec), "jumped-to-unmapped", 0.8);
	scenario_forget();
	rec.outcome = NISV_OUTCOME_UNKNOWN;
	assert_finding(scenario_explain(&rec), "jumped-to-unmapped", 0.6);
	scenario_forget();
	/* Without any map: that it is told as a fetch outside memory is all there is. */
	rec.layout_state = NISV_LAYOUT_NONE;
	sc.layout.known = false;
	assert_finding(scenario_explain(&rec), "jumped-to-unmapped", 0.6);
	assert_contains(sc.findings.list[0].summary, "0x50000000, where KVM found no memory; ");
	assert_contains(sc.findings.list[0].confidence_reason, "KVM answered an instruction fetch");
}

/* A trace has no registers, x30 is not 0, but not known; no memory map; and no injection. */
static void a_fetch_in_a_trace(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);
	const struct finding *f;

	(void)state;
	rec.outcome = NISV_OUTCOME_UNKNOWN;
	rec.layout_state = NISV_LAYOUT_NONE;
	sc.layout.known = false;
	sc.evidence.is_traced = true;
	f = scenario_explain(&rec);
	assert_finding(f, "jumped-to-unmapped", 0.6);
	assert_contains(f->confidence_reason, "the same instruction fetch faulted over and over");
	assert_evidence(f, "Outcome: unknown (KVM injects an abort; no tracepoint tells it)");
	assert_advice(f, "the guest's link register (x30) and ELR_EL1");
	sc.evidence.is_traced = false;
	assert_evidence(scenario_diagnose(), "KVM injects an abort; no hook on this kernel sees");
	sc.host.injection_seen = true;
	assert_evidence(scenario_diagnose(), "KVM injects an abort; this time it was not seen");
}

/* Memory is there now: it may have been there before. */
static void code_that_came_later(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);
	const struct finding *f;

	(void)state;
	scenario_slot(1, 0x50000000, MIB, 0);
	sc.layout.generation = 6;
	f = scenario_explain(&rec);
	assert_finding(f, "memslot-update-race", 0.65);
	assert_alternative(f, "jumped-to-unmapped", 0.35);
}

static void a_null_function_pointer(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_contains(f->summary, "a call through a NULL pointer");
	assert_null(strstr(f->summary, "exception vector"));
	scenario_forget();
	rec.pc = rec.ipa = 0xffc;
	assert_contains(scenario_explain(&rec)->summary, "NULL pointer");
	scenario_forget();
	rec.pc = rec.ipa = 0x1000;
	assert_null(strstr(scenario_explain(&rec)->summary, "NULL pointer"));
}

static void a_jump_behind_page_tables_names_the_pc(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	rec.pc = rec.far = 0xffff800050000000;
	assert_contains(scenario_explain(&rec)->summary, "0x50000000 (PC 0xffff800050000000)");
}

static void a_fetch_for_ever_is_a_hang(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	rec.count = 511;
	assert_int_equal(scenario_explain(&rec)->severity, SEVERITY_ERROR);
	rec.count = 512;
	assert_int_equal(scenario_explain(&rec)->severity, SEVERITY_HANG);
}

/* A first exception without vectors: there was no jump, and no earlier fault. */
static void an_exception_without_vectors(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x200);
	const struct finding *f;

	(void)state;
	rec.sysregs_state = NISV_SYSREGS_CURRENT;
	rec.sys.elr = 0x40000123;
	f = scenario_explain(&rec);
	assert_finding(f, "jumped-to-unmapped", 0.95);
	assert_contains(f->summary, "VBAR_EL1 + 0x200: an exception vector");
	assert_contains(f->how, "an exception whose vector is outside memory");
	assert_advice(f, "this one came from PC 0x40000123 (ELR_EL1)");
	sc.faults->sites[0].detail->sysregs_state = NISV_SYSREGS_STALE;
	f = scenario_diagnose();
	assert_contains(f->summary, "an exception vector");
	assert_advice(f, "Set VBAR_EL1 to a vector table in RAM before the first exception can");
	assert_no_advice(f, "ELR_EL1)");
}

static void what_is_no_vector(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	for (int i = 0; i < 4; i++) {
		scenario_reset();
		rec = scenario_exec(0x50000a00);
		rec.sys.vbar = 0x50000800;
		if (i == 0)
			rec.pstate = EL1H; /* interrupts on: no exception has just been taken */
		else if (i == 1)
			rec.sys.vbar = 0x50000000; /* the table ends before */
		else if (i == 2)
			rec.pc = rec.ipa = 0x50000a04; /* in the middle of an entry */
		else
			rec.sysregs_state = NISV_SYSREGS_NONE;
		assert_null(strstr(scenario_explain(&rec)->summary, "exception vector"));
	}
	scenario_reset();
	rec = scenario_exec(0x50000a00);
	rec.sys.vbar = 0x50000800;
	assert_contains(scenario_explain(&rec)->summary, "VBAR_EL1 + 0x200: an exception vector");
}

static void who_jumped(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000), *detail;

	(void)state;
	assert_advice(scenario_explain(&rec), "x30 is 0, so nothing was called");
	detail = sc.faults->sites[0].detail;
	sc.faults->sites[0].detail = NULL; /* counts only */
	/* A nested guest's address looks the same. */
	assert_finding(scenario_diagnose(), "jumped-to-unmapped", 0.6);
	assert_advice(&sc.findings.list[0], "(x30) and ELR_EL1 at the fault name the caller");
	sc.faults->sites[0].detail = detail;
}

static void a_jump_into_a_window_or_flash_that_is_not_there(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt();
	rec = scenario_exec(0x10000000);
	assert_finding(scenario_explain(&rec), "jumped-to-unmapped", 0.95);
	assert_advice(&sc.findings.list[0], "QEMU virt has RAM from 0x40000000");
	scenario_forget();
	rec = scenario_exec(0x04000000);
	assert_finding(scenario_explain(&rec), "jumped-to-unmapped", 0.95);
}

static void data_is_not_fetched(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x50000000, LDP);

	(void)state;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	assert_int_equal(alternative_of(&sc.findings.list[0], "jumped-to-unmapped"), 0);
	scenario_forget();
	scenario_qemu_virt();
	rec = scenario_injected_nisv(0x09000000, LDP);
	assert_finding(scenario_explain(&rec), "device-access-nisv-instruction", 0.9);
	assert_int_equal(sc.findings.list[0].n_alternatives, 0);
}

/* ---- exec-from-device ----------------------------------------------------------------------- */

static void a_jump_into_a_device(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x09000000);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	f = scenario_explain(&rec);
	assert_finding(f, "exec-from-device", 0.96);
	assert_contains(f->summary, "from 0x9000000, which is UART0 PL011, a device");
	assert_contains(f->where, "The PC is in UART0 PL011, a device: code cannot run there");
	assert_advice(f, "execute-never");
	assert_int_equal(f->n_alternatives, 0); /* jumped-to-unmapped says less of the same */
	assert_degrades();
	/* Known by its likeness only: sure is no more than that no memory is there. */
	sc.evidence.machine_confidence = 0.6;
	assert_finding(scenario_diagnose(), "jumped-to-unmapped", 0.95);
	assert_alternative(&sc.findings.list[0], "exec-from-device", 0.8);
	sc.evidence.machine_confidence = 0.8;
	sc.machine.doubt = "a version that is not told";
	assert_finding(scenario_diagnose(), "jumped-to-unmapped", 0.95);
	assert_alternative(&sc.findings.list[0], "exec-from-device", 0.85);
}

static void a_jump_into_the_vgic(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x08000000);
	const struct finding *f;

	(void)state;
	scenario_vgic_v3();
	f = scenario_explain(&rec);
	assert_finding(f, "exec-from-device", 0.97);
	assert_contains(f->summary, "which is the vGIC's distributor");
	assert_contains(f->where, "The PC is in KVM's vGIC, a device");
	assert_degrades();
	sc.faults->sites[0].outcome = NISV_OUTCOME_UNKNOWN;
	assert_finding(scenario_diagnose(), "exec-from-device", 0.85);
}

static void a_jump_into_a_device_on_the_bus(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x30000010);
	const struct finding *f;

	(void)state;
	scenario_bus(0x30000000, 0x1000, false);
	f = scenario_explain(&rec);
	assert_finding(f, "exec-from-device", 0.96);
	assert_contains(f->summary, "which is a device on KVM's MMIO bus");
	assert_contains(f->where, "a device on KVM's MMIO bus");
}

/* Firecracker and libkrun register a doorbell for each, and give each a page. */
static void a_jump_into_a_transport(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x30000bb0);

	(void)state;
	scenario_region("virtio-mmio", 0x30000000, MIB, REGION_DEVICE, ROLE_VIRTIO_MMIO)
		->is_window = true;
	scenario_bus(0x30000050, 4, true);
	sc.evidence.vmm = "libkrun";
	assert_finding(scenario_explain(&rec), "exec-from-device", 0.96);
	assert_degrades();
	sc.evidence.vmm = "kvmtool"; /* 512 bytes each, and a doorbell once it is used */
	assert_finding(scenario_diagnose(), "jumped-to-unmapped", 0.95);
	sc.evidence.vmm = "libkrun";
	sc.layout.bus[0].addr += 0x1000;
	assert_finding(scenario_diagnose(), "jumped-to-unmapped", 0.95);
}

/* Other accesses that were described, or a doorbell, make no device of the whole page. */
static void a_jump_close_to_a_doorbell(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x30000010);

	(void)state;
	scenario_bus(0x30000050, 4, true);
	assert_finding(scenario_explain(&rec), "jumped-to-unmapped", 0.95);
	/* But in a window for devices it shows one. */
	scenario_region("virtio-mmio", 0x30000000, 0x1000000, REGION_DEVICE, ROLE_VIRTIO_MMIO)
		->is_window = true;
	assert_finding(scenario_diagnose(), "exec-from-device", 0.96);
	assert_degrades();
	scenario_forget();
	sc.evidence.vmm = "kvmtool"; /* 512 bytes each */
	rec = scenario_exec(0x30000210);
	assert_finding(scenario_explain(&rec), "jumped-to-unmapped", 0.95);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(a_jump_into_nothing),
		SCENARIO_TEST(an_unconfirmed_fetch_is_less_sure),
		SCENARIO_TEST(a_fetch_whose_map_was_read_later),
		SCENARIO_TEST(a_fetch_in_a_trace),
		SCENARIO_TEST(code_that_came_later),
		SCENARIO_TEST(a_null_function_pointer),
		SCENARIO_TEST(a_jump_behind_page_tables_names_the_pc),
		SCENARIO_TEST(a_fetch_for_ever_is_a_hang),
		SCENARIO_TEST(an_exception_without_vectors),
		SCENARIO_TEST(what_is_no_vector),
		SCENARIO_TEST(who_jumped),
		SCENARIO_TEST(a_jump_into_a_window_or_flash_that_is_not_there),
		SCENARIO_TEST(data_is_not_fetched),
		SCENARIO_TEST(a_jump_into_a_device),
		SCENARIO_TEST(a_jump_into_the_vgic),
		SCENARIO_TEST(a_jump_into_a_device_on_the_bus),
		SCENARIO_TEST(a_jump_into_a_transport),
		SCENARIO_TEST(a_jump_close_to_a_doorbell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
