/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_VERIFY_CASE_H
#define NISVD_TESTS_VERIFY_CASE_H

/*
 * A healthy VM as QEMU's virt machine makes it, about which verify() says nothing; the tests make
 * one thing wrong, about which exactly that must be said.
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
			       .role = ROLE_PCI_WINDOW, .is_window = true),
			REGION("PCIe I/O window", 0x3eff0000, 0x10000, REGION_DEVICE,
			       .role = ROLE_PCI_IO, .is_window = true),
			REGION("PCIe ECAM (high)", 0x4010000000, 0x10000000, REGION_DEVICE,
			       .role = ROLE_ECAM),
			REGION("PCIe MMIO window (high)", 0x8000000000, 0x8000000000, REGION_DEVICE,
			       .role = ROLE_PCI_WINDOW, .is_window = true),
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
	struct evidence evidence;
	struct host host;
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

static inline void add_slot(uint64_t gpa, uint64_t size, uint32_t flags)
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

static inline struct guest_range *add_range(enum guest_kind kind, uint64_t base, uint64_t size,
					    const char *name, const char *compatible)
{
	struct guest_range *range = &vm.ranges[vm.guest.n_ranges++];

	*range = (struct guest_range){.kind = kind, .base = base, .size = size};
	snprintf(range->name, sizeof(range->name), "%s", name);
	snprintf(range->compatible, sizeof(range->compatible), "%s", compatible);
	return range;
}

static inline struct guest_range *range_of(enum guest_kind kind)
{
	for (size_t i = 0; i < vm.guest.n_ranges; i++)
		if (vm.ranges[i].kind == kind)
			return &vm.ranges[i];
	fail();
	return NULL;
}

static inline void add_bus(uint64_t addr, uint32_t len, bool is_ioeventfd)
{
	vm.bus[vm.layout.n_bus++] =
		(struct nisv_bus_range){.addr = addr, .len = len, .is_ioeventfd = is_ioeventfd};
	vm.layout.total_bus++;
}

static inline void make_evidence(void)
{
	vm.host = (struct host){
		.arch = "arm64",
		.page_bytes = 4096,
		.maps = registry,
		.n_maps = ARRAY_SIZE(registry),
	};
	vm.evidence = (struct evidence){
		.host = &vm.host,
		.vmm = "qemu",
		.options = &vm.options,
		.layout = &vm.layout,
		.machine = &vm.machine,
		.machine_confidence = 0.9,
		.guest = &vm.guest,
		.backings = &vm.backings,
	};
}

/* qemu-system-aarch64 -M virt,gic-version=3 -m 512M -smp 2, as its dumpdtb has it. */
static inline int healthy(void **state)
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

static inline int by_place(const void *a, const void *b)
{
	const struct nisv_slot *x = a, *y = b;

	if (x->as_id != y->as_id)
		return x->as_id < y->as_id ? -1 : 1;
	return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

/* A layout is in order; here slots are added and moved as it suits. */
static inline void run(void)
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

static inline int forget(void **state)
{
	(void)state;
	findings_clear(&findings);
	return 0;
}

static inline void expect_silence(void)
{
	run();
	if (findings.n)
		fail_msg("%s: %s", findings.list[0].cause, findings.list[0].summary);
}

/* Exactly this one; its texts are there, and whole. */
static inline const struct finding *expect(const char *cause)
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

static inline const struct verify_check *check_named(const char *part)
{
	for (size_t i = 0; i < n_checks; i++)
		if (strstr(checks[i].name, part))
			return &checks[i];
	fail_msg("no check is named %s", part);
	return NULL;
}

static inline void expect_not_done(const char *part, const char *reason)
{
	const struct verify_check *check;

	expect_silence();
	check = check_named(part);
	assert_non_null(check);
	assert_false(check->done);
	assert_contains(check->reason, reason);
}

#define VERIFY_TEST(test) cmocka_unit_test_setup_teardown(test, healthy, forget)

#endif
