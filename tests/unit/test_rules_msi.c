/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Controllers of message-signalled interrupts that the VM does not have. Each cause on the evidence
 * it is made for, and each guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define ITS 0x08080000ULL
#define V2M 0x08020000ULL

/* virt with a GICv3, but its=off. */
static void without_its(void)
{
	scenario_qemu_virt();
	scenario_vgic_v3();
}

/* ---- its-missing ---------------------------------------------------------------------------- */

static void the_its_is_switched_off(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	without_its();
	rec = scenario_injected_nisv(ITS + 4, LDR_POST);
	f = scenario_explain(&rec);
	assert_finding(f, "its-missing", 0.88);
	assert_contains(f->summary, "on 0x8080004, where the VM's ITS would be, but it has none");
	assert_contains(f->where, "KVM has no ITS on its MMIO bus at this address (0 ranges are on "
				  "it)");
	assert_advice(f, "-machine its=on");
	assert_int_equal(f->n_alternatives, 0);
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "its-missing", 0.6);
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_STABLE;
	sc.evidence.machine_confidence = 0.6;
	assert_finding(scenario_diagnose(), "its-missing", 0.6);
	sc.evidence.vmm = "kvmtool";
	assert_advice(scenario_diagnose(), "--irqchip gicv3-its");
}

static void options_leave_the_its_out(void **state)
{
	static const struct machine registry[] = {
		{.id = "qemu-virt-arm64",
		 .vmm = "qemu",
		 .arch = "arm64",
		 .n_regions = 1,
		 .regions = {REGION("GIC ITS", ITS, 0x20000, REGION_KERNEL_DEVICE, ROLE_ITS,
				    .vgic = NISV_VGIC_V3)}},
	};
	struct nisv_rec_fault rec;

	(void)state;
	without_its();
	scenario_without("GIC ITS");
	sc.host.maps = registry;
	sc.host.n_maps = 1;
	scenario_bus(0x30000000, 0x10, false);
	rec = scenario_injected_nisv(ITS + 4, LDR_POST);
	assert_finding(scenario_explain(&rec), "its-missing", 0.88);
	assert_contains(sc.findings.list[0].where, "(1 range is on it)");
	assert_degrades();
}

static void its_by_described_accesses(void **state)
{
	(void)state;
	without_its();
	scenario_region_named("GIC ITS")->optional = true;
	scenario_reads(ITS, 15);
	assert_null(scenario_diagnose());
	scenario_reads(ITS, 16);
	assert_finding(scenario_diagnose(), "its-missing", 0.88);
	sc.machine.doubt = "a version that is not told";
	assert_null(scenario_diagnose());
	scenario_reset();
	without_its();
	scenario_reads(ITS, 15);
	assert_null(scenario_diagnose());
	scenario_reads(ITS, 16);
	assert_finding(scenario_diagnose(), "its-missing", 0.88);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_WARNING);
	assert_degrades();
}

static void the_guests_tree_has_an_its(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_vgic_v3();
	scenario_told(GUEST_GIC_ITS, 0x30080000, 0x20000, "msi-controller@30080000");
	rec = scenario_nisv(0x30080004, LDR_POST);
	assert_finding(scenario_explain(&rec), "its-missing", 0.9);
	assert_degrades();
	scenario_forget();
	scenario_reads(0x30080004, 1);
	assert_finding(scenario_diagnose(), "its-missing", 0.9);

	scenario_reset();
	scenario_vgic_v3();
	scenario_tree_may_be_file();
	scenario_told(GUEST_GIC_ITS, 0x30080000, 0x20000, "msi-controller@30080000");
	rec = scenario_nisv(0x30080004, LDR_POST);
	assert_finding(scenario_explain(&rec), "its-missing", 0.6);
}

static void the_its_is_there(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt_v3();
	scenario_told(GUEST_GIC_ITS, ITS, 0x20000, "msi-controller@8080000");
	rec = scenario_injected_nisv(ITS + 4, LDR_POST);
	assert_finding(scenario_explain(&rec), "vgic-access-nisv-instruction", 0.96);
	scenario_forget();
	scenario_reads(ITS, 20);
	assert_null(scenario_diagnose());
}

