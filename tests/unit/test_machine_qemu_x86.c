/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * QEMU's q35, pc and microvm. The numbers are those of "info mtree" of QEMU 7.2 with the options
 * named, under KVM, before firmware ran, unless a source is named.
 */

#include "tests/unit/machines.h"

#define FOUR_GIB (4 * GIB)

/* The fixed regions that code decides about; the shipped files have them all. */
static const struct machine maps[] = {
	{
		.id = "qemu-q35-x86_64",
		.vmm = "qemu",
		.arch = "x86_64",
		.match = "q35",
		.n_regions = 6,
		.regions = {{"ECAM", 0xb0000000, 0x10000000, REGION_DEVICE, 0, true, false, ""},
			    {"IOAPIC", 0xfec00000, 0x1000, REGION_KERNEL_DEVICE, 0, false, false,
			     ""},
			    {"HPET", 0xfed00000, 0x400, REGION_DEVICE, 0, false, false, ""},
			    {"TPM", 0xfed40000, 0x5000, REGION_DEVICE, 0, true, false, ""},
			    {"TPM PPI", 0xfed45000, 0x400, REGION_DEVICE, 0, true, false, ""},
			    {"BIOS", 0xfffc0000, 0x40000, REGION_ROM, 0, false, false, ""}},
	},
	{
		.id = "qemu-pc-x86_64",
		.vmm = "qemu",
		.arch = "x86_64",
		.match = "pc",
		.n_regions = 5,
		.regions = {{"IOAPIC", 0xfec00000, 0x1000, REGION_KERNEL_DEVICE, 0, false, false,
			     ""},
			    {"HPET", 0xfed00000, 0x400, REGION_DEVICE, 0, false, false, ""},
			    {"TPM", 0xfed40000, 0x5000, REGION_DEVICE, 0, true, false, ""},
			    {"TPM PPI", 0xfed45000, 0x400, REGION_DEVICE, 0, true, false, ""},
			    {"BIOS", 0xfffc0000, 0x40000, REGION_ROM, 0, false, false, ""}},
	},
	{
		.id = "qemu-microvm-x86_64",
		.vmm = "qemu",
		.arch = "x86_64",
		.match = "microvm",
		.n_regions = 10,
		.regions = {{"PCIe window", 0xc0000000, 0x20000000, REGION_DEVICE, 0, true, true,
			     ""},
			    {"ECAM", 0xe0000000, 0x10000000, REGION_DEVICE, 0, true, false, ""},
			    {"XHCI", 0xfe900000, 0x4000, REGION_DEVICE, 0, true, false, ""},
			    {"GED", 0xfea00000, 4, REGION_DEVICE, 0, false, false, ""},
			    {"GED registers", 0xfea00200, 3, REGION_DEVICE, 0, false, false, ""},
			    {"virtio", 0xfeb00000, 0x1000, REGION_DEVICE, 0, false, false, ""},
			    {"virtio 8-23", 0xfeb01000, 0x2000, REGION_DEVICE, 0, true, false, ""},
			    {"IOAPIC", 0xfec00000, 0x1000, REGION_DEVICE, 0, false, false, ""},
			    {"IOAPIC2", 0xfec10000, 0x1000, REGION_DEVICE, 0, true, false, ""},
			    {"BIOS", 0xfffe0000, 0x20000, REGION_ROM, 0, false, false, ""}},
	},
	{.id = "firecracker-x86_64", .vmm = "firecracker", .arch = "x86_64"},
	{.id = "cloud-hypervisor-x86_64", .vmm = "cloud-hypervisor", .arch = "x86_64"},
	{.id = "crosvm-x86_64", .vmm = "crosvm", .arch = "x86_64"},
	{.id = "kvmtool-x86_64", .vmm = "kvmtool", .arch = "x86_64"},
	{.id = "libkrun-x86_64", .vmm = "libkrun", .arch = "x86_64"},
};

static bool choose(void)
{
	const struct machine_facts facts = {
		.arch = vm.arch,
		.vmm = vm.vmm,
		.options = &vm.options,
		.layout = &vm.layout,
	};

	vm.layout.slots = vm.slots;
	vm.layout.bus = vm.bus;
	return machine_choose(maps, ARRAY_SIZE(maps), &facts, &made, &choice);
}

static void must_be(const char *id, double confidence)
{
	if (!choose())
		fail_msg("no map: %s", choice.reason);
	assert_string_equal(made.id, id);
	if (choice.confidence != confidence)
		fail_msg("confidence %g, not %g: %s", choice.confidence, confidence, choice.reason);
	for (size_t i = 0; i + 1 < made.n_regions; i++)
		assert_true(made.regions[i].base + made.regions[i].size <=
			    made.regions[i + 1].base);
	for (size_t i = 0; i < made.n_regions; i++)
		assert_non_null(made.regions[i].source);
}

