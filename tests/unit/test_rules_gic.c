/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The interrupt controller: KVM's own used the wrong way, and frames that are not there. Each cause
 * on the evidence it is made for, and each guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

/* ---- vgic-access-nisv-instruction ----------------------------------------------------------- */

static void a_writeback_on_the_distributor(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt_v3();
	rec = scenario_injected_nisv(0x08006100, LDR_POST);
	f = scenario_explain(&rec);
	assert_finding(f, "vgic-access-nisv-instruction", 0.96);
	assert_contains(f->summary, "the vGIC's distributor + 0x6100, which KVM emulates");
	assert_contains(f->where, "KVM's own vGIC distributor is at 0x8000000");
	assert_advice(f, "No setting of the VMM helps");
	assert_int_equal(f->n_alternatives, 0);
	assert_int_equal(f->n_overlays, 1);
	assert_degrades();
}

static void the_vgic_without_the_instruction(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_vgic_v3();
	rec = scenario_nisv(0x08006100, 0);
	assert_finding(scenario_explain(&rec), "vgic-access-nisv-instruction", 0.75);
	/* Bytes that the CPU would have described: the code has changed since. */
	scenario_forget();
	rec = scenario_nisv(0x08006100, LDR);
	assert_finding(scenario_explain(&rec), "vgic-access-nisv-instruction", 0.6);
}

static void redistributors_end_with_the_vcpus(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt_v3();
	rec = scenario_nisv(0x080bfffc, LDR_POST);
	assert_finding(scenario_explain(&rec), "vgic-access-nisv-instruction", 0.96);
	assert_contains(sc.findings.list[0].summary, "the vGIC's redistributor + 0x1fffc");
	scenario_forget();
	rec = scenario_nisv(0x080c0000, LDR_POST);
	assert_finding(scenario_explain(&rec), "redist-beyond-vcpus", 0.85);
}

static void the_its_counts_where_the_bus_has_it(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt_v3();
	rec = scenario_nisv(0x08080000, LDP);
	f = scenario_explain(&rec);
	assert_finding(f, "vgic-access-nisv-instruction", 0.96);
	assert_contains(f->summary, "the GIC ITS + 0x0, which KVM emulates");
	assert_contains(f->where, "KVM's own GIC ITS is at 0x8080000");
	assert_degrades();
}

/* The map says distributor, but this VM's kernel has its vGIC elsewhere, or none. */
static void the_kernels_vgic_beats_the_map(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	rec = scenario_nisv(0x08006100, LDR_POST);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	scenario_forget();
	scenario_vgic_v3();
	sc.layout.vgic_dist = 0x20000000;
	f = scenario_explain(&rec);
	assert_finding(f, "unknown", 0.2);
	assert_contains(f->where, "GICv3 distributor there, this VM does not");
}

static void memory_over_the_vgic_wins(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_vgic_v3();
	scenario_slot(7, 0x08000000, 0x10000, NISV_SLOT_READONLY);
	rec = scenario_nisv(0x08006100, STP);
	assert_finding(scenario_explain(&rec), "readonly-slot-write-nisv", 0.95);
}

/* ---- gic-version-mismatch ------------------------------------------------------------------- */

static void a_gicv2_driver_on_a_gicv3(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt_v3();
	rec = scenario_injected_nisv(0x08010000, LDR_POST);
	f = scenario_explain(&rec);
	assert_finding(f, "gic-version-mismatch", 0.9);
	assert_contains(f->summary, "on 0x8010000, where the GICv2 CPU interface would be; this VM "
				    "has a GICv3");
	assert_contains(f->where, "KVM's vGIC is version 3, its distributor at 0x8000000: the CPU "
				  "interface of a GICv2 is not there");
	assert_advice(f, "gic-version=2 or 3");
	assert_int_equal(f->n_alternatives, 0);
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "gic-version-mismatch", 0.8);
	sc.evidence.machine_confidence = 0.8;
	assert_finding(scenario_diagnose(), "gic-version-mismatch", 0.8);
	sc.evidence.machine_confidence = 0.79;
	assert_finding(scenario_diagnose(), "gic-version-mismatch", 0.6);
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_STABLE;
	assert_finding(scenario_diagnose(), "gic-version-mismatch", 0.8);
	sc.evidence.machine_confidence = 0.9;
	sc.machine.doubt = "a version that is not told";
	assert_finding(scenario_diagnose(), "gic-version-mismatch", 0.85);
}

static void a_gicv3_driver_on_a_gicv2(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	scenario_vgic_v2();
	rec = scenario_injected_nisv(0x080a0000, LDR_POST);
	f = scenario_explain(&rec);
	assert_finding(f, "gic-version-mismatch", 0.9);
	assert_contains(f->summary, "where the GICv3 redistributors would be; this VM has a GICv2");
	assert_contains(f->where, "the redistributors of a GICv3 are not there");
}

