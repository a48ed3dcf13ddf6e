/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A healthy VM as QEMU's virt machine makes it, about which nothing is said; then the same with one
 * thing wrong, about which exactly that is said.
 */

#include "tests/unit/unit.h"

#include "daemon/core/rules.h"
#include "daemon/core/verify.h"

#define RAM	0x40000000ULL
#define MIB	(1ULL << 20)
#define GIB	(1ULL << 30)
#define RAM_HVA 0x7f0000000000ULL
#define TREE_AT (RAM + 128 * MIB)

#define REGION(name_, base_, size_, class_, ...)                                      \
	{                                                                             \
		.name = (name_), .base = (base_), .size = (size_), .class = (class_), \
		.source = "x", __VA_ARGS__                                            \
	}

static const struct machine virt = {
	.id = "qemu-virt-arm64",
	.vmm = "qemu",
	.arch = "arm64",
	.match = "virt",
	.n_regions = 12,
	.regions =
		{
			REGION("FLASH", 0, 0x8000000, REGION_ROM, .vgic = 0),
			REGION("GICv2 distributor", 0x8000000, 0x1000, REGION_KERNEL_DEVICE,
			       .vgic = NISV_VGIC_V2),
			REGION("GICv3 distributor", 0x8000000, 0x10000, REGION_KERNEL_DEVICE,
			       .vgic = NISV_VGIC_V3),
			REGION("GICv2m", 0x8020000, 0x1000, REGION_DEVICE, .vgic = NISV_VGIC_V2),
			REGION("UART0 PL011", 0x9000000, 0x1000, REGION_DEVICE, .vgic = 0),
			REGION("RTC PL031", 0x9010000, 0x1000, REGION_DEVICE, .vgic = 0),
			REGION("fw_cfg", 0x9020000, 0x18, REGION_DEVICE, .vgic = 0),
			REGION("virtio-mmio", 0xa000000, 0x4000, REGION_DEVICE, .vgic = 0),
			REGION("PCIe MMIO window", 0x10000000, 0x2eff0000, REGION_DEVICE,
			       .is_window = true),
			REGION("PCIe I/O window", 0x3eff0000, 0x10000, REGION_DEVICE,
			       .is_window = true),
			REGION("PCIe ECAM (high)", 0x4010000000, 0x10000000, REGION_DEVICE,
			       .vgic = 0),
			REGION("PCIe MMIO window (high)", 0x8000000000, 0x8000000000, REGION_DEVICE,
			       .is_window = true),
		},
};

/* What the shipped file has, before the options decide; and boards that QEMU does not make. */
static const struct machine registry[] = {
	{
		.id = "qemu-virt-arm64",
		.vmm = "qemu",
		.arch = "arm64",
		.n_regions = 2,
		.regions =
			{
				REGION("UART0 PL011", 0x9000000, 0x1000, REGION_DEVICE, .vgic = 0),
				REGION("SMMUv3 (iommu=smmuv3)", 0x9050000, 0x20000, REGION_DEVICE,
				       .optional = true),
			},
	},
	{
		.id = "raspberry-pi-4",
		.arch = "arm64",
		.is_alien = true,
		.n_regions = 4,
		.regions =
			{
				REGION("mailbox", 0xfe00b880, 0x40, REGION_DEVICE, .vgic = 0),
				REGION("GPIO", 0xfe200000, 0xb4, REGION_DEVICE, .vgic = 0),
				REGION("UART0 PL011", 0xfe201000, 0x200, REGION_DEVICE, .vgic = 0),
				REGION("GIC distributor", 0xff841000, 0x1000, REGION_DEVICE,
				       .vgic = 0),
			},
	},
};

static struct vm {
	struct verify_evidence evidence;
	struct vmoptions options;
	struct layout layout;
	struct machine machine;
	struct guest_view guest;
	struct backings backings;
	struct nisv_slot slots[8];
	struct nisv_bus_range bus[8];
	struct guest_range ranges[32];
	struct backing backing[8];
} vm;

static void add_slot(uint64_t gpa, uint64_t size, uint32_t flags)
{
	size_t n = vm.layout.n_slots++;

	vm.slots[n] = (struct nisv_slot){.gpa = gpa,
					 .size = size,
					 .hva = RAM_HVA + n * 64 * GIB,
					 .flags = flags,
					 .id = (int16_t)n};
	vm.backing[n] = (struct backing){.slot_id = (int16_t)n,
					 .kind = BACKING_ANONYMOUS,
					 .readable = true,
					 .writable = true,
					 .covered_bytes = size,
					 .gap = gpa + size};
	vm.layout.total_slots++;
	vm.backings.n++;
}

static struct guest_range *add_range(enum guest_kind kind, uint64_t base, uint64_t size,
				     const char *name, const char *compatible)
{
	struct guest_range *range = &vm.ranges[vm.guest.n_ranges++];

	*range = (struct guest_range){.kind = kind, .base = base, .size = size};
	snprintf(range->name, sizeof(range->name), "%s", name);
	snprintf(range->compatible, sizeof(range->compatible), "%s", compatible);
	return range;
}

static struct guest_range *range_of(enum guest_kind kind)
{
	for (size_t i = 0; i < vm.guest.n_ranges; i++)
		if (vm.ranges[i].kind == kind)
			return &vm.ranges[i];
	fail();
	return NULL;
}

static void add_bus(uint64_t addr, uint32_t len, bool is_ioeventfd)
{
	vm.bus[vm.layout.n_bus++] =
		(struct nisv_bus_range){.addr = addr, .len = len, .is_ioeventfd = is_ioeventfd};
	vm.layout.total_bus++;
}

static void make_evidence(void)
{
	vm.evidence = (struct verify_evidence){
		.arch = "arm64",
		.vmm = "qemu",
		.options = &vm.options,
		.layout = &vm.layout,
		.machine = &vm.machine,
		.machine_confidence = 0.9,
		.maps = registry,
		.n_maps = ARRAY_SIZE(registry),
		.guest = &vm.guest,
		.backings = &vm.backings,
		.host_page_bytes = 4096,
	};
}

