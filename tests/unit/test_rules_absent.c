/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Devices and pages that are not there. Each cause on the evidence it is made for, and each guard
 * that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define DEVICE "device-access-nisv-instruction"
#define VIRTIO 0x30000000ULL /* a page for each transport, two of which have a device */

/* ---- virtio-mmio-slot-absent ---------------------------------------------------------------- */

static void two_transports(void)
{
	scenario_reset();
	scenario_region("virtio-mmio", VIRTIO, MIB, REGION_DEVICE, ROLE_VIRTIO_MMIO)->is_window =
		true;
	scenario_bus(VIRTIO + 0x50, 4, true);
	scenario_bus(VIRTIO + 0x2050, 4, true);
}

static void tell_transport(uint64_t base)
{
	snprintf(scenario_told(GUEST_DEVICE, base, 0x1000, "virtio_mmio")->compatible, 48,
		 "virtio,mmio");
}

static void a_transport_above_the_last_doorbell(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	two_transports();
	rec = scenario_nisv(VIRTIO + 0x3000, LDR_POST);
	f = scenario_explain(&rec);
	assert_finding(f, "virtio-mmio-slot-absent", 0.8);
	assert_contains(f->summary, "where a virtio-mmio transport would be, but this VM has no "
				    "device");
	assert_contains(f->where, "the last one is at 0x30002050 (virtio-mmio)");
	assert_advice(f, "take the node out of the tree");
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "virtio-mmio-slot-absent", 0.6);
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_STABLE;
	sc.evidence.machine_confidence = 0.6;
	assert_finding(scenario_diagnose(), "virtio-mmio-slot-absent", 0.6);
	sc.evidence.machine_confidence = 0.9;
	sc.evidence.vmm = "libkrun";
	assert_finding(scenario_diagnose(), "virtio-mmio-slot-absent", 0.8);
}

static void a_transport_of_the_guests_tree(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	two_transports();
	tell_transport(VIRTIO + 0x1000);
	rec = scenario_nisv(VIRTIO + 0x1000, LDR_POST);
	assert_finding(scenario_explain(&rec), "virtio-mmio-slot-absent", 0.88);
	assert_degrades();
	scenario_reads(VIRTIO + 0x1000, 100);
	assert_finding(scenario_diagnose(), "virtio-mmio-slot-absent", 0.88);
	scenario_forget();
	scenario_reads(VIRTIO + 0x1000, 15);
	assert_null(scenario_diagnose());
	scenario_reads(VIRTIO + 0x1000, 16);
	assert_finding(scenario_diagnose(), "virtio-mmio-slot-absent", 0.88);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_WARNING);
	scenario_mmio(VIRTIO + 0x1000, false, 100, 16); /* something in the kernel serves it */
	assert_null(scenario_diagnose());
	scenario_forget();
	scenario_bus(VIRTIO + 0x1000, 0x1000, false);
	assert_finding(scenario_explain(&rec), DEVICE, 0.85);
}

/* Doorbells of other devices, and devices without one. */
static void which_doorbell_is_the_last(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	two_transports();
	scenario_bus(VIRTIO + 0x5000, 0x100, false);
	scenario_bus(VIRTIO + MIB, 4, true);
	scenario_bus(VIRTIO - 0x1000, 4, true);
	rec = scenario_nisv(VIRTIO + 0x3000, LDR_POST);
	assert_finding(scenario_explain(&rec), "virtio-mmio-slot-absent", 0.8);
	assert_contains(sc.findings.list[0].where, "the last one is at 0x30002050");
}

