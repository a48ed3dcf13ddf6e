/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Redistributors of vCPUs that the VM does not have: redist-beyond-vcpus on the evidence it is made
 * for, and each guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

static void redistributors_of_more_vcpus_above(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	sc.rec.vcpus = 2;
	scenario_qemu_virt_v3();
	sc.rec.redist[0].count = 2;
	layout_from_record(&sc.layout, &sc.rec);
	rec = scenario_injected_nisv(0x080e0000, LDP);
	f = scenario_explain(&rec);
	assert_finding(f, "redist-beyond-vcpus", 0.85);
	assert_contains(f->summary, "where the redistributor of a further vCPU would be; the VM "
				    "has 2");
	assert_contains(f->where,
			"KVM's redistributors are at 0x80a0000-0x80e0000 (256 KiB), for 2 "
			"vCPUs.");
	assert_advice(f, "as many CPUs (-smp)");
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "redist-beyond-vcpus", 0.6);
	/* They end where something else begins: at the UART. */
	scenario_forget();
	rec = scenario_injected_nisv(0x08fffff0, LDP);
	scenario_explain(&rec);
	assert_alternative(&sc.findings.list[0], "redist-beyond-vcpus", 0.4);
	scenario_forget();
	rec = scenario_injected_nisv(0x09100000, LDP);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	assert_int_equal(sc.findings.list[0].n_alternatives, 0);
}

/* Of many more than the VM has only the address tells, and that is proximity. */
static void some_more_redistributors(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_vgic_v3();
	rec = scenario_nisv(0x080c0000 + 17 * 0x20000 - 8, LDP);
	assert_finding(scenario_explain(&rec), "redist-beyond-vcpus", 0.85);
	scenario_forget();
	rec = scenario_nisv(0x080c0000 + 17 * 0x20000, LDP);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	assert_alternative(&sc.findings.list[0], "redist-beyond-vcpus", 0.4);
	assert_degrades();
	sc.rec.vcpus = 2; /* of a redistributor each */
	layout_from_record(&sc.layout, &sc.rec);
	assert_finding(scenario_diagnose(), "redist-beyond-vcpus", 0.85);
	scenario_told(GUEST_GIC_REDIST, 0x080a0000, 0xf60000, "intc@8000000");
	scenario_forget();
	rec = scenario_nisv(0x0809fffc + 123 * 0x20000, LDP);
	assert_finding(scenario_explain(&rec), "redist-beyond-vcpus", 0.92);
}

static void as_many_redistributors_as_there_can_be(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_vgic_v3();
	rec = scenario_nisv(0x0809fffc + 123 * 0x20000, LDP);
	scenario_explain(&rec);
	assert_alternative(&sc.findings.list[0], "redist-beyond-vcpus", 0.4);
	scenario_forget();
	rec = scenario_nisv(0x080a0000 + 123 * 0x20000, LDP);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	assert_int_equal(sc.findings.list[0].n_alternatives, 0);
	/* Memory is on the way: it begins with the first of them, or later. */
	scenario_slot(3, 0x080c0000, 0x10000, 0);
	scenario_forget();
	rec = scenario_nisv(0x08200000, LDP);
	assert_string_not_equal(scenario_explain(&rec)->cause, "redist-beyond-vcpus");
	sc.rec.slots[1].gpa = 0x08240000;
	layout_from_record(&sc.layout, &sc.rec);
	scenario_forget();
	rec = scenario_nisv(0x08200000, LDP);
	assert_string_equal(scenario_explain(&rec)->cause, "redist-beyond-vcpus");
	scenario_forget();
	rec = scenario_nisv(0x08260000, LDP);
	assert_string_not_equal(scenario_explain(&rec)->cause, "redist-beyond-vcpus");
}

/* Firecracker and others let them grow down from the distributor. */
static void redistributors_of_more_vcpus_below(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_vgic_v3();
	sc.rec.vgic_dist = 0x3fff0000;
	sc.rec.redist[0].base = 0x3ffd0000;
	layout_from_record(&sc.layout, &sc.rec);
	rec = scenario_nisv(0x3ffb0000, LDP);
	assert_finding(scenario_explain(&rec), "redist-beyond-vcpus", 0.85);
	assert_contains(sc.findings.list[0].where, "(128 KiB), for 1 vCPU.");
	assert_advice(&sc.findings.list[0], "vcpu_count");
	scenario_forget();
	rec = scenario_nisv(0x3ffd0000 - 512 * 0x20000, LDP);
	scenario_explain(&rec);
	assert_alternative(&sc.findings.list[0], "redist-beyond-vcpus", 0.4);
	scenario_forget();
	rec = scenario_nisv(0x3ffd0000 - 512 * 0x20000 - 8, LDP);
	scenario_explain(&rec);
	assert_alternative(&sc.findings.list[0], "redist-beyond-vcpus", 0);
	/* An ITS is where further ones would be. */
	scenario_region("GIC ITS", 0x3ffb0000, 0x20000, REGION_KERNEL_DEVICE, ROLE_ITS);
	scenario_forget();
	rec = scenario_nisv(0x3ff90000, LDP);
	assert_finding(scenario_explain(&rec), "redist-beyond-vcpus", 0.85);
	scenario_region("UART", 0x3ffa0000, 0x1000, REGION_DEVICE, ROLE_NONE);
	assert_finding(scenario_diagnose(), "unknown", 0.2);
	scenario_slot(3, 0x3ff98000, 0x1000, 0);
	sc.machine.n_regions--;
	scenario_forget();
	rec = scenario_nisv(0x3ff90000, LDP);
	assert_string_not_equal(scenario_explain(&rec)->cause, "redist-beyond-vcpus");
	scenario_forget();
	rec = scenario_nisv(0x3fff0000 + 0x10000 - 8, LDP);
	assert_finding(scenario_explain(&rec), "vgic-access-nisv-instruction", 0.96);
}