/* qemu-system-aarch64 -M virt,gic-version=3 -m 512M -smp 2, as its dumpdtb has it. */
static int healthy(void **state)
{
	(void)state;
	memset(&vm, 0, sizeof(vm));
	vm.options = (struct vmoptions){.known = true, .machine = "virt", .ram_bytes = 512 * MIB};
	vm.machine = virt;
	vm.layout = (struct layout){
		.known = true,
		.state = NISV_LAYOUT_STABLE,
		.vcpus = 2,
		.ipa_bits = 40,
		.vgic_model = NISV_VGIC_V3,
		.vgic_dist = 0x8000000,
		.vgic_cpu = NISV_ADDR_UNSET,
		.n_redist = 1,
		.redist = {{.base = 0x80a0000, .count = 2}},
		.slots = vm.slots,
		.bus = vm.bus,
	};
	add_slot(RAM, 512 * MIB, 0);
	add_bus(0x8000000, 0x10000, false);
	add_bus(0x8080000, 0x20000, false);
	add_bus(0x80a0000, 0x40000, false);
	vm.guest = (struct guest_view){
		.state = GUEST_FOUND,
		.source = GUEST_DEVICE_TREE,
		.address = TREE_AT,
		.bytes = 8192,
		.cpus = 2,
		.gic_version = 3,
		.has_chosen = true,
		.ranges = vm.ranges,
		.read_ns = 1,
	};
	add_range(GUEST_MEMORY, RAM, 512 * MIB, "memory@40000000", "");
	add_range(GUEST_DEVICE, 0x9000000, 0x1000, "pl011@9000000", "arm,pl011");
	add_range(GUEST_DEVICE, 0x9010000, 0x1000, "pl031@9010000", "arm,pl031");
	add_range(GUEST_DEVICE, 0x9020000, 0x18, "fw-cfg@9020000", "qemu,fw-cfg-mmio");
	add_range(GUEST_DEVICE, 0xa000000, 0x200, "virtio_mmio@a000000", "virtio,mmio");
	add_range(GUEST_DEVICE, 0, 0x4000000, "flash@0", "cfi-flash");
	add_range(GUEST_GIC_DIST, 0x8000000, 0x10000, "intc@8000000", "arm,gic-v3");
	/* Room for more than there are: QEMU always says so. */
	add_range(GUEST_GIC_REDIST, 0x80a0000, 0xf60000, "intc@8000000", "arm,gic-v3");
	add_range(GUEST_GIC_ITS, 0x8080000, 0x20000, "its@8080000", "arm,gic-v3-its");
	add_range(GUEST_PCI_ECAM, 0x4010000000, 0x10000000, "pcie@10000000",
		  "pci-host-ecam-generic");
	add_range(GUEST_PCI_WINDOW, 0x10000000, 0x2eff0000, "pcie@10000000",
		  "pci-host-ecam-generic");
	add_range(GUEST_PCI_WINDOW, 0x8000000000, 0x8000000000, "pcie@10000000",
		  "pci-host-ecam-generic");
	add_range(GUEST_RESERVED, 0x60000000, 0x1000, "beyond@60000000", "");
	vm.backings.list = vm.backing;
	vm.backings.read_ns = 1;
	make_evidence();
	return 0;
}

static struct findings findings;
static struct verify_check checks[VERIFY_CHECKS_MAX];
static size_t n_checks;