static void what_is_no_absent_transport(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	two_transports();
	rec = scenario_nisv(VIRTIO + 0x1000, LDR_POST); /* a serial port may be there */
	assert_finding(scenario_explain(&rec), DEVICE, 0.5);
	two_transports();
	rec = scenario_nisv(VIRTIO + 0x2000, LDR_POST); /* one with a device */
	assert_finding(scenario_explain(&rec), DEVICE, 0.8);
	two_transports();
	rec = scenario_nisv(VIRTIO + 0x2bb0, LDR_POST); /* far up in it, in its configuration */
	assert_finding(scenario_explain(&rec), DEVICE, 0.8);
	two_transports();
	rec = scenario_nisv(VIRTIO + 0x3000, LDR_POST);
	scenario_add(&rec);
	scenario_reads(VIRTIO + 0x3000, 10);
	assert_finding(scenario_diagnose(), DEVICE, 0.65);
	two_transports();
	scenario_add(&rec);
	sc.evidence.vmm = "kvmtool"; /* rings only when the driver is there */
	assert_finding(scenario_diagnose(), DEVICE, 0.5);
	sc.evidence.vmm = "firecracker";
	sc.layout.total_bus = 300; /* not all doorbells are known */
	assert_finding(scenario_diagnose(), DEVICE, 0.5);
	sc.layout.n_bus = sc.layout.total_bus = 0; /* no doorbell at all */
	assert_finding(scenario_diagnose(), DEVICE, 0.5);
	two_transports();
	sc.machine.regions[0].is_window = false; /* all of them are there, as QEMU has them */
	scenario_add(&rec);
	assert_finding(scenario_diagnose(), DEVICE, 0.9);
}

static void traffic_where_no_transport_is_told(void **state)
{
	(void)state;
	two_transports();
	scenario_reads(VIRTIO + 0x3000, 100000);
	assert_null(scenario_diagnose());
}

/* ---- pvtime-region -------------------------------------------------------------------------- */

static void stolen_time_that_was_not_set_up(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt_v3();
	rec = scenario_injected_nisv(0x090a0000, LDP);
	f = scenario_explain(&rec);
	assert_finding(f, "pvtime-region", 0.82);
	assert_contains(f->summary,
			"where the page for stolen time would be, but this VM has none");
	assert_advice(f, "kvm-steal-time");
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "pvtime-region", 0.6);
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_STABLE;
	sc.evidence.machine_confidence = 0.6;
	assert_finding(scenario_diagnose(), "pvtime-region", 0.6);
	/* Left out by the version of the machine. */
	sc.evidence.machine_confidence = 0.9;
	scenario_without("stolen time");
	assert_finding(scenario_diagnose(), "unknown", 0.2);
	sc.host.maps = &scenario_virt_map;
	sc.host.n_maps = 1;
	assert_finding(scenario_diagnose(), "pvtime-region", 0.82);
}

static void stolen_time_by_described_reads(void **state)
{
	(void)state;
	scenario_qemu_virt_v3();
	scenario_reads(0x090a0000, 15);
	assert_null(scenario_diagnose());
	scenario_reads(0x090a0000, 16);
	assert_finding(scenario_diagnose(), "pvtime-region", 0.82);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_WARNING);
	assert_degrades();
	sc.evidence.machine_confidence = 0.6; /* another machine has a device there */
	assert_null(scenario_diagnose());
}

static void stolen_time_that_is_there(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt_v3();
	scenario_slot(5, 0x090a0000, 0x1000, NISV_SLOT_READONLY);
	rec = scenario_injected_nisv(0x090a0000, STP);
	assert_finding(scenario_explain(&rec), "readonly-slot-write-nisv", 0.95);
}

/* ---- subpage-memslot ------------------------------------------------------------------------ */

/* The guest's memory on a host with pages of @page bytes. */
static struct nisv_rec_fault sub_page(uint64_t page, uint64_t base, uint64_t size, uint64_t ipa)
{
	scenario_reset();
	sc.host.page_bytes = page;
	if (base != RAM_BASE)
		scenario_told(GUEST_MEMORY, RAM_BASE, 16 * MIB, "memory@40000000");
	scenario_told(GUEST_MEMORY, base, size, "memory@40000000");
	return scenario_nisv(ipa, LDP);
}

static void memory_that_ends_within_a_page(void **state)
{
	struct nisv_rec_fault rec = sub_page(4096, RAM_BASE, 16 * MIB + 0x800, RAM_END + 0x7f8);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "subpage-memslot", 0.97);
	assert_contains(f->summary, "in a part of a host page (4 KiB), which KVM cannot map");
	assert_contains(f->where, "\"memory@40000000\" (0x40000000-0x41000800 (16386 KiB)) is not "
				  "made of whole host pages of 4 KiB");
	assert_advice(f, "multiple of the host's page size");
	assert_int_equal(f->n_alternatives, 0);
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "subpage-memslot", 0.8);
	rec = sub_page(0x10000, RAM_BASE, 16 * MIB + 0x8000, RAM_END + 0x7ff8);
	assert_finding(scenario_explain(&rec), "subpage-memslot", 0.97);
	scenario_forget();
	scenario_reads(RAM_END, 1);
	assert_finding(scenario_diagnose(), "subpage-memslot", 0.97);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_WARNING);
	scenario_forget();
	rec = scenario_exec(RAM_END);
	assert_finding(scenario_explain(&rec), "subpage-memslot", 0.97);
}