static void by_described_accesses(void **state)
{
	const struct finding *f;

	(void)state;
	scenario_qemu_virt_v3();
	scenario_reads(0x08010000, 15);
	assert_null(scenario_diagnose()); /* mere probing */
	scenario_reads(0x08010000, 16);
	f = scenario_diagnose();
	assert_finding(f, "gic-version-mismatch", 0.9);
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_degrades();
	sc.evidence.machine_confidence = 0.8;
	assert_finding(scenario_diagnose(), "gic-version-mismatch", 0.9);
	sc.evidence.machine_confidence = 0.79; /* who knows what is there */
	assert_null(scenario_diagnose());
	sc.evidence.machine_confidence = 0.9;
	sc.machine.doubt = "a version that is not told";
	assert_null(scenario_diagnose());
}

static void the_guests_tree_names_the_other_version(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_vgic_v3();
	sc.guest.gic_version = 2;
	scenario_told(GUEST_GIC_CPU, 0x08010000, 0x2000, "intc@8000000");
	rec = scenario_nisv(0x08010000, LDR_POST);
	f = scenario_explain(&rec);
	assert_finding(f, "gic-version-mismatch", 0.95);
	assert_contains(f->summary,
			"where the guest's \"intc@8000000\" has a frame of a GICv2; this VM "
			"has a GICv3");
	assert_degrades();
	scenario_forget();
	scenario_reads(0x08010000, 1); /* a single one: what it was told is not there */
	assert_finding(scenario_diagnose(), "gic-version-mismatch", 0.95);
	sc.guest.gic_version = 3;
	assert_null(scenario_diagnose());
	sc.guest.gic_version = 0;
	assert_null(scenario_diagnose());
}

static void each_frame_of_the_other_version(void **state)
{
	static const enum guest_kind kinds[] = {GUEST_GIC_CPU, GUEST_GIC_REDIST, GUEST_GIC_DIST};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		scenario_reset();
		scenario_vgic_v3();
		sc.guest.gic_version = 2;
		scenario_told(kinds[i], 0x30000000, 0x2000, "intc@30000000");
		scenario_reads(0x30000000, 1);
		assert_finding(scenario_diagnose(), "gic-version-mismatch", 0.95);
	}
}

static void a_tree_that_may_be_a_file(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_vgic_v3();
	scenario_tree_may_be_file();
	sc.guest.gic_version = 2;
	scenario_told(GUEST_GIC_CPU, 0x08010000, 0x2000, "intc@8000000");
	rec = scenario_nisv(0x08010000, LDR_POST);
	assert_finding(scenario_explain(&rec), "gic-version-mismatch", 0.6);
}

/* What the guest's tree has there is right as far as KVM has it, or memory. */
static void frames_that_are_there(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_vgic_v3();
	sc.guest.gic_version = 2;
	scenario_told(GUEST_GIC_DIST, 0x08000000, 0x1000, "intc@8000000");
	rec = scenario_nisv(0x08000000, LDR_POST);
	assert_finding(scenario_explain(&rec), "vgic-access-nisv-instruction", 0.96);
	assert_int_equal(sc.findings.list[0].n_alternatives, 0);
	scenario_forget();
	scenario_told(GUEST_GIC_CPU, 0x30000000, 0x1000, "intc@8000000");
	scenario_slot(3, 0x30000000, MIB, NISV_SLOT_READONLY);
	rec = scenario_nisv(0x30000000, LDP);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

static void what_is_no_other_version(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	/* Without a vGIC of KVM's nobody knows what version there is. */
	scenario_qemu_virt();
	rec = scenario_injected_nisv(0x08010000, LDR_POST);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	/* The frame is there. */
	scenario_reset();
	scenario_qemu_virt();
	scenario_vgic_v2();
	assert_finding(scenario_explain(&rec), "vgic-access-nisv-instruction", 0.96);
	/* MSIs have causes of their own. */
	scenario_reset();
	scenario_qemu_virt_v3();
	rec = scenario_injected_nisv(0x08020008, LDR_POST);
	assert_finding(scenario_explain(&rec), "gic-v2m-missing", 0.85);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(a_writeback_on_the_distributor),
		SCENARIO_TEST(the_vgic_without_the_instruction),
		SCENARIO_TEST(redistributors_end_with_the_vcpus),
		SCENARIO_TEST(the_its_counts_where_the_bus_has_it),
		SCENARIO_TEST(the_kernels_vgic_beats_the_map),
		SCENARIO_TEST(memory_over_the_vgic_wins),
		SCENARIO_TEST(a_gicv2_driver_on_a_gicv3),
		SCENARIO_TEST(a_gicv3_driver_on_a_gicv2),
		SCENARIO_TEST(by_described_accesses),
		SCENARIO_TEST(the_guests_tree_names_the_other_version),
		SCENARIO_TEST(each_frame_of_the_other_version),
		SCENARIO_TEST(a_tree_that_may_be_a_file),
		SCENARIO_TEST(frames_that_are_there),
		SCENARIO_TEST(what_is_no_other_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
