/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The choice of a reference map: by command line, by likeness, or not at all.
 */

#include "tests/unit/machines.h"

static int qemu(void **state)
{
	(void)state;
	machines_begin("arm64", "qemu");
	vm.options.known = true;
	snprintf(vm.options.machine, sizeof(vm.options.machine), "virt");
	vm.options.machine_major = 8;
	vm.options.machine_minor = 2;
	vm.options.ram_bytes = GIB;
	return 0;
}

/* QEMU virt as the kernel shows it. */
static void virt_layout(void)
{
	vm.layout.nisv_to_user = true;
	machines_gicv3(0x08000000, 0x080a0000, 2);
	machines_slot(0x40000000, GIB);
	vm.layout.ipa_bits = 40;
}

static void the_command_line_decides(void **state)
{
	(void)state;
	assert_chosen("qemu-virt-arm64", 0.9);
	assert_string_equal(choice.reason, "by the command line of the VMM");
	snprintf(vm.options.machine, sizeof(vm.options.machine), "virtual");
	assert_none("its machine type virtual");
	snprintf(vm.options.machine, sizeof(vm.options.machine), "raspi4b");
	assert_none("its machine type raspi4b");
	snprintf(vm.options.machine, sizeof(vm.options.machine), "\x1b[2J");
	assert_none("its machine type \\x1b[2J");
	machines_begin("x86_64", "qemu");
	vm.options.known = true;
	snprintf(vm.options.machine, sizeof(vm.options.machine), "virt");
	assert_none("machine type virt");
	machines_begin("arm64", "crosvm");
	vm.options.known = true;
	assert_chosen("crosvm-arm64", 0.9);
}

static void an_unread_command_line_is_weaker(void **state)
{
	(void)state;
	vm.options.known = false;
	assert_chosen("qemu-virt-arm64", 0.7);
	assert_contains(choice.reason, "not read to the end");
}

static void a_contradiction_is_named(void **state)
{
	(void)state;
	machines_gicv3(0x3fff0000, 0x3ffb0000, 2);
	machines_slot(0x40000000, GIB);
	assert_chosen("qemu-virt-arm64", 0.5);
	assert_contains(choice.reason, "but its vGIC is at 0x3fff0000");
	/* The layout of another, beyond doubt. */
	machines_begin("x86_64", "kvmtool");
	vm.options.known = true;
	machines_slot(0, 640 * KIB);
	machines_slot(640 * KIB, 384 * KIB);
	machines_slot(MIB, GIB);
	machines_bus(0xd0003000, true);
	assert_chosen("kvmtool-x86_64", 0.5);
	assert_contains(choice.reason, "but its layout is that of crosvm-x86_64");
}

static void memory_over_devices_is_none(void **state)
{
	(void)state;
	/* RAM where Firecracker has its devices. */
	machines_begin("arm64", "firecracker");
	vm.options.known = true;
	machines_slot(0x40000000, 16 * MIB);
	machines_slot(0x80000000, GIB);
	assert_none("that of firecracker-arm64, but it has memory where devices would be");
	vm.options.pcie = VMOPTION_ON; /* 1.13 or later: the RTC has its place */
	assert_none("it has memory where RTC would be");
	/* A BAR in a window is none, nor is a slot that the VMM maps read-only. */
	vm.slots[0] = (struct nisv_slot){.gpa = 0x40003000, .size = 16 * MIB};
	assert_chosen("firecracker-arm64", 0.9);
	vm.slots[0] = (struct nisv_slot){
		.gpa = 0x40000000, .size = 16 * MIB, .flags = NISV_SLOT_READONLY};
	assert_chosen("firecracker-arm64", 0.9);
}

static void a_likeness_is_weaker(void **state)
{
	(void)state;
	virt_layout();
	vm.options = (struct vmoptions){};
	assert_chosen("qemu-virt-arm64", 0.6);
	vm.vmm = "unknown";
	assert_chosen("qemu-virt-arm64", 0.6);
	assert_string_equal(choice.reason, "by the likeness of its layout");
	/* StratoVirt's is the same, but for QEMU's mark. */
	vm.layout.nisv_to_user = false;
	assert_none("its layout fits qemu-virt-arm64, but nothing in it is proof");
}

static void a_likeness_never_overrules_the_command_line(void **state)
{
	(void)state;
	virt_layout();
	snprintf(vm.options.machine, sizeof(vm.options.machine), "sbsa-ref");
	assert_none("sbsa-ref");
	vm.vmm = "gvisor";
	vm.options = (struct vmoptions){};
	assert_none("fits no reference map");
}

static void half_a_likeness_is_none(void **state)
{
	(void)state;
	vm.options = (struct vmoptions){};
	vm.vmm = "unknown";
	assert_none("neither the command line nor the memory layout");
	virt_layout();
	vm.layout.vgic_dist = 0x08ff0000;
	assert_none("fits no");
	vm.layout.vgic_dist = 0x08000000;
	vm.layout.redist[0].base = 0x08020000;
	assert_none("fits no");
	vm.layout.redist[0].base = 0x080a0000;
	vm.layout.vgic_model = NISV_VGIC_NONE;
	assert_none("fits no");
	vm.layout.vgic_model = NISV_VGIC_V3;
	vm.slots[0].gpa = 0x3f000000; /* RAM covers the address but begins elsewhere */
	assert_none("fits no");
	vm.slots[0].gpa = 0x40000000;
	vm.slots[0].flags = NISV_SLOT_READONLY;
	assert_none("fits no");
	vm.slots[0].flags = 0;
	assert_chosen("qemu-virt-arm64", 0.6);
}