static void must_be_none(const char *reason)
{
	if (choose())
		fail_msg("%s was chosen: %s", made.id, choice.reason);
	assert_contains(choice.reason, reason);
}

/* A VM known by its command line, not by its layout. */
static void begin(const char *type, uint64_t ram)
{
	machines_begin("x86_64", "qemu");
	vm.options.known = true;
	snprintf(vm.options.machine, sizeof(vm.options.machine), "%s", type);
	vm.options.ram_bytes = ram;
}

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

/* A VM known by its layout alone. */
static void begin_unknown(void)
{
	machines_begin("x86_64", "unknown");
}

static void assert_window(uint64_t start, uint64_t end)
{
	assert_true(assert_at(start, start, end - start)->is_window);
	assert_true(assert_at(end - 1, start, end - start)->is_window);
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

/* Numbers that no VM has neither wrap around nor reach beyond what a guest can address. */
static void hostile_options(void **state)
{
	static const uint64_t sizes[] = {1, 0xfffff, UINT64_MAX, UINT64_MAX - GIB, 1ULL << 63};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(sizes); i++)
		for (unsigned int type = 0; type < 3; type++) {
			begin(type == 0	  ? "q35"
			      : type == 1 ? "pc"
					  : "microvm",
			      sizes[i % ARRAY_SIZE(sizes)]);
			vm.options.max_ram_bytes = sizes[i / ARRAY_SIZE(sizes)];
			vm.options.max_ram_below_4g = sizes[i / ARRAY_SIZE(sizes)];
			vm.options.ram_slots = UINT32_MAX;
			assert_true(choose());
			for (size_t r = 0; r < made.n_regions; r++)
				assert_true(made.regions[r].size &&
					    made.regions[r].size < 1ULL << 52 &&
					    made.regions[r].base < 1ULL << 52);
		}
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
		must_be_none("qemu-q35-x86_64, qemu-pc-x86_64");
		vm.vmm = "qemu";
		must_be_none("alike: qemu-q35-x86_64, qemu-pc-x86_64");
	}
}

/* Layouts of the others, and halves of a PC. */
static void no_pc_no_microvm(void **state)
{
	(void)state;
	begin_unknown();
	machines_slot(0, 0xc0000000);
	machines_slot(FOUR_GIB, GIB);
	assert_false(choose() && !strncmp(made.id, "qemu", 4));

	begin_unknown(); /* no ROM */
	machines_slot(0, 0xa0000);
	machines_slot(0x100000, 0x7ff00000);
	machines_slot(FOUR_GIB, GIB);
	assert_false(choose() && !strncmp(made.id, "qemu", 4));

	begin_unknown(); /* a ROM, but no RAM where a PC has it */
	machines_slot(0x80000000, 0x40000000);
	rom(0xfffc0000, 0x40000);
	assert_false(choose() && !strncmp(made.id, "qemu", 4));

	begin_unknown(); /* writable, but not the memory of the BIOS */
	machines_slot(0, 0xe0000);
	machines_slot(0xe0000, 0x20000);
	machines_slot(0x100000, 0x3ff00000);
	machines_slot(0xfffe0000, 0x20000);
	vm.slots[1].hva = 0x7f0000000000;
	vm.slots[3].hva = 0x7f0000020000;
	assert_false(choose() && !strncmp(made.id, "qemu", 4));

	begin_unknown();
	vm.layout.known = true;
	must_be_none("fits no reference map");
}

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
	assert_false(choose());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(q35_by_its_options),
		cmocka_unit_test(pc_by_its_options),
		cmocka_unit_test(the_default_machine_is_pc),
		cmocka_unit_test(memory_can_be_plugged_above_ram),
		cmocka_unit_test(hostile_options),
		cmocka_unit_test(slots_win_over_options),
		cmocka_unit_test(options_decide_what_is_there),
		cmocka_unit_test(the_ioapic_is_where_the_bus_has_it),
		cmocka_unit_test(firmware_takes_the_place_of_the_bios),
		cmocka_unit_test(tseg_is_no_hole),
		cmocka_unit_test(ram_above_1_tib),
		cmocka_unit_test(q35_and_pc_by_their_layout),
		cmocka_unit_test(a_running_pc_by_its_layout),
		cmocka_unit_test(what_looks_alike_is_not_told_apart),
		cmocka_unit_test(no_pc_no_microvm),
		cmocka_unit_test(microvm_by_its_options),
		cmocka_unit_test(doorbells_tell_the_transports),
		cmocka_unit_test(microvm_by_its_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