static int by_place(const void *a, const void *b)
{
	const struct nisv_slot *x = a, *y = b;

	if (x->as_id != y->as_id)
		return x->as_id < y->as_id ? -1 : 1;
	return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

/* A layout is in order; here slots are added and moved as it suits. */
static void run(void)
{
	struct nisv_slot in_order[ARRAY_SIZE(vm.slots)], *slots = vm.layout.slots;

	if (slots == vm.slots) {
		memcpy(in_order, vm.slots, sizeof(in_order));
		qsort(in_order, vm.layout.n_slots, sizeof(in_order[0]), by_place);
		vm.layout.slots = in_order;
	}
	findings_clear(&findings);
	assert_int_equal(verify(&vm.evidence, &findings, checks, &n_checks), 0);
	vm.layout.slots = slots;
	for (size_t i = 0; i < n_checks; i++) {
		if (checks[i].done == (checks[i].reason[0] != '\0'))
			fail_msg("\"%s\" is %s, reason \"%s\"", checks[i].name,
				 checks[i].done ? "done" : "not done", checks[i].reason);
	}
}

static int forget(void **state)
{
	(void)state;
	findings_clear(&findings);
	return 0;
}

static void expect_silence(void)
{
	run();
	if (findings.n)
		fail_msg("%s: %s", findings.list[0].cause, findings.list[0].summary);
}

/* Exactly this one; its texts are there, and whole. */
static const struct finding *expect(const char *cause)
{
	const struct finding *finding;

	run();
	if (findings.n != 1)
		fail_msg("%zu findings, not only %s; the first is %s", findings.n, cause,
			 findings.n ? findings.list[0].summary : "none");
	finding = &findings.list[0];
	assert_string_equal(finding->cause, cause);
	assert_int_equal(finding->n_sites, 0);
	assert_true(finding->confidence > RULE_THRESHOLD && finding->confidence < 1);
	assert_int_equal(finding->summary[strlen(finding->summary) - 1], '.');
	assert_true(strlen(finding->summary) + 1 < sizeof(finding->summary));
	assert_true(strlen(finding->where) > 0 && strlen(finding->how) > 0);
	assert_true(strlen(finding->region) > 0 && strlen(finding->confidence_reason) > 0);
	assert_int_equal(strlen(finding->signature), 32);
	assert_true(finding->n_evidence > 0 && finding->n_advice > 0);
	assert_non_null(finding->documentation);
	return finding;
}

static const struct verify_check *check_named(const char *part)
{
	for (size_t i = 0; i < n_checks; i++)
		if (strstr(checks[i].name, part))
			return &checks[i];
	fail_msg("no check is named %s", part);
	return NULL;
}

static void expect_not_done(const char *part, const char *reason)
{
	expect_silence();
	assert_false(check_named(part)->done);
	assert_contains(check_named(part)->reason, reason);
}

/* ---- silence -------------------------------------------------------------------------------- */

static void test_healthy(void **state)
{
	(void)state;
	expect_silence();
	assert_int_equal(n_checks, 13);
	for (size_t i = 0; i < n_checks; i++)
		if (!checks[i].done)
			fail_msg("\"%s\" was not done: %s", checks[i].name, checks[i].reason);
}

static void test_nothing_known(void **state)
{
	(void)state;
	vm.layout = (struct layout){};
	vm.guest = (struct guest_view){};
	vm.backings = (struct backings){};
	vm.options = (struct vmoptions){};
	vm.evidence.machine = NULL;
	vm.evidence.machine_confidence = 0;
	vm.evidence.vmm = "unknown";
	vm.evidence.host_page_bytes = 0;
	vm.evidence.n_maps = 0;
	expect_silence();
	for (size_t i = 0; i < n_checks; i++)
		assert_false(checks[i].done);
}

static void test_guards(void **state)
{
	(void)state;
	range_of(GUEST_MEMORY)->size = GIB;
	vm.layout.total_slots = 9;
	expect_not_done("memory is in memslots", "1 of its 9 memslots");

	healthy(NULL);
	range_of(GUEST_MEMORY)->size = GIB;
	vm.slots[0].flags = NISV_SLOT_INVALID;
	expect_not_done("memory is in memslots", "being changed");

	healthy(NULL);
	range_of(GUEST_MEMORY)->size = GIB;
	vm.layout.state = NISV_LAYOUT_UNSTABLE;
	expect_not_done("memory is in memslots", "changed while");

	healthy(NULL);
	range_of(GUEST_MEMORY)->size = GIB;
	vm.guest.state = GUEST_OFF;
	snprintf(vm.guest.reason, sizeof(vm.guest.reason), "switched off");
	expect_not_done("memory is in memslots", "switched off");

	healthy(NULL);
	vm.guest = (struct guest_view){0};
	expect_not_done("memory is in memslots", "not looked into yet");
	vm.evidence.ended = true;
	expect_not_done("memory is in memslots", "ended before it was looked at");

	healthy(NULL);
	add_range(GUEST_DEVICE, 0x9ff0000, 0x1000, "pl011@9ff0000", "arm,pl011");
	vm.evidence.machine_confidence = 0.6;
	expect_not_done("devices are there", "not sure enough");

	healthy(NULL);
	vm.evidence.machine = NULL;
	expect_not_done("devices are there", "no reference map");

	healthy(NULL);
	vm.layout.n_bus = 1; /* the ITS is not among those that are known */
	expect_not_done("MSI controllers", "1 of the 3 ranges");

	healthy(NULL);
	vm.layout.ipa_bits = 0;
	expect_not_done("addressable", "IPA size is not known");

	healthy(NULL);
	vm.backing[0].kind = BACKING_UNKNOWN;
	expect_not_done("host memory is behind", "1 of its 1 memslots");

	healthy(NULL);
	snprintf(vm.backings.reason, sizeof(vm.backings.reason), "no permission");
	vm.backing[0].covered_bytes = 0;
	expect_not_done("host memory is behind", "no permission");
}

static void test_not_looked_at(void **state)
{
	(void)state;
	/* Disabled nodes, nodes without a driver, memory that a driver means. */
	add_range(GUEST_DEVICE, 0xe000000, 0x1000000, "secram@e000000", "arm,x")->disabled = true;
	add_range(GUEST_MEMORY, 0xe0000000, 0x1000000, "memory@e0000000", "")->disabled = true;
	add_range(GUEST_DEVICE, 0xc00000000, 0x1000, "thing@c00000000", "");
	add_range(GUEST_DEVICE, RAM + MIB, 0x1000, "vmgenid", "microsoft,vmgenid");
	add_range(GUEST_DEVICE, RAM + 2 * MIB, 0x1000, "fb", "simple-framebuffer");
	expect_silence();
}

static void test_assigned_devices(void **state)
{
	(void)state;
	add_slot(0x10000000, 0x10000, 0);
	vm.backing[1].kind = BACKING_VFIO;
	vm.backing[1].writable = false;
	add_slot(0x8000000000, 0x10000, 0);
	vm.backing[2].kind = BACKING_MIXED;
	vm.backing[2].writable = false;
	add_slot(0, 0x4000000, NISV_SLOT_READONLY);
	vm.backing[3].kind = BACKING_FILE;
	vm.backing[3].writable = false;
	add_slot(0x8000100000, 0x10000, NISV_SLOT_GUEST_MEMFD);
	vm.backing[4].covered_bytes = 0;
	vm.backing[4].kind = BACKING_NONE;
	/* A platform device's registers. */
	add_slot(0xc000000, 0x1000, 0);
	vm.backing[5].kind = BACKING_VFIO;
	add_range(GUEST_DEVICE, 0xc000000, 0x1000, "pl330", "arm,primecell");
	expect_silence();
}

static void test_a_file_in_memory(void **state)
{
	(void)state;
	/* The tree of another board with RAM at the same address, in the guest's page cache. */
	vm.guest.n_ranges = 0;
	vm.guest.address = RAM + 0x123000;
	add_range(GUEST_MEMORY, RAM, GIB, "memory@40000000", "");
	add_range(GUEST_DEVICE, 0xfe201000, 0x200, "serial@7e201000", "arm,pl011");
	add_range(GUEST_DEVICE, 0xfe200000, 0xb4, "gpio@7e200000", "brcm,bcm2711-gpio");
	add_range(GUEST_GIC_DIST, 0xff841000, 0x1000, "interrupt-controller", "arm,gic-v3");
	expect_not_done("memory is in memslots", "mere file");
	expect_not_done("devices are there", "mere file");
	/* Or with its RAM elsewhere, and no interrupt controller that is known. */
	vm.guest.n_ranges = 3;
	vm.ranges[0].base = 0x80000000;
	expect_not_done("memory is in memslots", "mere file");
	/* It is no file where VMMs put one, or where QEMU was told to. */
	vm.guest.address = RAM + 128 * MIB;
	run();
	assert_true(findings.n > 0);
	vm.guest.address = RAM + 140 * MIB;
	expect_not_done("memory is in memslots", "mere file");
	snprintf(vm.options.dtb, sizeof(vm.options.dtb), "board.dtb");
	run();
	assert_true(findings.n > 0);
}

static void test_places_of_trees(void **state)
{
	static const uint64_t places[] = {0, 0x1000, 128 * MIB, 254 * MIB, 510 * MIB};

	(void)state;
	range_of(GUEST_MEMORY)->base = 0x80000000;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		vm.guest.address = RAM + places[i];
		expect("dtb-memory-node-larger-than-ram");
		vm.guest.address += 4096;
		if (places[i])
			expect_silence();
	}
}