/*
 * A real QEMU registers its ITS late: the bus that was read had none, but KVM serves the accesses.
 */
static void kvm_serves_what_the_bus_had_not(void **state)
{
	(void)state;
	without_its();
	scenario_told(GUEST_GIC_ITS, ITS, 0x20000, "its@8080000");
	scenario_mmio(ITS, false, 33, 0);
	assert_null(scenario_diagnose());
	/* Two accesses are under way, and counted on neither side. */
	scenario_mmio(ITS, false, 66, 31);
	assert_null(scenario_diagnose());
	scenario_forget();
	scenario_mmio(ITS, false, 33, 31);
	assert_finding(scenario_diagnose(), "its-missing", 0.9);
}

/* What is on KVM's bus is not known, or not all of it: so neither is that the ITS is not. */
static void a_bus_that_is_not_known(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	without_its();
	rec = scenario_injected_nisv(ITS + 4, LDR_POST);
	scenario_add(&rec);
	sc.layout.total_bus = 300;
	assert_string_not_equal(scenario_diagnose()->cause, "its-missing");
	scenario_told(GUEST_GIC_ITS, ITS, 0x20000, "msi-controller@8080000");
	assert_string_not_equal(scenario_diagnose()->cause, "its-missing");
	sc.layout.total_bus = 0;
	assert_finding(scenario_diagnose(), "its-missing", 0.9);
	sc.layout.known = false;
	assert_string_not_equal(scenario_diagnose()->cause, "its-missing");
}

/* ---- gic-v2m-missing ------------------------------------------------------------------------ */

static void a_gicv2m_frame_on_a_gicv3(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt_v3();
	rec = scenario_injected_nisv(V2M + 8, LDR_POST);
	f = scenario_explain(&rec);
	assert_finding(f, "gic-v2m-missing", 0.85);
	assert_contains(f->summary, "where a GICv2m frame would be, but this VM has none");
	assert_contains(f->where, "qemu-virt-arm64 has no GICv2m frame with this VM's vGIC "
				  "(version 3)");
	assert_advice(f, "gic-version=2");
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "gic-v2m-missing", 0.6);
	scenario_forget();
	scenario_reads(V2M, 16);
	assert_finding(scenario_diagnose(), "gic-v2m-missing", 0.85);
}

static void the_guests_tree_has_a_v2m(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_vgic_v2();
	scenario_told(GUEST_GIC_V2M, 0x30020000, 0x1000, "v2m@30020000");
	rec = scenario_nisv(0x30020008, LDR_POST);
	assert_finding(scenario_explain(&rec), "gic-v2m-missing", 0.9);
	assert_degrades();
	scenario_forget();
	scenario_reads(0x30020008, 1);
	assert_finding(scenario_diagnose(), "gic-v2m-missing", 0.9);
	/* The VMM may well have it, and a healthy guest use it. */
	sc.evidence.machine_confidence = 0.6;
	assert_null(scenario_diagnose());
	scenario_forget();
	assert_finding(scenario_explain(&rec), "gic-v2m-missing", 0.6);
	sc.evidence.machine = NULL;
	assert_finding(scenario_diagnose(), "gic-v2m-missing", 0.6);
}

static void the_v2m_is_there(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt();
	scenario_vgic_v2();
	scenario_told(GUEST_GIC_V2M, V2M, 0x1000, "v2m@8020000");
	rec = scenario_injected_nisv(V2M + 8, LDR_POST);
	assert_finding(scenario_explain(&rec), "device-access-nisv-instruction", 0.9);
	scenario_forget();
	scenario_reads(V2M, 100);
	assert_null(scenario_diagnose());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(kvm_serves_what_the_bus_had_not),
		SCENARIO_TEST(the_its_is_switched_off),
		SCENARIO_TEST(options_leave_the_its_out),
		SCENARIO_TEST(its_by_described_accesses),
		SCENARIO_TEST(the_guests_tree_has_an_its),
		SCENARIO_TEST(the_its_is_there),
		SCENARIO_TEST(a_bus_that_is_not_known),
		SCENARIO_TEST(a_gicv2m_frame_on_a_gicv3),
		SCENARIO_TEST(the_guests_tree_has_a_v2m),
		SCENARIO_TEST(the_v2m_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
