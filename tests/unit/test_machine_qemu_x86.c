/* SPDX-License-Identifier: GPL-2.0-or-later */

/* QEMU's q35 and pc. */

#include "tests/unit/machines_qemu_x86.h"

static void rom(uint64_t gpa, uint64_t size)
{
	machines_slot(gpa, size);
	vm.slots[vm.layout.n_slots - 1].flags = NISV_SLOT_READONLY;
}

/* Slots as QEMU 7.2 makes them before SeaBIOS runs; @high RAM from 4 GiB. */
static void add_pc_slots(uint64_t low_end, uint64_t high)
{
	machines_slot(0, 0xa0000);
	rom(0xc0000, 0x20000);
	rom(0xe0000, 0x20000);
	machines_slot(0x100000, low_end - 0x100000);
	rom(0xfffc0000, 0x40000);
	if (high)
		machines_slot(FOUR_GIB, high);
	machines_bus(0xfec00000, false);
}

static void q35_by_its_options(void **state)
{
	static const struct {
		uint64_t ram, max_below_4g, low_end, high_end;
	} cases[] = {
		{128 * MIB, 0, 0x08000000, FOUR_GIB},
		{2 * GIB, 0, 0x80000000, FOUR_GIB},
		{2815 * MIB, 0, 0xaff00000, FOUR_GIB},
		{2816 * MIB, 0, 0x80000000, 0x130000000}, /* 0xb0000000 bytes */
		{4 * GIB, 0, 0x80000000, 0x180000000},
		{4 * GIB, GIB, 0x40000000, 0x1c0000000},
		{4 * GIB, 3 * GIB, 0x80000000, 0x180000000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const uint64_t hole = (cases[i].high_end + GIB - 1) / GIB * GIB;

		begin("q35", cases[i].ram);
		vm.options.max_ram_below_4g = cases[i].max_below_4g;
		must_be("qemu-q35-x86_64", 0.9);
		assert_nothing(cases[i].low_end - 1);
		assert_window(cases[i].low_end, 0xb0000000);
		assert_device(0xb0000000, 0x10000000); /* ECAM */
		assert_window(0xc0000000, 0xfec00000);
		/* q35.c: Q35_PCI_HOST_HOLE64_SIZE_DEFAULT, pc.c: pc_pci_hole64_start */
		if (hole > FOUR_GIB)
			assert_nothing(hole - 1);
		assert_window(hole, hole + 32 * GIB);
		assert_optional(hole, 32 * GIB);
		assert_device(0xfed00000, 0x400);
		assert_nothing(0xfed40000);
		assert_device(0xfffc0000, 0x40000);
	}
}

static void pc_by_its_options(void **state)
{
	static const struct {
		uint32_t major;
		uint64_t ram, max_below_4g, low_end, high_end;
	} cases[] = {
		{0, 128 * MIB, 0, 0x08000000, FOUR_GIB},
		{0, 3 * GIB, 0, 0xc0000000, FOUR_GIB},
		{0, 3583 * MIB, 0, 0xdff00000, FOUR_GIB},
		{0, 3584 * MIB, 0, 0xc0000000, 0x120000000},
		{7, 4 * GIB, 0, 0xc0000000, 0x140000000},
		{1, 4 * GIB, 0, 0xe0000000, 0x120000000}, /* pc-i440fx-1.7 */
		{0, 4 * GIB, 2 * GIB, 0x80000000, 0x180000000},
		{0, 3968 * MIB, 4 * GIB, 0xf8000000, FOUR_GIB},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const uint64_t hole = (cases[i].high_end + GIB - 1) / GIB * GIB;

		begin("pc", cases[i].ram);
		vm.options.machine_major = cases[i].major;
		vm.options.max_ram_below_4g = cases[i].max_below_4g;
		must_be("qemu-pc-x86_64", 0.9);
		assert_nothing(cases[i].low_end - 1);
		assert_window(cases[i].low_end, 0xfec00000);
		/* i440fx.c: I440FX_PCI_HOST_HOLE64_SIZE_DEFAULT */
		assert_window(hole, hole + 2 * GIB);
	}
}

static void the_default_machine_is_pc(void **state)
{
	(void)state;
	begin("", GIB);
	must_be("qemu-pc-x86_64", 0.9);
}

static void memory_can_be_plugged_above_ram(void **state)
{
	const struct machine_region *area;

	(void)state;
	begin("q35", 4 * GIB);
	vm.options.max_ram_bytes = 8 * GIB;
	vm.options.ram_slots = 4;
	must_be("qemu-q35-x86_64", 0.9);
	area = assert_at(0x180000000, 0x180000000, 0x200000000);
	assert_int_equal(area->class, REGION_RAM);
	assert_true(area->optional && area->is_window);
	assert_window(0x380000000, 0x380000000 + 32 * GIB);

	begin("pc", 4 * GIB);
	vm.options.max_ram_bytes = 6 * GIB;
	vm.options.ram_slots = 2;
	must_be("qemu-pc-x86_64", 0.9);
	assert_at(0x140000000, 0x140000000, 0x100000000);
	assert_window(0x240000000, 0x240000000 + 2 * GIB);
}

static void slots_win_over_options(void **state)
{
	(void)state;
	begin("q35", 4 * GIB);
	add_pc_slots(0x40000000, 3 * GIB); /* as with max-ram-below-4g=1G, unread */
	must_be("qemu-q35-x86_64", 0.9);
	assert_window(0x40000000, 0xb0000000);
	assert_window(0x1c0000000, 0x1c0000000 + 32 * GIB);

	begin("pc", 0);
	machines_slot(0, 0x20000000); /* in one piece: a VMM that only calls itself QEMU */
	must_be("qemu-pc-x86_64", 0.9);
	assert_window(0x20000000, 0xfec00000);
}

static void options_decide_what_is_there(void **state)
{
	(void)state;
	begin("q35", GIB);
	vm.options.hpet = VMOPTION_OFF;
	vm.options.tpm = VMOPTION_ON;
	must_be("qemu-q35-x86_64", 0.9);
	assert_nothing(0xfed00000);
	assert_device(0xfed40000, 0x5000);
	assert_optional(0xfed45000, 0x400); /* ppi=on, the default of newer TPMs */

	/* A command line that was not read decides nothing. */
	begin("q35", GIB);
	vm.options.known = false;
	must_be("qemu-q35-x86_64", 0.7);
	assert_optional(0xfed00000, 0x400);
	assert_optional(0xfed40000, 0x5000);
	assert_optional(0xb0000000, 0x10000000);
}

static void the_ioapic_is_where_the_bus_has_it(void **state)
{
	(void)state;
	begin("q35", GIB);
	add_pc_slots(0x40000000, 0);
	must_be("qemu-q35-x86_64", 0.9);
	assert_int_equal(assert_at(0xfec00000, 0xfec00000, 0x1000)->class, REGION_KERNEL_DEVICE);
	vm.layout.n_bus = 0; /* kernel_irqchip=split */
	must_be("qemu-q35-x86_64", 0.9);
	assert_int_equal(assert_at(0xfec00000, 0xfec00000, 0x1000)->class, REGION_DEVICE);
}

static void firmware_takes_the_place_of_the_bios(void **state)
{
	(void)state;
	/* Flash of OVMF: 528 KiB of variables below 3,568 KiB of code. */
	begin("q35", GIB);
	vm.options.firmware = VMOPTION_ON;
	machines_slot(0, 0xa0000);
	machines_slot(0x100000, 0x3ff00000);
	rom(0xffc00000, 0x84000);
	rom(0xffc84000, 0x37c000);
	must_be("qemu-q35-x86_64", 0.9);
	assert_device(0xffc00000, 0x400000);
	assert_optional(0xb0000000, 0x10000000); /* OVMF moves it */

	/* Which image it is, nothing tells: pc.c, max_fw_size. */
	begin("pc", GIB);
	vm.options.firmware = VMOPTION_ON;
	must_be("qemu-pc-x86_64", 0.9);
	assert_optional(0xff800000, 0x800000);

	/* bios.bin of 128 KiB: pc-i440fx-1.7 */
	begin("pc", GIB);
	machines_slot(0x100000, 0x3ff00000);
	rom(0xfffe0000, 0x20000);
	must_be("qemu-pc-x86_64", 0.9);
	assert_device(0xfffe0000, 0x20000);
	assert_nothing(0xfffdffff);
}

/* RAM that only System Management Mode sees: in address space 1, not in 0. */
static void add_tseg(uint64_t low_end, uint64_t size)
{
	for (size_t i = 0; i < vm.layout.n_slots; i++)
		if (vm.slots[i].gpa == 0x100000)
			vm.slots[i].size -= size;
	machines_slot(0x100000, low_end - 0x100000 - size);
	vm.slots[vm.layout.n_slots - 1].as_id = 1;
	machines_slot(low_end - size, size);
	vm.slots[vm.layout.n_slots - 1].as_id = 1;
}

static void tseg_is_no_hole(void **state)
{
	const struct machine_region *tseg;

	(void)state;
	begin("q35", 4 * GIB);
	add_pc_slots(0x80000000, 2 * GIB);
	add_tseg(0x80000000, 16 * MIB);
	must_be("qemu-q35-x86_64", 0.9);
	tseg = assert_at(0x7f000000, 0x7f000000, 16 * MIB);
	assert_string_equal(tseg->name, "SMRAM (TSEG)");
	assert_window(0x80000000, 0xb0000000);
	assert_window(0x180000000, 0x180000000 + 32 * GIB);
}

/* pc.c: AMD_ABOVE_1TB_START, for guests whose memory would reach HyperTransport's addresses. */
static void ram_above_1_tib(void **state)
{
	(void)state;
	begin("q35", 1010 * GIB);
	add_pc_slots(0x80000000, 0);
	machines_slot(TIB, 1008 * GIB);
	must_be("qemu-q35-x86_64", 0.9);
	assert_window(2032 * GIB, 2064 * GIB);
	assert_nothing(1010 * GIB);
}

static void q35_and_pc_by_their_layout(void **state)
{
	(void)state;
	begin_unknown();
	add_pc_slots(0xc0000000, GIB);
	must_be("qemu-pc-x86_64", 0.6);
	assert_window(0xc0000000, 0xfec00000);
	assert_optional(0xfed00000, 0x400);

	begin_unknown();
	add_pc_slots(0xe0000000, GIB / 2);
	must_be("qemu-pc-x86_64", 0.6);

	begin_unknown();
	add_pc_slots(0xb8000000, 0);
	must_be("qemu-pc-x86_64", 0.6);

	/* SMRAM at the top of RAM is q35's, however little RAM there is. */
	begin_unknown();
	add_pc_slots(0x20000000, 0);
	add_tseg(0x20000000, 8 * MIB);
	must_be("qemu-q35-x86_64", 0.6);
}

/* The slots of a running QEMU 7.2, as seen when SeaBIOS had found nothing to boot, and as its info
 * mtree tells them while it looks. */
static void a_running_pc_by_its_layout(void **state)
{
	(void)state;
	begin("q35", 4 * GIB); /* -device VGA */
	machines_slot(0, 0xa0000);
	machines_slot(0xc0000, 0x7ff40000);
	machines_slot(0xfd000000, 0x1000000);
	rom(0xfffc0000, 0x40000);
	machines_slot(FOUR_GIB, 2 * GIB);
	must_be("qemu-q35-x86_64", 0.9);
	assert_window(0x80000000, 0xb0000000);
	assert_window(0x180000000, 0x180000000 + 32 * GIB);

	begin_unknown(); /* -M pc -m 4G, no VGA */
	machines_slot(0, 0xc0000000);
	rom(0xfffc0000, 0x40000);
	machines_slot(FOUR_GIB, GIB);
	must_be("qemu-pc-x86_64", 0.6);
	assert_window(0xc0000000, 0xfec00000);
	assert_window(0x140000000, 0x140000000 + 2 * GIB);

	begin_unknown(); /* ROMs shadowed and partly writable */
	machines_slot(0, 0xa0000);
	rom(0xc0000, 0xa000);
	machines_slot(0xca000, 0x3000);
	rom(0xcd000, 0x1b000);
	machines_slot(0xe8000, 0x8000);
	rom(0xf0000, 0x10000);
	machines_slot(0x100000, 0xbff00000);
	machines_slot(0xfd000000, 0x1000000);
	rom(0xfffc0000, 0x40000);
	machines_slot(FOUR_GIB, 2 * GIB);
	must_be("qemu-pc-x86_64", 0.6);
	assert_window(0xc0000000, 0xfec00000);
}

static void what_looks_alike_is_not_told_apart(void **state)
{
	static const struct {
		uint64_t low_end, high;
	} cases[] = {{0x40000000, 0},
		     {0x80000000, 0},
		     {0xb0000000, 0},
		     {0x40000000, GIB},
		     /* q35 with 4 GiB, or pc with max-ram-below-4g=2G */
		     {0x80000000, 2 * GIB}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin_unknown();
		add_pc_slots(cases[i].low_end, cases[i].high);
		assert_none("qemu-q35-x86_64, qemu-pc-x86_64");
		vm.vmm = "qemu";
		assert_none("alike: qemu-q35-x86_64, qemu-pc-x86_64");
	}
}

/* Layouts of the others, and halves of a PC. */
static void no_pc(void **state)
{
	(void)state;
	begin_unknown();
	machines_slot(0, 0xc0000000);
	machines_slot(FOUR_GIB, GIB);
	assert_none("its layout fits these alike: firecracker-x86_64, cloud-hypervisor-x86_64, "
		    "crosvm-x86_64, kvmtool-x86_64, libkrun-x86_64");

	begin_unknown(); /* no ROM */
	machines_slot(0, 0xa0000);
	machines_slot(0x100000, 0x7ff00000);
	machines_slot(FOUR_GIB, GIB);
	assert_none("its layout fits these alike: firecracker-x86_64, cloud-hypervisor-x86_64, "
		    "crosvm-x86_64, kvmtool-x86_64, libkrun-x86_64");

	begin_unknown(); /* a ROM, but no RAM where a PC has it */
	machines_slot(0x80000000, 0x40000000);
	rom(0xfffc0000, 0x40000);
	assert_none("its layout fits no reference map");

	begin_unknown();
	vm.layout.known = true;
	assert_none("fits no reference map");
}

static void hostile_options(void **state)
{
	(void)state;
	assert_hostile_options_are_survived("q35");
	assert_hostile_options_are_survived("pc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(q35_by_its_options),
		cmocka_unit_test(pc_by_its_options),
		cmocka_unit_test(the_default_machine_is_pc),
		cmocka_unit_test(memory_can_be_plugged_above_ram),
		cmocka_unit_test(slots_win_over_options),
		cmocka_unit_test(options_decide_what_is_there),
		cmocka_unit_test(the_ioapic_is_where_the_bus_has_it),
		cmocka_unit_test(firmware_takes_the_place_of_the_bios),
		cmocka_unit_test(tseg_is_no_hole),
		cmocka_unit_test(ram_above_1_tib),
		cmocka_unit_test(q35_and_pc_by_their_layout),
		cmocka_unit_test(a_running_pc_by_its_layout),
		cmocka_unit_test(what_looks_alike_is_not_told_apart),
		cmocka_unit_test(no_pc),
		cmocka_unit_test(hostile_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