static void test_a_tree_anywhere(void **state)
{
	const struct finding *finding;

	(void)state;
	/* If the memory, the GIC and the CPUs are this VM's; with a doubt, as files may be so. */
	vm.guest.address = RAM + 0x123000;
	expect_silence();
	assert_true(check_named("memory is in memslots")->done);
	range_of(GUEST_MEMORY)->base = RAM + 2 * MIB;
	range_of(GUEST_MEMORY)->size = 512 * MIB;
	finding = expect("dtb-memory-node-larger-than-ram");
	assert_true(finding->confidence <= 0.6);
	assert_contains(finding->confidence_reason, "mere file");
	vm.guest.cpus = 4;
	expect_not_done("memory is in memslots", "mere file");
	vm.guest.cpus = 0;
	expect_not_done("memory is in memslots", "mere file");
	vm.guest.cpus = 2;
	vm.evidence.host_page_bytes = 65536;
	range_of(GUEST_MEMORY)->size = 510 * MIB + 0x3000;
	finding = expect("subpage-memslot");
	assert_true(finding->confidence <= 0.6);
	assert_contains(finding->confidence_reason, "mere file");
	/* What does not rest on the tree is as sure as ever. */
	healthy(NULL);
	vm.guest.address = RAM + 0x123000;
	vm.backing[0].covered_bytes = 0;
	vm.backing[0].gap = RAM;
	assert_true(expect("backing-gone")->confidence > 0.9);
}

/* ---- memory --------------------------------------------------------------------------------- */

static void test_memory(void **state)
{
	const struct finding *finding;

	(void)state;
	range_of(GUEST_MEMORY)->size = GIB;
	finding = expect("dtb-memory-node-larger-than-ram");
	assert_int_equal(finding->severity, SEVERITY_ERROR);
	assert_true(finding->has_address);
	assert_int_equal(finding->address, 0x60000000);
	assert_contains(finding->summary, "536870912 bytes");
	assert_contains(finding->summary, "512 MiB");
	assert_contains(finding->advice[0], "-m 1024M");
	assert_contains(finding->region, "memslot 0");

	/* By one host page; and by less than one, which no memslot could hold. */
	range_of(GUEST_MEMORY)->size = 512 * MIB + 4096;
	assert_contains(expect("dtb-memory-node-larger-than-ram")->summary, "4096 bytes");
	range_of(GUEST_MEMORY)->size = 512 * MIB - 4096;
	expect_silence();

	/* A hole. */
	healthy(NULL);
	add_slot(RAM + GIB, 512 * MIB, 0);
	range_of(GUEST_MEMORY)->size = GIB + 512 * MIB;
	finding = expect("dtb-memory-node-larger-than-ram");
	assert_int_equal(finding->address, 0x60000000);
	assert_contains(finding->where, "0x80000000");

	/* Two adjoining slots are as good as one. */
	healthy(NULL);
	add_slot(RAM + 512 * MIB, 512 * MIB, 0);
	range_of(GUEST_MEMORY)->size = GIB;
	expect_silence();
}

static void test_memory_to_give(void **state)
{
	(void)state;
	/* What the command line gives, and not what is no RAM. */
	range_of(GUEST_MEMORY)->size = GIB;
	add_slot(0x10000000000 - GIB, GIB, 0);
	assert_contains(expect("dtb-memory-node-larger-than-ram")->advice[0], "-m 1024M");
	vm.options.ram_bytes = 256 * MIB;
	assert_contains(expect("dtb-memory-node-larger-than-ram")->advice[0], "-m 768M");
	/* Or else the stretch that the node starts in. */
	vm.options.ram_bytes = 0;
	assert_contains(expect("dtb-memory-node-larger-than-ram")->advice[0], "-m 1024M");
	vm.slots[0].size = vm.backing[0].covered_bytes = 256 * MIB;
	add_slot(RAM + 256 * MIB, 128 * MIB, 0);
	assert_contains(expect("dtb-memory-node-larger-than-ram")->advice[0], "-m 1024M");
	/* More RAM is of no use to a node that starts in none. */
	range_of(GUEST_MEMORY)->base = 0x2000000000;
	assert_null(strstr(expect("dtb-memory-node-larger-than-ram")->advice[0], "give the VM"));
}

static void test_memory_on_each_architecture(void **state)
{
	const struct finding *finding;

	(void)state;
	range_of(GUEST_MEMORY)->size = GIB;
	finding = expect("dtb-memory-node-larger-than-ram");
	assert_contains(finding->where, "ldp, stp");
	assert_contains(finding->where, "abort.");
	assert_null(strstr(finding->where, "each access"));
}