static void memory_that_begins_within_a_page(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(1, 0x50001000, MIB, 0);
	scenario_told(GUEST_MEMORY, RAM_BASE, 16 * MIB, "memory@40000000");
	scenario_told(GUEST_MEMORY, 0x50000800, MIB + 0x800, "memory@50000800");
	rec = scenario_nisv(0x50000900, LDP);
	assert_finding(scenario_explain(&rec), "subpage-memslot", 0.97);
}

static void memory_smaller_than_a_page(void **state)
{
	struct nisv_rec_fault rec = sub_page(0x10000, 0x50001000, 0x2000, 0x50001100);

	(void)state;
	assert_finding(scenario_explain(&rec), "subpage-memslot", 0.97);
}

/* More than a part of a page is missing. */
static void memory_that_is_missing_altogether(void **state)
{
	struct nisv_rec_fault rec = sub_page(4096, RAM_BASE, 32 * MIB + 0x800, 0x42000400);

	(void)state;
	assert_finding(scenario_explain(&rec), "dtb-memory-node-larger-than-ram", 0.96);
	rec = sub_page(4096, 0x50000800, MIB, 0x50000900);
	assert_finding(scenario_explain(&rec), "dtb-memory-node-larger-than-ram", 0.96);
	rec = sub_page(4096, RAM_BASE, 16 * MIB + 0x1000, RAM_END + 0x400); /* a whole page */
	assert_finding(scenario_explain(&rec), "dtb-memory-node-larger-than-ram", 0.96);
	rec = sub_page(0, RAM_BASE, 16 * MIB + 0x800, RAM_END + 0x400); /* what is a page? */
	assert_finding(scenario_explain(&rec), "dtb-memory-node-larger-than-ram", 0.96);
	scenario_reset();
	scenario_tree_may_be_file();
	sc.ranges[0].size += 0x800;
	rec = scenario_nisv(RAM_END + 0x400, LDP);
	assert_finding(scenario_explain(&rec), "access-past-ram-end", 0.9);
	assert_alternative(&sc.findings.list[0], "dtb-memory-node-larger-than-ram", 0.6);
	assert_alternative(&sc.findings.list[0], "subpage-memslot", 0.6);
	scenario_reset(); /* a whole page before the slot */
	scenario_slot(1, 0x50001000, MIB, 0);
	scenario_told(GUEST_MEMORY, RAM_BASE, 16 * MIB, "memory@40000000");
	scenario_told(GUEST_MEMORY, 0x50000000, MIB + 0x1000, "memory@50000000");
	rec = scenario_nisv(0x50000900, LDP);
	assert_finding(scenario_explain(&rec), "dtb-memory-node-larger-than-ram", 0.96);
}

static void a_rom_that_fills_no_page(void **state)
{
	struct machine_region *rom;
	struct nisv_rec_fault rec;

	(void)state;
	rom = scenario_region("boot ROM", 0x30000000, 0x800, REGION_ROM, ROLE_NONE);
	rec = scenario_nisv(0x30000100, LDP);
	assert_finding(scenario_explain(&rec), "subpage-memslot", 0.9);
	assert_contains(sc.findings.list[0].where, "\"boot ROM\" (0x30000000-0x30000800");
	assert_degrades();
	sc.evidence.machine_confidence = 0.6;
	assert_finding(scenario_diagnose(), "subpage-memslot", 0.8);
	sc.evidence.machine_confidence = 0.9;
	rom->optional = true;
	assert_finding(scenario_diagnose(), "unknown", 0.2);
	rom->optional = false;
	rom->size = 0x1000;
	assert_finding(scenario_diagnose(), "unknown", 0.2);
	rom->size = 0x800;
	rom->class = REGION_DEVICE;
	assert_finding(scenario_diagnose(), DEVICE, 0.9);
}

