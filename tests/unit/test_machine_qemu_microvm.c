/* SPDX-License-Identifier: GPL-2.0-or-later */

/* QEMU's microvm. */

#include "tests/unit/machines_qemu_x86.h"

static void microvm_by_its_options(void **state)
{
	(void)state;
	begin("microvm", GIB);
	must_be("qemu-microvm-x86_64", 0.8);
	assert_contains(choice.reason, "virtio-mmio transports");
	assert_device(0xfeb00000, 0x1000);
	assert_optional(0xfeb01000, 0x2000);
	assert_optional(0xfec10000, 0x1000);
	assert_device(0xfea00000, 4);
	assert_nothing(0xfe900000);
	assert_nothing(0xc0000000);
	assert_nothing(0xe0000000);

	vm.options.usb = vm.options.pcie = VMOPTION_ON;
	must_be("qemu-microvm-x86_64", 0.8);
	assert_device(0xfe900000, 0x4000);
	assert_device(0xe0000000, 0x10000000);
	assert_window(0xc0000000, 0xe0000000);

	/* Without ACPI: qboot, one IOAPIC, and neither USB nor PCIe. */
	vm.options.acpi = VMOPTION_OFF;
	must_be("qemu-microvm-x86_64", 0.9);
	assert_device(0xfeb00000, 0x1000);
	assert_nothing(0xfeb01000);
	assert_nothing(0xfec10000);
	assert_nothing(0xfea00000);
	assert_nothing(0xfe900000);
	assert_nothing(0xc0000000);
	assert_device(0xffff0000, 0x10000);
	assert_nothing(0xfffeffff);
}

static void doorbells_tell_the_transports(void **state)
{
	(void)state;
	begin("microvm", GIB);
	machines_slot(0, GIB);
	machines_bus(0xfeb02e50, true);
	must_be("qemu-microvm-x86_64", 0.9);
	assert_device(0xfeb01000, 0x2000);
	assert_device(0xfec10000, 0x1000);

	/* include/hw/i386/microvm.h of 4.2 to 5.1: VIRTIO_MMIO_BASE 0xc0000000, no ACPI */
	begin("microvm", GIB);
	machines_slot(0, GIB);
	machines_bus(0xc0000e50, true);
	must_be("qemu-microvm-x86_64", 0.9);
	assert_device(0xc0000000, 0x1000);
	assert_nothing(0xfeb00000);
	assert_nothing(0xfea00000);
	assert_nothing(0xfec10000);
	assert_device(0xfec00000, 0x1000);
}

/* BIOS and its alias below 1 MiB share their memory, both writable. */
static void add_microvm_slots(uint64_t bios_size, uint64_t low_end)
{
	machines_slot(0, MIB - bios_size);
	machines_slot(MIB - bios_size, bios_size);
	machines_slot(MIB, low_end - MIB);
	machines_slot(FOUR_GIB - bios_size, bios_size);
	vm.slots[1].hva = vm.slots[3].hva = 0x7f0000000000;
}

static void microvm_by_its_layout(void **state)
{
	(void)state;
	begin_unknown();
	add_microvm_slots(0x20000, GIB);
	must_be("qemu-microvm-x86_64", 0.6);
	assert_optional(0xfea00000, 4);
	assert_device(0xfffe0000, 0x20000);

	begin_unknown();
	add_microvm_slots(0x10000, 0xc0000000);
	machines_slot(FOUR_GIB, GIB);
	must_be("qemu-microvm-x86_64", 0.6);
	assert_device(0xffff0000, 0x10000);

	begin_unknown();
	machines_slot(0, GIB);
	machines_bus(0xfeb00050, true);
	machines_bus(0xfeb00250, true);
	must_be("qemu-microvm-x86_64", 0.6);

	/* RAM beyond where microvm ends it. */
	begin_unknown();
	add_microvm_slots(0x20000, 0xd0000000);
	assert_none("its layout fits these alike: firecracker-x86_64, crosvm-x86_64, "
		    "kvmtool-x86_64, libkrun-x86_64");
}

static void no_microvm(void **state)
{
	(void)state;
	begin_unknown(); /* writable, but not the memory of the BIOS */
	machines_slot(0, 0xe0000);
	machines_slot(0xe0000, 0x20000);
	machines_slot(0x100000, 0x3ff00000);
	machines_slot(0xfffe0000, 0x20000);
	vm.slots[1].hva = 0x7f0000000000;
	vm.slots[3].hva = 0x7f0000020000;
	assert_none("its layout fits these alike: firecracker-x86_64, cloud-hypervisor-x86_64, "
		    "crosvm-x86_64, kvmtool-x86_64, libkrun-x86_64");
}

static void hostile_options(void **state)
{
	(void)state;
	assert_hostile_options_are_survived("microvm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(microvm_by_its_options),
		cmocka_unit_test(doorbells_tell_the_transports),
		cmocka_unit_test(microvm_by_its_layout),
		cmocka_unit_test(no_microvm),
		cmocka_unit_test(hostile_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