static void test_memory_given_by_file(void **state)
{
	const struct finding *finding;

	(void)state;
	range_of(GUEST_MEMORY)->size = GIB;
	snprintf(vm.options.dtb, sizeof(vm.options.dtb), "my\x1b.dtb");
	finding = expect("dtb-memory-node-larger-than-ram");
	for (size_t i = 0; i < finding->n_evidence; i++)
		assert_null(strchr(finding->evidence[i], '\x1b'));
}

static void test_e820(void **state)
{
	const struct finding *finding;

	(void)state;
	vm.evidence.arch = "x86_64";
	vm.evidence.machine = NULL;
	vm.layout.ipa_bits = 0;
	vm.layout.vgic_model = NISV_VGIC_NONE;
	vm.guest.source = GUEST_E820;
	vm.guest.n_ranges = 0;
	vm.guest.cpus = 0;
	vm.layout.n_slots = vm.layout.total_slots = 0;
	vm.backings.n = 0;
	add_slot(0, 512 * MIB, 0);
	add_range(GUEST_MEMORY, 0, 0x9fc00, "RAM", "");
	add_range(GUEST_RESERVED, 0x9fc00, 0x400, "reserved", "");
	add_range(GUEST_RESERVED, 0xfeffc000, 0x4000, "reserved", "");
	add_range(GUEST_MEMORY, MIB, 511 * MIB, "RAM", "");
	expect_silence();
	assert_int_equal(n_checks, 4);
	assert_true(check_named("memory is in memslots")->done);
	vm.ranges[3].size += MIB;
	finding = expect("dtb-memory-node-larger-than-ram");
	assert_contains(finding->summary, "E820");
	assert_contains(finding->where, "each access leaves KVM as MMIO");
	assert_contains(finding->advice[1], "memmap=");
	for (size_t i = 0; i < finding->n_advice; i++) {
		assert_null(strstr(finding->advice[i], "dtb"));
		assert_null(strstr(finding->advice[i], "evice tree"));
	}
	assert_null(strstr(finding->documentation, "devicetree"));

	vm.ranges[3].size -= MIB;
	vm.options.phys_bits = 36;
	expect_silence();
	add_slot(1ULL << 36, GIB, 0);
	assert_int_equal(expect("beyond-ipa-limit")->address, 1ULL << 36);
}

static void test_ipa_limit(void **state)
{
	const struct finding *finding;

	(void)state;
	vm.layout.ipa_bits = 39;
	finding = expect("beyond-ipa-limit");
	assert_int_equal(finding->address, 1ULL << 39);
	assert_int_equal(finding->severity, SEVERITY_WARNING);
	assert_contains(finding->summary, "39 bits");
}

/* ---- devices -------------------------------------------------------------------------------- */

static void test_device(void **state)
{
	const struct finding *finding;
	double confidence;

	(void)state;
	add_range(GUEST_DEVICE, 0x9ff0000, 0x1000, "watchdog@9ff0000", "arm,sp805");
	finding = expect("dt-device-absent");
	assert_int_equal(finding->severity, SEVERITY_WARNING);
	assert_int_equal(finding->address, 0x9ff0000);
	assert_contains(finding->summary, "watchdog@9ff0000");
	confidence = finding->confidence;
	/* What the version of the machine tells. */
	vm.options.machine_major = 8;
	assert_true(expect("dt-device-absent")->confidence > confidence);
	/* Whatever KVM has there will do. */
	add_bus(0x9ff0050, 4, true);
	expect_silence();
	/* One that the machine has with an option that was not given. */
	healthy(NULL);
	add_range(GUEST_DEVICE, 0x9050000, 0x20000, "smmuv3@9050000", "arm,smmu-v3");
	finding = expect("dt-device-absent");
	assert_true(finding->confidence >= 0.8);
	assert_contains(finding->evidence[0], "SMMUv3");
	/* And one that is in the map, but optional. */
	vm.machine.regions[vm.machine.n_regions++] = (struct machine_region)REGION(
		"SMMU", 0x9050000, 0x20000, REGION_DEVICE, .optional = true);
	expect_silence();
}

static void test_device_under_ram(void **state)
{
	(void)state;
	add_range(GUEST_DEVICE, RAM + 0x2000, 0x1000, "uart@40002000", "ns16550a");
	assert_contains(expect("dt-device-absent")->where, "RAM");
	vm.backing[0].kind = BACKING_UNKNOWN;
	expect_silence();
}

static void test_many_devices(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 12; i++)
		add_range(GUEST_DEVICE, 0xd0000000 + i * 0x1000, 0x1000, "thing", "acme,thing");
	assert_contains(expect("wrong-machine-layout")->summary, "12 of its 18 devices");
}

static void test_wrong_machine(void **state)
{
	const struct finding *finding;

	(void)state;
	/* A board's own tree, but for this VM's memory. */
	vm.guest.n_ranges = 0;
	vm.guest.gic_version = 2;
	add_range(GUEST_MEMORY, RAM, 512 * MIB, "memory@40000000", "");
	add_range(GUEST_DEVICE, 0xfe201000, 0x200, "serial@7e201000", "arm,pl011");
	add_range(GUEST_DEVICE, 0xfe200000, 0xb4, "gpio@7e200000", "brcm,bcm2711-gpio");
	add_range(GUEST_DEVICE, 0xfe00b880, 0x40, "mailbox@7e00b880", "brcm,bcm2835-mbox");
	add_range(GUEST_GIC_DIST, 0xff841000, 0x1000, "interrupt-controller@40041000",
		  "arm,gic-400");
	finding = expect("wrong-machine-layout");
	assert_true(finding->confidence >= 0.9);
	assert_contains(finding->summary, "raspberry-pi-4");
	/* One of them alone is one device too many. */
	healthy(NULL);
	add_range(GUEST_DEVICE, 0xfe201000, 0x200, "serial@7e201000", "arm,pl011");
	finding = expect("dt-device-absent");
	assert_int_equal(finding->n_alternatives, 1);
	assert_string_equal(finding->alternatives[0].cause, "wrong-machine-layout");
	/* The GIC's version is right, its place is not. */
	healthy(NULL);
	range_of(GUEST_GIC_DIST)->base = 0x3fff0000;
	assert_contains(expect("dt-device-absent")->summary, "intc@8000000");
}

