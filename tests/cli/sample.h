/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_SAMPLE_H
#define NISVD_TESTS_SAMPLE_H

/* A manager without a kernel, and a VM in it that went wrong in several ways, as capture tells. */

#include "daemon/edge/dossier.h"
#include "daemon/edge/event_json.h"
#include "daemon/edge/log.h"
#include "daemon/edge/manager.h"
#include "daemon/edge/model_json.h"
#include "daemon/edge/replay.h"
#include "daemon/edge/wallclock.h"
#include "tests/cli/scratch.h"

#define SAMPLE_KEY     "00112233445566778899aabbccddeeff"
#define SAMPLE_TIME_NS 1700000000123456000ULL /* whole microseconds: what is printed */

static inline struct manager *sample_manager(void)
{
	const struct manager_options options = {.offline = true, .machine_path = "daemon/machines"};
	struct manager *manager = NULL;
	struct config config;

	config_defaults(&config);
	assert_int_equal(manager_new(&options, &config, &manager), 0);
	return manager;
}

static inline struct nisv_rec_fault sample_fault(uint32_t n, enum nisv_kind kind, uint64_t ipa,
						 uint32_t insn)
{
	struct nisv_rec_fault fault = {
		.hdr = {.type = NISV_REC_FAULT,
			.size = sizeof(fault),
			.seq = n + 3,
			.time_ns = SAMPLE_TIME_NS + n * 1000000ULL,
			.tid = 4712},
		.kind = kind,
		.outcome = NISV_OUTCOME_VMM_DECIDES,
		.exit_reason = 28, /* KVM_EXIT_ARM_NISV */
		.vcpu_id = 1,
		.layout_state = NISV_LAYOUT_STABLE,
		.vcpu_order = n + 1,
		.count = 1,
		.esr = 0x92000007,
		.far = 0xffff800000000000ULL | (ipa & 0xffffff),
		.ipa = ipa,
		.pc = 0x40080000 + 4 * n,
		.pstate = 0x3c5,
		.generation = 42,
		.slot = {.id = -1},
		.below = {.gpa = 0x40000000, .size = 0x8000000, .hva = 0x7f0000000000, .id = 0},
		.above = {.id = -1},
		.sys = {.sctlr = 0x30d00985, .vbar = 0x40090000, .ttbr0 = 0x40100000},
		.sysregs_state = NISV_SYSREGS_CURRENT,
		.insn_state = NISV_INSN_OK,
		.insn_ipa = 0x40080000 + 4 * n,
		.insn_len = 4,
		.comm = "CPU 1/KVM",
	};

	memcpy(fault.insn, &insn, sizeof(insn));
	for (size_t i = 0; i < NISV_GPRS; i++)
		fault.gpr[i] = 0x1111111111111111ULL * (i % 16);
	fault.gpr[0] = fault.far; /* what the instructions of sample_vm() go by */
	return fault;
}