static void the_guests_tree_has_more_redistributors(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_vgic_v3();
	scenario_told(GUEST_GIC_REDIST, 0x080a0000, 0xf60000, "intc@8000000");
	rec = scenario_nisv(0x080c0000, LDP);
	assert_finding(scenario_explain(&rec), "redist-beyond-vcpus", 0.92);
	assert_degrades();
	scenario_forget();
	scenario_reads(0x080c0000, 1);
	assert_finding(scenario_diagnose(), "redist-beyond-vcpus", 0.92);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_WARNING);
	/* In a window that the machine may have there, whoever answered other accesses. */
	scenario_region("virtio-mmio", 0x080c0000, 32 * MIB, REGION_DEVICE, ROLE_VIRTIO_MMIO)
		->is_window = true;
	scenario_add(&rec);
	assert_finding(scenario_diagnose(), "redist-beyond-vcpus", 0.92);
	assert_degrades();
	scenario_bus(0x080c0050, 4, true);
	assert_string_not_equal(scenario_diagnose()->cause, "redist-beyond-vcpus");
	sc.rec.n_bus = 0;
	sc.machine.n_regions = 0;
	scenario_forget(); /* something of KVM's is there */
	scenario_bus(0x080c0000, 0x20000, false);
	assert_finding(scenario_explain(&rec), "device-access-nisv-instruction", 0.85);
	scenario_reset();
	scenario_vgic_v3();
	scenario_tree_may_be_file();
	scenario_told(GUEST_GIC_REDIST, 0x080a0000, 0xf60000, "intc@8000000");
	assert_finding(scenario_explain(&rec), "redist-beyond-vcpus", 0.6);
}

/* Whatever else is known there comes first. */
static void what_is_no_redistributor(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	for (int i = 0; i < 5; i++) {
		scenario_reset();
		if (i != 4)
			scenario_vgic_v3();
		rec = scenario_nisv(0x080c0000, LDP);
		if (i == 0)
			scenario_told(GUEST_DEVICE, 0x080c0000, 0x1000, "uart@80c0000");
		else if (i == 1)
			scenario_region("UART", 0x080c0000, 0x1000, REGION_DEVICE, ROLE_NONE);
		else if (i == 2)
			scenario_region("SMMU", 0x080c0000, 0x1000, REGION_DEVICE, ROLE_NONE)
				->optional = true;
		else if (i == 3)
			sc.evidence.machine = NULL;
		assert_string_not_equal(scenario_explain(&rec)->cause, "redist-beyond-vcpus");
	}
	scenario_reset();
	scenario_vgic_v3();
	scenario_reads(0x080c0000, 15);
	assert_null(scenario_diagnose());
	scenario_reads(0x080c0000, 16);
	assert_finding(scenario_diagnose(), "redist-beyond-vcpus", 0.85);
}

static void advice_on_cpus_is_the_vmms(void **state)
{
	static const char *const words[][2] = {{"cloud-hypervisor", "--cpus boot=N"},
					       {"crosvm", "--cpus N"},
					       {"kvmtool", "--cpus N"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct nisv_rec_fault rec;

		scenario_reset();
		scenario_vgic_v3();
		sc.evidence.vmm = words[i][0];
		rec = scenario_nisv(0x080c0000, LDP);
		assert_advice(scenario_explain(&rec), words[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(redistributors_of_more_vcpus_above),
		SCENARIO_TEST(some_more_redistributors),
		SCENARIO_TEST(as_many_redistributors_as_there_can_be),
		SCENARIO_TEST(redistributors_of_more_vcpus_below),
		SCENARIO_TEST(the_guests_tree_has_more_redistributors),
		SCENARIO_TEST(what_is_no_redistributor),
		SCENARIO_TEST(advice_on_cpus_is_the_vmms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
