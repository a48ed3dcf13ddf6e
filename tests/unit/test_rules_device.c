/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A device is there, and only the instruction is wrong. Each cause on the evidence it is made for,
 * and each guard that keeps it from being claimed. */

#include "tests/unit/scenario.h"

/* ---- device-access-nisv-instruction --------------------------------------------------------- */

static void post_index_on_the_uart(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, LDR_POST);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "device-access-nisv-instruction");
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_confidence(f, 0.9);
	assert_contains(f->summary,
			"executed `ldr w1, [x0], #4` on 0x9000fe0, UART0 PL011 + 0xfe0");
	assert_contains(f->summary, "KVM left it to QEMU, which injects an abort");
	assert_contains(f->how, "it writes the base register back (post-index)");
	assert_contains(f->where, "The address is right");
	assert_contains(f->region, "UART0 PL011");
	assert_advice(f, "single-register loads and stores without writeback");
	assert_advice(f, "QEMU cannot emulate it");
	assert_evidence(f, "Reference map qemu-virt-arm64, known by the command line");
}

static void device_without_the_instruction(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, 0);

	(void)state;
	scenario_qemu_virt();
	assert_confidence(scenario_explain(&rec), 0.7);
}

static void device_known_by_likeness_only(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, LDR_POST);

	(void)state;
	scenario_qemu_virt();
	sc.evidence.machine_confidence = 0.6;
	assert_confidence(scenario_explain(&rec), 0.7);
}

static void stale_bytes_weaken_the_device(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, LDR);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "device-access-nisv-instruction");
	assert_confidence(f, 0.6);
	assert_contains(f->how, "the code may have changed since");
}

static void a_window_is_less_than_a_device(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x10001000, LDP);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "device-access-nisv-instruction");
	assert_confidence(f, 0.5);
	assert_contains(f->where, "PCIe MMIO window");
	assert_contains(f->where, "Nothing shows a device at this address");
}

/* RAM on both sides of the window: what else it can be is told. */
static void an_empty_window_has_alternatives(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	scenario_slot(1, 0x0c000000, 16 * MIB, 0);
	rec = scenario_nisv(0x20001000, LDP);
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "device-access-nisv-instruction");
	assert_confidence(f, 0.5);
	assert_int_equal(f->n_alternatives, 1);
	assert_string_equal(f->alternatives[0].cause, "hole-between-slots");
}

static void serve(uint64_t ipa)
{
	struct nisv_place_key key = {.place = ipa >> NISV_PLACE_SHIFT};
	struct nisv_place value = {.count = 1000, .user = 1000};

	assert_int_equal(faultmap_count_place(sc.faults, &key, &value, 1), 0);
}

static void traffic_in_a_window_shows_a_device(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x10001004, LDP);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	serve(0x10001000);
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "device-access-nisv-instruction");
	assert_confidence(f, 0.8);
	assert_contains(f->confidence_reason, "served as MMIO");
}

/* Whatever the address looks like, next to RAM or to zero: a device was seen to answer there. */
static void traffic_shows_a_device(void **state)
{
	static const uint64_t addresses[] = {RAM_END, 0x200, 0x44000000};

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct nisv_rec_fault rec;
		const struct finding *f;

		scenario_teardown(state);
		scenario_setup(state);
		scenario_slot(1, 0x48000000, 16 * MIB, 0);
		serve(0x30000000);
		serve(addresses[i]);
		rec = scenario_nisv(addresses[i], LDR_POST);
		f = scenario_explain(&rec);
		assert_string_equal(f->cause, "device-access-nisv-instruction");
		assert_confidence(f, 0.8);
		assert_contains(f->confidence_reason, "served as MMIO");
		assert_int_equal(f->n_alternatives, 0);
	}
}

static void traffic_elsewhere_shows_nothing(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDR_POST);

	(void)state;
	serve(RAM_END + 0x200);
	assert_string_equal(scenario_explain(&rec)->cause, "access-past-ram-end");
}

/* The machine can have an SMMU there, with an option: only traffic shows that this VM has. */
static void an_optional_device_needs_proof(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, LDR_POST);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	sc.machine.regions[3].optional = true;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");
	assert_contains(f->where, "UART0 PL011 there, but only with an option");

	serve(0x09000fe0);
	f = scenario_diagnose();
	assert_string_equal(f->cause, "device-access-nisv-instruction");
	assert_confidence(f, 0.9);
}