/* What is behind the slots of sample_vm(), how they changed, and what its guest believes. */
static inline void sample_layers(struct vm *vm)
{
	const struct backing backings[] = {
		{.slot_id = 1,
		 .kind = BACKING_FILE,
		 .readable = true,
		 .covered_bytes = 0x4000000,
		 .page_bytes = 4096,
		 .path = "/usr/share/AAVMF/AAVMF_CODE.fd"},
		{.slot_id = 0,
		 .kind = BACKING_HUGETLB,
		 .readable = true,
		 .writable = true,
		 .shared = true,
		 .covered_bytes = 0x7e00000,
		 .gap = 0x47e00000,
		 .page_bytes = 0x200000,
		 .path = "/dev/hugepages/a \\x1b[31mb (deleted)"},
	};
	const struct slot_change changes[] = {
		{NISV_SLOT_CREATED, vm->layout.slots[0], 0, SAMPLE_TIME_NS, SAMPLE_TIME_NS},
		{NISV_SLOT_MOVED, vm->layout.slots[1], 0x80000000, SAMPLE_TIME_NS + 1000000,
		 SAMPLE_TIME_NS + 2000000},
		{NISV_SLOT_FLAGS, vm->layout.slots[0], 0, SAMPLE_TIME_NS, SAMPLE_TIME_NS + 5000},
		{NISV_SLOT_DELETED,
		 {.gpa = 0x70000000, .size = 0x1000, .flags = NISV_SLOT_LOG_DIRTY, .id = 9},
		 0,
		 SAMPLE_TIME_NS,
		 SAMPLE_TIME_NS + 7000},
	};
	const struct guest_range ranges[] = {
		{GUEST_GIC_REDIST, 0x080a0000, 0xf60000, "intc@8000000", "arm,gic-v3", false},
		{GUEST_DEVICE, 0x09000000, 0x1000, "pl011@9000000", "arm,pl011", true},
		{GUEST_MEMORY, 0x40000000, 0x20000000, "memory@40000000", "", false},
		{GUEST_RESERVED, 0x44000000, 0x1000, "secure \\x1b", "", false},
	};

	vm->backings.list = calloc(ARRAY_SIZE(backings), sizeof(backings[0]));
	vm->slots.list = calloc(SLOT_HISTORY_MAX, sizeof(changes[0]));
	vm->guest.ranges = calloc(ARRAY_SIZE(ranges), sizeof(ranges[0]));
	assert_non_null(vm->backings.list);
	assert_non_null(vm->slots.list);
	assert_non_null(vm->guest.ranges);
	memcpy(vm->backings.list, backings, sizeof(backings));
	vm->backings.n = ARRAY_SIZE(backings);
	vm->backings.read_ns = SAMPLE_TIME_NS;
	memcpy(vm->slots.list, changes, sizeof(changes));
	vm->slots.n = ARRAY_SIZE(changes);
	vm->slots.total = 1000;
	memcpy(vm->guest.ranges, ranges, sizeof(ranges));
	vm->guest.n_ranges = ARRAY_SIZE(ranges);
	vm->guest.state = GUEST_FOUND;
	vm->guest.source = GUEST_DEVICE_TREE;
	vm->guest.address = 0x48000000;
	vm->guest.bytes = 7564;
	vm->guest.cpus = 4;
	vm->guest.gic_version = 3;
	vm->guest.dropped = 7;
	vm->guest.read_ns = SAMPLE_TIME_NS;
	vm->layout_ns = SAMPLE_TIME_NS;
}

/*
 * A QEMU virt machine: killed past the end of RAM, a post-indexed load on its UART, a jump into
 * nothing and a fetch that follows from it, and healthy MMIO. Diagnosed.
 */