static void test_transports(void **state)
{
	(void)state;
	vm.evidence.vmm = "firecracker";
	vm.evidence.machine = NULL;
	add_range(GUEST_DEVICE, 0xa000200, 0x200, "virtio_mmio@a000200", "virtio,mmio");
	expect_not_done("transports", "doorbell");
	add_bus(0xa000050, 4, true);
	assert_int_equal(expect("virtio-mmio-slot-absent")->address, 0xa000200);
	add_bus(0xa000250, 4, true);
	expect_silence();
	assert_true(check_named("transports")->done);
	vm.layout.n_bus--;
	vm.layout.total_bus--;
	vm.evidence.vmm = "kvmtool";
	expect_not_done("transports", "before they are used");
}

/* ---- GIC, CPUs ------------------------------------------------------------------------------ */

static void test_gic_version(void **state)
{
	const struct finding *finding;

	(void)state;
	vm.guest.gic_version = 2;
	range_of(GUEST_GIC_REDIST)->kind = GUEST_GIC_CPU;
	range_of(GUEST_GIC_ITS)->kind = GUEST_GIC_V2M;
	finding = expect("gic-version-mismatch");
	assert_int_equal(finding->severity, SEVERITY_ERROR);
	assert_contains(finding->summary, "GICv2");
	assert_contains(finding->advice[0], "gic-version=");
	/* Nor is the distributor told as a device that is absent, where VMMs place it by version.
	 */
	range_of(GUEST_GIC_DIST)->base = 0x3ffff000;
	expect("gic-version-mismatch");
	vm.layout.vgic_model = NISV_VGIC_NONE;
	run();
	assert_false(check_named("version")->done);
}

static void test_cpus(void **state)
{
	const struct finding *finding;

	(void)state;
	vm.guest.cpus = 4;
	finding = expect("redist-beyond-vcpus");
	assert_contains(finding->summary, "4 CPUs");
	assert_contains(finding->summary, "2 vCPUs");
	assert_int_equal(finding->address, 0x80a0000 + 2 * 0x20000);
	/* Fewer than there are is well; so are fewer redistributors, if they suffice. */
	vm.guest.cpus = 1;
	range_of(GUEST_GIC_REDIST)->size = 0x20000;
	expect_silence();
	vm.guest.cpus = 2;
	assert_contains(expect("redist-beyond-vcpus")->summary, "1 redistributors");
}

static void test_redists(void **state)
{
	(void)state;
	/* As for four CPUs, where they lie below the distributor. */
	vm.layout.redist[0] = (struct nisv_redist){.base = 0x8100000 - 2 * 0x20000};
	range_of(GUEST_GIC_REDIST)->base = 0x8100000 - 4 * 0x20000;
	range_of(GUEST_GIC_REDIST)->size = 4 * 0x20000;
	assert_int_equal(expect("redist-beyond-vcpus")->address, 0x8100000 - 4 * 0x20000);
	range_of(GUEST_GIC_REDIST)->base = 0x8100000 - 2 * 0x20000;
	expect_silence();
	/* In the middle of them, but at a whole one: as a tree with a region for each has it. */
	range_of(GUEST_GIC_REDIST)->base = 0x8100000 - 1 * 0x20000;
	expect_silence();
	range_of(GUEST_GIC_REDIST)->base += 0x10000;
	expect("redist-beyond-vcpus");
}

static void test_msi(void **state)
{
	(void)state;
	vm.layout.n_bus = vm.layout.total_bus = 1;
	assert_int_equal(expect("its-missing")->address, 0x8080000);
	/* What is there is a doorbell, no ITS. */
	vm.bus[0] = (struct nisv_bus_range){.addr = 0x8080000, .len = 4, .is_ioeventfd = 1};
	expect("its-missing");

	healthy(NULL);
	vm.layout.vgic_model = NISV_VGIC_V2;
	vm.layout.vgic_cpu = 0x8010000;
	vm.layout.n_redist = 0;
	vm.guest.gic_version = 2;
	range_of(GUEST_GIC_REDIST)->kind = GUEST_GIC_CPU;
	range_of(GUEST_GIC_ITS)->kind = GUEST_GIC_V2M;
	range_of(GUEST_GIC_V2M)->base = 0x8020000;
	expect_silence();
	range_of(GUEST_GIC_V2M)->base = 0x8060000;
	assert_int_equal(expect("gic-v2m-missing")->address, 0x8060000);
	vm.evidence.machine_confidence = 0.6;
	expect_not_done("MSI controllers", "GICv2m");

	/* With a GICv3 older versions of the machine have none. */
	healthy(NULL);
	add_range(GUEST_GIC_V2M, 0x8020000, 0x1000, "v2m@8020000", "arm,gic-v2m-frame");
	vm.options.machine_major = 8;
	expect("gic-v2m-missing");
	vm.options.machine_major = 0;
	expect_silence();
}

/* ---- PCI ------------------------------------------------------------------------------------ */