static void a_slot_beats_the_reference_map(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	scenario_slot(5, 0x09000000, 0x1000, NISV_SLOT_READONLY);
	rec = scenario_injected_nisv(0x09000fe0, LDR_POST);
	f = scenario_explain(&rec);
	assert_string_not_equal(f->cause, "device-access-nisv-instruction");
}

static void without_a_map_the_uart_is_a_hole(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, LDR_POST);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "unknown");
	assert_contains(f->how, "post-index");
	assert_evidence(f, "No reference map is known for this machine");
}

static void an_ioeventfd_shows_a_device(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x40003000 - 0x10000000, LDP);

	(void)state;
	sc.layout.bus[0] = (struct nisv_bus_range){.addr = 0x30003050, .len = 4, .is_ioeventfd = 1};
	sc.layout.n_bus = 1;
	rec = scenario_nisv(0x30003000, LDP);
	assert_string_equal(scenario_explain(&rec)->cause, "device-access-nisv-instruction");
	assert_confidence(&sc.findings.list[0], 0.8);
}

static void a_bus_device_is_a_device(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x30000010, LDP);

	(void)state;
	sc.layout.bus[0] = (struct nisv_bus_range){.addr = 0x30000000, .len = 0x1000};
	sc.layout.n_bus = 1;
	assert_string_equal(scenario_explain(&rec)->cause, "device-access-nisv-instruction");
}

/* ---- vgic-access-nisv-instruction ----------------------------------------------------------- */

static void post_index_on_the_distributor(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x08006100, LDR_POST);
	const struct finding *f;

	(void)state;
	scenario_vgic_v3();
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "vgic-access-nisv-instruction");
	assert_confidence(f, 0.95);
	assert_contains(f->summary, "the vGIC's distributor + 0x6100, which KVM emulates");
	assert_advice(f, "No setting of the VMM helps");
}

static void redistributors_end_with_the_vcpus(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x080b0000, LDR_POST);

	(void)state;
	scenario_vgic_v3();
	assert_contains(scenario_explain(&rec)->summary, "the vGIC's redistributor + 0x10000");
	scenario_teardown(state);
	scenario_setup(state);
	scenario_vgic_v3();
	rec = scenario_nisv(0x080c0000, LDR_POST);
	assert_string_equal(scenario_explain(&rec)->cause, "unknown");
}

/* The map says distributor, but this VM's kernel has its vGIC elsewhere, or none. */
static void the_kernels_vgic_beats_the_map(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x08006100, LDR_POST);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");

	scenario_teardown(state);
	scenario_setup(state);
	scenario_qemu_virt();
	scenario_vgic_v3();
	sc.layout.vgic_dist = 0x20000000;
	rec = scenario_nisv(0x08006100, LDR_POST);
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");
	assert_contains(f->where, "GICv3 distributor");
	assert_contains(f->where, "this VM does not");
}

static void the_its_counts_where_the_bus_has_it(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x08080000, LDP);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	scenario_vgic_v3();
	sc.layout.bus[0] = (struct nisv_bus_range){.addr = 0x08080000, .len = 0x20000};
	sc.layout.n_bus = 1;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "vgic-access-nisv-instruction");
	assert_contains(f->summary, "GIC ITS + 0x0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(post_index_on_the_uart),
		SCENARIO_TEST(device_without_the_instruction),
		SCENARIO_TEST(device_known_by_likeness_only),
		SCENARIO_TEST(stale_bytes_weaken_the_device),
		SCENARIO_TEST(a_window_is_less_than_a_device),
		SCENARIO_TEST(an_empty_window_has_alternatives),
		SCENARIO_TEST(traffic_in_a_window_shows_a_device),
		SCENARIO_TEST(traffic_shows_a_device),
		SCENARIO_TEST(traffic_elsewhere_shows_nothing),
		SCENARIO_TEST(an_optional_device_needs_proof),
		SCENARIO_TEST(a_slot_beats_the_reference_map),
		SCENARIO_TEST(without_a_map_the_uart_is_a_hole),
		SCENARIO_TEST(an_ioeventfd_shows_a_device),
		SCENARIO_TEST(a_bus_device_is_a_device),
		SCENARIO_TEST(post_index_on_the_distributor),
		SCENARIO_TEST(redistributors_end_with_the_vcpus),
		SCENARIO_TEST(the_kernels_vgic_beats_the_map),
		SCENARIO_TEST(the_its_counts_where_the_bus_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