static inline struct vm *sample_vm(struct manager *manager)
{
	static const char cmdline[] = "/usr/bin/qemu-system-aarch64\0-M\0virt,gic-version=3\0-m\0"
				      "128\0-name\0guest=web-\x1b[31m1,debug-threads=on\0-uuid\0"
				      "0f0e0d0c-0b0a-0908-0706-050403020100";
	const struct nisv_vm_key identity = {.kvm = 0xffff0000c0000000ULL, .ino = 7};
	static struct nisv_rec_layout layout = {
		.generation = 42,
		.state = NISV_LAYOUT_STABLE,
		.n_slots = 3,
		.total_slots = 3,
		.n_bus = 2,
		.total_bus = 2,
		.vcpus = 2,
		.ipa_bits = 40,
		.vgic_model = NISV_VGIC_V3,
		.vgic_dist = 0x08000000,
		.vgic_cpu = NISV_ADDR_UNSET,
		.n_redist = 1,
		.nisv_to_user = 1,
		.redist = {{.base = 0x080a0000}},
		.slots = {{.gpa = 0, .size = 0x4000000, .flags = NISV_SLOT_READONLY, .id = 1},
			  {.gpa = 0x40000000, .size = 0x8000000, .hva = 0x7f0000000000, .id = 0},
			  {.gpa = 0xa0000, .size = 0x1000, .id = 2, .as_id = 1}},
		.bus = {{.addr = 0x0a000050, .len = 4, .is_ioeventfd = 1},
			{.addr = 0x08000000, .len = 0x10000}},
	};
	struct nisv_rec_fault faults[] = {
		sample_fault(0, NISV_KIND_NISV, 0x48000010, 0xa9400801), /* ldp x1, x2, [x0] */
		sample_fault(1, NISV_KIND_NISV, 0x09000fe0, 0xb8404401), /* ldr w1, [x0], #4 */
		sample_fault(2, NISV_KIND_EXEC, 0x50000000, 0),
		sample_fault(3, NISV_KIND_EXEC, 0x200, 0),
	};
	const struct nisv_place_key place_key = {.place = 0x09000000 >> NISV_PLACE_SHIFT,
						 .is_write = 1};
	const struct nisv_place first = {.count = 1}, place = {.count = 4000, .user = 3999};
	struct vm *vm = NULL;

	manager->host.arch = "arm64";
	manager->host.injection_seen = true;
	snprintf(manager->host.kernel, sizeof(manager->host.kernel), "6.12.0-test");
	assert_int_equal(vms_add(&manager->vms, &identity, SAMPLE_KEY, "4711-9", 4711, 9,
				 SAMPLE_TIME_NS, &vm),
			 0);
	/* As it will be when it comes back. */
	vm->origin = VM_ORIGIN_DOSSIER;
	assert_int_equal(vm_set_cmdline(vm, cmdline, sizeof(cmdline), false), 0);
	vm->cgroup = strdup("/machine.slice/machine-qemu-1-web.scope");
	assert_int_equal(layout_from_record(&vm->layout, &layout), 0);
	sample_layers(vm);
	vm_choose_machine(vm, manager->machines.list, manager->machines.n, manager->host.arch);
	faults[0].outcome = NISV_OUTCOME_VM_KILLED;
	faults[0].errno_ = -ENOSYS;
	faults[0].exit_reason = 0;
	for (size_t i = 2; i < ARRAY_SIZE(faults); i++) {
		faults[i].esr = 0x82000007;
		faults[i].pc = faults[i].far = faults[i].ipa;
		faults[i].outcome = NISV_OUTCOME_ABORT_INJECTED;
		faults[i].exit_reason = 0;
		faults[i].insn_state = NISV_INSN_NONE;
		faults[i].insn_len = 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct site *site;

		assert_int_equal(faultmap_record(vm->faults, &faults[i], &site), 1);
		site->count = 1ULL << (8 * i);
		site->last_ns += 5000000;
		vm->totals.faults[site->kind] += site->count;
		vm->last_abort_ns = site->last_ns;
	}
	/* Seen first at another time than last. */
	assert_int_equal(
		faultmap_count_place(vm->faults, &place_key, &first, SAMPLE_TIME_NS - 5000000), 1);
	assert_int_equal(faultmap_count_place(vm->faults, &place_key, &place, SAMPLE_TIME_NS), 1);
	vm->totals.mmio_writes = 4000;
	vm->totals.mmio_user = 3999;
	vm->totals.suppressed = 12;
	vm->totals.lost_records = 5;
	vm->dirty = true;
	assert_int_equal(vm_diagnose(vm, &manager->host, manager->started_ns), 0);
	assert_true(vm->findings.n >= 3);
	return vm;
}

static inline int sample_save(const struct manager *manager, const struct vm *vm, const char *dir)
{
	return dossier_write(dir, vm, &manager->host);
}

/* All of a file, terminated; to be freed. */
static inline char *sample_read(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "re");
	char *text = malloc(DOSSIER_BYTES_MAX + 4096);

	assert_non_null(file);
	assert_non_null(text);
	*ret_len = fread(text, 1, DOSSIER_BYTES_MAX + 4095, file);
	text[*ret_len] = '\0';
	fclose(file);
	return text;
}

#endif