static void what_fits_several_is_none(void **state)
{
	(void)state;
	machines_begin("arm64", "unknown");
	machines_gicv3(0x3fff0000, 0x3ffb0000, 2);
	machines_slot(0x80000000, GIB);
	assert_none("fits these alike: firecracker-arm64, crosvm-arm64, kvmtool-arm64, "
		    "libkrun-arm64");
	/* Marks of two: the stolen time of crosvm and that of kvmtool. */
	machines_slot(0x01ff0000, 0x10000);
	assert_chosen("crosvm-arm64", 0.6);
	machines_slot(0x01020000, 0x10000);
	assert_none("fits these alike: crosvm-arm64, kvmtool-arm64");
	machines_begin("x86_64", "unknown");
	machines_slot(0, GIB);
	assert_none("alike: firecracker-x86_64, cloud-hypervisor-x86_64");
}

static void alone_is_no_proof(void **state)
{
	(void)state;
	/* Above Cloud Hypervisor's gap, with a doorbell that only crosvm's can be of these. */
	machines_begin("x86_64", "unknown");
	machines_slot(0, 0xd0000000);
	machines_bus(0xe0003000, true);
	assert_none("fits crosvm-x86_64, but nothing in it is proof");
}

static void an_alien_board_is_never_chosen(void **state)
{
	(void)state;
	machines_begin("arm64", "");
	vm.options.known = true;
	vm.layout.known = true;
	assert_none("fits no");
}

static void regions_are_added_in_order(void **state)
{
	struct machine machine = {};
	struct machine_region region = {.base = 0x2000, .size = 0x1000, .source = ""};

	(void)state;
	machine_add(&machine, &region);
	region.base = 0x1000;
	machine_add(&machine, &region);
	region.base = 0x1800; /* overlaps both */
	machine_add(&machine, &region);
	region.base = 0x4000;
	region.size = 0;
	machine_add(&machine, &region);
	assert_int_equal(machine.n_regions, 2);
	assert_int_equal(machine.regions[0].base, 0x1000);
	assert_int_equal(machine.regions[1].base, 0x2000);
	/* The same place for another vGIC. */
	region = (struct machine_region){.base = 0x8000, .size = 0x1000, .vgic = NISV_VGIC_V2};
	machine_add(&machine, &region);
	region.vgic = NISV_VGIC_V3;
	region.size = 0x10000;
	machine_add(&machine, &region);
	assert_int_equal(machine.n_regions, 4);
	region.vgic = NISV_VGIC_NONE;
	machine_add(&machine, &region);
	assert_int_equal(machine.n_regions, 4);
	for (uint64_t i = 0; i < 2 * MACHINE_REGIONS_MAX; i++) {
		region = (struct machine_region){.base = 0x100000 + i * 0x1000, .size = 0x1000};
		machine_add(&machine, &region);
	}
	assert_int_equal(machine.n_regions, MACHINE_REGIONS_MAX);
}

static void regions_depend_on_the_vgic(void **state)
{
	const struct machine *virt = &test_maps[0];

	(void)state;
	assert_string_equal(machine_region_at(virt, NISV_VGIC_V2, 0x08000000)->name, "v2 dist");
	assert_string_equal(machine_region_at(virt, NISV_VGIC_V3, 0x0800ffff)->name, "v3 dist");
	assert_null(machine_region_at(virt, NISV_VGIC_V2, 0x08001000));
	assert_null(machine_region_at(virt, NISV_VGIC_NONE, 0x08000000));
	assert_string_equal(machine_region_at(virt, NISV_VGIC_NONE, 0x09000fff)->name, "UART0");
	assert_null(machine_region_at(virt, NISV_VGIC_NONE, 0x09001000));
	assert_null(machine_region_at(NULL, NISV_VGIC_V3, 0x09000000));
}

static void classes_have_names(void **state)
{
	(void)state;
	assert_string_equal(region_class_name(REGION_KERNEL_DEVICE), "kernel-device");
	assert_string_equal(region_class_name(REGION_HOLE), "hole");
	assert_string_equal(region_class_name(_REGION_CLASS_MAX), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_command_line_decides, qemu),
		cmocka_unit_test_setup(an_unread_command_line_is_weaker, qemu),
		cmocka_unit_test_setup(a_contradiction_is_named, qemu),
		cmocka_unit_test(memory_over_devices_is_none),
		cmocka_unit_test_setup(a_likeness_is_weaker, qemu),
		cmocka_unit_test_setup(a_likeness_never_overrules_the_command_line, qemu),
		cmocka_unit_test_setup(half_a_likeness_is_none, qemu),
		cmocka_unit_test(what_fits_several_is_none),
		cmocka_unit_test(alone_is_no_proof),
		cmocka_unit_test(an_alien_board_is_never_chosen),
		cmocka_unit_test(regions_are_added_in_order),
		cmocka_unit_test(regions_depend_on_the_vgic),
		cmocka_unit_test(classes_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