static void test_pci(void **state)
{
	const struct finding *finding;

	(void)state;
	range_of(GUEST_PCI_ECAM)->base = 0x3f000000;
	range_of(GUEST_PCI_ECAM)->size = 0x1000000;
	finding = expect("ecam-highmem-mismatch");
	assert_int_equal(finding->address, 0x3f000000);
	assert_contains(finding->evidence[0], "PCIe ECAM (high)");
	assert_contains(finding->evidence[0], "0x4010000000");

	healthy(NULL);
	range_of(GUEST_PCI_WINDOW)->base = 0x50000000000;
	range_of(GUEST_PCI_WINDOW)->size = 0x1000000;
	vm.layout.ipa_bits = 48;
	assert_int_equal(expect("pcie-window-mismatch")->address, 0x50000000000);
	/* A map of another VMM without any window up there may lack it. */
	vm.evidence.vmm = "cloud-hypervisor";
	expect("pcie-window-mismatch");
	vm.machine.n_regions--;
	assert_true(vm.machine.regions[vm.machine.n_regions].is_window);
	expect_silence();
	vm.machine.n_regions++;
	vm.evidence.vmm = "qemu";
	/* Past the IPA limit it is told as that alone. */
	vm.layout.ipa_bits = 40;
	expect("beyond-ipa-limit");
	/* The I/O window is no window for memory. */
	range_of(GUEST_PCI_WINDOW)->base = 0x3eff0000;
	range_of(GUEST_PCI_WINDOW)->size = 0x10000;
	expect("pcie-window-mismatch");
	/* A part of a window is a window. */
	range_of(GUEST_PCI_WINDOW)->base = 0x10100000;
	range_of(GUEST_PCI_WINDOW)->size = 0x100000;
	expect_silence();
}

/* ---- slots ---------------------------------------------------------------------------------- */

static void test_backing(void **state)
{
	const struct finding *finding;

	(void)state;
	vm.backing[0].covered_bytes = 256 * MIB;
	vm.backing[0].gap = RAM + 256 * MIB;
	finding = expect("backing-gone");
	assert_int_equal(finding->severity, SEVERITY_ERROR);
	assert_int_equal(finding->address, RAM + 256 * MIB);
	assert_contains(finding->summary, "256 MiB of memslot 0");
	assert_contains(finding->where, "0x7f0010000000");

	vm.backing[0] = (struct backing){.slot_id = 0, .kind = BACKING_NONE, .gap = RAM};
	assert_contains(expect("backing-gone")->summary, "All of memslot 0");

	healthy(NULL);
	vm.backing[0].writable = false;
	finding = expect("backing-not-faultable");
	assert_int_equal(finding->severity, SEVERITY_ERROR);
	assert_contains(finding->summary, "cannot be written");
	vm.backing[0].readable = false;
	assert_contains(expect("backing-not-faultable")->summary, "cannot be accessed");
}

static void test_windows(void **state)
{
	static const char *const vmms[] = {"qemu", "crosvm", "cloud-hypervisor", "libkrun"};
	static const enum backing_kind kinds[] = {BACKING_ANONYMOUS, BACKING_MEMFD, BACKING_MIXED};
	/* Apart from the RAM, right behind it; smaller, larger. */
	static const uint64_t places[] = {0x80000000, RAM + 512 * MIB}, sizes[] = {MIB, 8 * GIB};

	(void)state;
	for (unsigned int i = 0; i < 4 * 3 * 2 * 2 * 2; i++) {
		healthy(NULL);
		vm.evidence.vmm = vmms[i % 4];
		add_slot(places[i / 12 % 2], sizes[i / 24 % 2], 0);
		vm.backing[1].kind = kinds[i / 4 % 3];
		vm.backing[1].readable = vm.backing[1].writable = false;
		if (i / 48)
			vm.guest = (struct guest_view){0};
		expect_silence();
		assert_true(check_named("host memory is behind")->done);
	}
	/* What the guest has as memory is none. */
	healthy(NULL);
	add_slot(RAM + 512 * MIB, 512 * MIB, 0);
	range_of(GUEST_MEMORY)->size = GIB;
	vm.backing[1].readable = vm.backing[1].writable = false;
	assert_int_equal(expect("backing-not-faultable")->severity, SEVERITY_ERROR);
	vm.backing[1].kind = BACKING_MEMFD;
	assert_int_equal(expect("backing-not-faultable")->address, RAM + 512 * MIB);
	/* By its own word: not by a file in its memory. */
	vm.guest.address = RAM + 0x123000;
	expect_silence();
	/* The main RAM is RAM whatever the guest says. */
	healthy(NULL);
	vm.guest = (struct guest_view){0};
	vm.backing[0].readable = vm.backing[0].writable = false;
	assert_int_equal(expect("backing-not-faultable")->severity, SEVERITY_ERROR);
	/* A window that can be read, but not written, is told as a doubt. */
	healthy(NULL);
	add_slot(0x80000000, MIB, 0);
	vm.backing[1].writable = false;
	assert_int_equal(expect("backing-not-faultable")->severity, SEVERITY_WARNING);
}

static void test_pages(void **state)
{
	(void)state;
	/* Memory that a host with larger pages cannot give to the byte. */
	vm.evidence.host_page_bytes = 65536;
	range_of(GUEST_MEMORY)->size = 512 * MIB + 0x3000;
	assert_contains(expect("subpage-memslot")->summary, "64 KiB");
	/* KVM takes no such slot; a saved file may say so. */
	healthy(NULL);
	vm.slots[0].size += 0x100;
	vm.backing[0].covered_bytes += 0x100;
	expect("subpage-memslot");
	/* A ROM of the machine that is too small to be a memslot of this host. */
	healthy(NULL);
	vm.evidence.host_page_bytes = 65536;
	vm.machine.regions[vm.machine.n_regions++] =
		(struct machine_region)REGION("ROM", 0x20000000000, 0x2000, REGION_ROM, .vgic = 0);
	assert_contains(expect("subpage-memslot")->summary, "ROM");
	vm.machine.regions[vm.machine.n_regions - 1].optional = true;
	expect_silence();
	vm.machine.regions[vm.machine.n_regions - 1].optional = false;
	add_slot(0x20000000000, 0x10000, NISV_SLOT_READONLY);
	expect_silence();
}