/* ---- dt-device-absent ----------------------------------------------------------------------- */

static struct nisv_rec_fault told_device(uint64_t base)
{
	scenario_reset();
	scenario_qemu_virt_v3();
	scenario_registry();
	snprintf(scenario_told(GUEST_DEVICE, base, 0x1000, "iommu@9050000")->compatible, 48,
		 "arm,smmu-v3");
	return scenario_injected_nisv(base, LDR_POST);
}

static void a_device_of_the_tree_with_other_options(void **state)
{
	struct nisv_rec_fault rec = told_device(0x09050000);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "dt-device-absent", 0.82);
	assert_contains(f->summary, "the guest's \"iommu@9050000\", which is not there");
	assert_contains(f->where, "\"iommu@9050000\" (arm,smmu-v3) at 0x9050000-0x9051000 (4 KiB); "
				  "qemu-virt-arm64 has one there, but not with these options.");
	assert_advice(f, "drop -dtb");
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "dt-device-absent", 0.6);
	scenario_forget();
	scenario_reads(0x09050000, 15);
	assert_null(scenario_diagnose());
	scenario_reads(0x09050000, 16);
	assert_finding(scenario_diagnose(), "dt-device-absent", 0.82);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_WARNING);
}

static void a_device_that_no_machine_of_its_kind_has(void **state)
{
	struct nisv_rec_fault rec = told_device(0x0b000000);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "dt-device-absent", 0.65);
	assert_contains(f->where, "qemu-virt-arm64 has nothing there.");
	assert_degrades();
	sc.evidence.machine_confidence = 0.6;
	assert_finding(scenario_diagnose(), "dt-device-absent", 0.6);
	sc.evidence.machine = NULL;
	assert_finding(scenario_diagnose(), "dt-device-absent", 0.45);
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "unknown", 0.2);
}

static void what_is_no_absent_device(void **state)
{
	struct nisv_rec_fault rec = told_device(0x09000000); /* the UART */

	(void)state;
	assert_finding(scenario_explain(&rec), DEVICE, 0.9);
	rec = told_device(0x10000000); /* a window */
	assert_finding(scenario_explain(&rec), DEVICE, 0.5);
	rec = told_device(0x0b000000);
	sc.ranges[0].compatible[0] = '\0'; /* a node without a driver */
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	rec = told_device(0x0b000000);
	sc.ranges[0].disabled = true;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	rec = told_device(0x0b000000);
	scenario_tree_may_be_file();
	sc.guest.address = RAM_BASE + 0x123000;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

/* What firmware does at each start: commands to the flash, whose memslot is away meanwhile. */
static void flash_in_command_mode_is_there(void **state)
{
	struct nisv_rec_fault rec = told_device(0x04000000);

	(void)state;
	snprintf(sc.ranges[0].compatible, sizeof(sc.ranges[0].compatible), "cfi-flash");
	scenario_forget();
	scenario_reads(0x04000000, 62);
	assert_null(scenario_diagnose());
	scenario_reads(0x04000000, 2601);
	assert_null(scenario_diagnose());
	assert_string_not_equal(scenario_explain(&rec)->cause, "dt-device-absent");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(a_transport_above_the_last_doorbell),
		SCENARIO_TEST(a_transport_of_the_guests_tree),
		SCENARIO_TEST(which_doorbell_is_the_last),
		SCENARIO_TEST(what_is_no_absent_transport),
		SCENARIO_TEST(traffic_where_no_transport_is_told),
		SCENARIO_TEST(stolen_time_that_was_not_set_up),
		SCENARIO_TEST(stolen_time_by_described_reads),
		SCENARIO_TEST(stolen_time_that_is_there),
		SCENARIO_TEST(memory_that_ends_within_a_page),
		SCENARIO_TEST(memory_that_begins_within_a_page),
		SCENARIO_TEST(memory_smaller_than_a_page),
		SCENARIO_TEST(memory_that_is_missing_altogether),
		SCENARIO_TEST(a_rom_that_fills_no_page),
		SCENARIO_TEST(a_device_of_the_tree_with_other_options),
		SCENARIO_TEST(a_device_that_no_machine_of_its_kind_has),
		SCENARIO_TEST(what_is_no_absent_device),
		SCENARIO_TEST(flash_in_command_mode_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