static void test_hidden_vgic(void **state)
{
	const struct finding *finding;

	(void)state;
	add_slot(0x8000000, 0x1000, 0);
	finding = expect("memslot-over-vgic");
	assert_contains(finding->summary, "distributor");
	assert_int_equal(finding->address, 0x8000000);
	vm.slots[1] = (struct nisv_slot){.gpa = 0x7ff0000, .size = 0x20000, .id = 1};
	vm.backing[1].covered_bytes = 0x20000;
	assert_int_equal(expect("memslot-over-vgic")->address, 0x8000000);
	vm.slots[1].size = vm.backing[1].covered_bytes = 0x1000;
	vm.slots[1].gpa = 0x80a0000 + 0x20000;
	vm.backing[1].gap = vm.slots[1].gpa + 0x1000;
	finding = expect("memslot-over-vgic");
	assert_contains(finding->summary, "redistributor");
	assert_int_equal(finding->address, 0x80a0000 + 0x20000);
	vm.slots[1].gpa = 0x80a0000 + 2 * 0x20000;
	expect_silence();
	vm.slots[1].gpa = 0x8000000;
	vm.slots[1].as_id = 1; /* nobody's */
	vm.backing[1].as_id = 1;
	expect_silence();
}

/* ---- signatures, order, bounds -------------------------------------------------------------- */

static void test_signature(void **state)
{
	char signature[33];

	(void)state;
	vm.guest.cpus = 4;
	snprintf(signature, sizeof(signature), "%s", expect("redist-beyond-vcpus")->signature);
	/* Not by what differs between VMs of one fault. */
	vm.guest.address = RAM;
	vm.guest.bytes++;
	assert_string_equal(expect("redist-beyond-vcpus")->signature, signature);
	vm.guest.cpus = 5;
	assert_string_not_equal(expect("redist-beyond-vcpus")->signature, signature);
}

static void test_worst_first(void **state)
{
	(void)state;
	vm.guest.cpus = 4;
	range_of(GUEST_MEMORY)->size = GIB;
	vm.backing[0].writable = false;
	run();
	assert_int_equal(findings.n, 3);
	assert_string_equal(findings.list[0].cause, "dtb-memory-node-larger-than-ram");
	assert_string_equal(findings.list[1].cause, "backing-not-faultable");
	assert_string_equal(findings.list[2].cause, "redist-beyond-vcpus");
}

static void test_bounds(void **state)
{
	static struct nisv_slot slots[NISV_SLOTS_MAX];
	static struct backing backing[NISV_SLOTS_MAX];
	const size_t n = NISV_SLOTS_MAX;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		slots[i] = (struct nisv_slot){.gpa = RAM + i * 2 * MIB,
					      .size = MIB,
					      .hva = RAM_HVA + i * MIB,
					      .id = (int16_t)i};
		backing[i] = (struct backing){.slot_id = (int16_t)i, .gap = slots[i].gpa};
		backing[i].kind = BACKING_NONE;
	}
	vm.layout.slots = slots;
	vm.layout.n_slots = vm.layout.total_slots = (uint32_t)n;
	vm.backings.list = backing;
	vm.backings.n = n;
	run();
	assert_int_equal(findings.n, FINDINGS_MAX);
	assert_int_equal(findings.n_omitted, n + 1 - FINDINGS_MAX);
}

/* Whatever a tree says: no crash, and no text without an end (under the sanitizers). */
static void test_hostile(void **state)
{
	static const uint64_t bases[] = {0,	     0x8000000,		  RAM - 1,
					 RAM,	     RAM + 512 * MIB - 1, 1ULL << 39,
					 1ULL << 63, UINT64_MAX - 1};
	static const uint64_t sizes[] = {1, 4096, 0x20000, GIB, 1ULL << 40, 1ULL << 62};
	uint64_t random = 1;

	(void)state;
	for (unsigned int round = 0; round < 3000; round++) {
		healthy(NULL);
		for (unsigned int i = 0; i < 12; i++) {
			struct guest_range *range =
				&vm.ranges[unit_random(&random) % vm.guest.n_ranges];

			range->kind = unit_random(&random) % _GUEST_KIND_MAX;
			range->base = bases[unit_random(&random) % ARRAY_SIZE(bases)];
			range->size = sizes[unit_random(&random) % ARRAY_SIZE(sizes)];
			if (range->size > UINT64_MAX - range->base)
				range->size = UINT64_MAX - range->base;
			memset(range->name, 'x', sizeof(range->name) - 1);
			range->disabled = unit_random(&random) % 8 == 0;
		}
		vm.guest.cpus = unit_random(&random);
		vm.guest.gic_version = unit_random(&random) % 4;
		vm.layout.vcpus = unit_random(&random) % 5;
		vm.layout.redist[0].count = unit_random(&random);
		vm.layout.ipa_bits = unit_random(&random) % 65;
		vm.options.phys_bits = unit_random(&random) % 70;
		vm.evidence.arch = unit_random(&random) % 4 ? "arm64" : "x86_64";
		run();
		for (size_t i = 0; i < findings.n; i++)
			assert_int_equal(strlen(findings.list[i].signature), 32);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, healthy, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_healthy),
		TEST(test_nothing_known),
		TEST(test_guards),
		TEST(test_not_looked_at),
		TEST(test_assigned_devices),
		TEST(test_a_file_in_memory),
		TEST(test_places_of_trees),
		TEST(test_a_tree_anywhere),
		TEST(test_memory),
		TEST(test_memory_to_give),
		TEST(test_memory_on_each_architecture),
		TEST(test_memory_given_by_file),
		TEST(test_e820),
		TEST(test_ipa_limit),
		TEST(test_device),
		TEST(test_device_under_ram),
		TEST(test_many_devices),
		TEST(test_wrong_machine),
		TEST(test_transports),
		TEST(test_gic_version),
		TEST(test_cpus),
		TEST(test_redists),
		TEST(test_msi),
		TEST(test_pci),
		TEST(test_backing),
		TEST(test_windows),
		TEST(test_pages),
		TEST(test_hidden_vgic),
		TEST(test_signature),
		TEST(test_worst_first),
		TEST(test_bounds),
		TEST(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
