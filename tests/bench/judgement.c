/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judgement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/diagnose.h"
#include "daemon/core/vm.h"
#include "daemon/edge/log.h"
#include "daemon/edge/machinefile.h"

#define MIB 0x100000ULL
#define GIB 0x40000000ULL

#define MAPS "daemon/machines" /* make runs this in the source tree */

#define PLACES 2048U /* of MMIO, beside the sites: BPF's budget (bpf/maps.bpf.h) */
#define BARS   4U    /* slots beside the RAM */

struct judgement judgements[] = {
	{.name = "arm64", .arch = "arm64"},
	{.name = "arm64, all that can be known", .arch = "arm64", .full = true},
	{.name = "x86_64", .arch = "x86_64"},
	{.name = "x86_64, all that can be known", .arch = "x86_64", .full = true},
};

const unsigned int n_judgements = sizeof(judgements) / sizeof(judgements[0]);

/* ---- the VM: QEMU's, with 1 GiB ---- */

static const char arm64_cmdline[] =
	"qemu-system-aarch64\0-machine\0virt,gic-version=3\0-m\0001G\0-smp\0002\0-name\0bench";
static const char x86_cmdline[] = "qemu-system-x86_64\0-machine\0q35\0-m\0001G\0-name\0bench";

static void slot_add(struct nisv_rec_layout *rec, uint64_t gpa, uint64_t size)
{
	rec->slots[rec->n_slots] = (struct nisv_slot){
		.gpa = gpa,
		.size = size,
		.hva = 0x7f0000000000 + gpa,
		.id = (int16_t)rec->n_slots,
	};
	rec->total_slots = ++rec->n_slots;
}

static int layout_make(struct vm *vm, const struct judgement *j, bool is_arm64)
{
	static struct nisv_rec_layout rec;
	size_t slots = j->full ? NISV_SLOTS_MAX - 1 : BARS, bus = j->full ? NISV_BUS_MAX : BARS;

	memset(&rec, 0, sizeof(rec));
	rec.state = NISV_LAYOUT_STABLE;
	rec.generation = 4;
	rec.vcpus = 2;
	rec.ipa_bits = is_arm64 ? 40 : 0;
	rec.vgic_dist = rec.vgic_cpu = NISV_ADDR_UNSET;
	if (is_arm64) {
		rec.vgic_model = NISV_VGIC_V3;
		rec.vgic_dist = 0x08000000;
		rec.redist[rec.n_redist++] = (struct nisv_redist){.base = 0x080a0000};
	}
	slot_add(&rec, is_arm64 ? GIB : 0, GIB);
	for (size_t i = 0; i < slots; i++)
		slot_add(&rec, 0x8000000000 + 2 * i * MIB, MIB);
	for (size_t i = 0; i < bus; i++)
		rec.bus[rec.n_bus++] = (struct nisv_bus_range){
			.addr = 0x8040003000 + i * 4, .len = 4, .is_ioeventfd = 1};
	rec.total_bus = rec.n_bus;
	return layout_from_record(&vm->layout, &rec);
}

/* A region of memory was there once, which each site has to be compared with. */
static void history_make(struct vm *vm, const struct judgement *j)
{
	for (size_t i = 0; i < (j->full ? SLOT_HISTORY_MAX : BARS); i++) {
		struct nisv_rec_slot rec = {
			.hdr = {.time_ns = 1 + i},
			.change = i % 2 ? NISV_SLOT_CREATED : NISV_SLOT_DELETED,
			.before = {.id = -1},
			.after = {.id = -1},
		};
		struct nisv_slot slot = {.gpa = 0x9000000000, .size = MIB, .id = 700};

		*(i % 2 ? &rec.after : &rec.before) = slot;
		slot_history_record(&vm->slots, &rec);
	}
}

static int guest_make(struct vm *vm, const struct judgement *j, bool is_arm64)
{
	struct guest_view *guest = &vm->guest;
	size_t n = j->full ? GUEST_RANGES_MAX : 16;

	guest->ranges = calloc(n, sizeof(*guest->ranges));
	if (!guest->ranges)
		return -ENOMEM;
	guest->state = GUEST_FOUND;
	guest->source = is_arm64 ? GUEST_DEVICE_TREE : GUEST_E820;
	guest->address = is_arm64 ? GIB : 0x90000;
	guest->bytes = 4096;
	guest->ranges[guest->n_ranges++] =
		(struct guest_range){.kind = GUEST_MEMORY, .base = is_arm64 ? GIB : 0, .size = GIB};
	while (guest->n_ranges < n) {
		guest->ranges[guest->n_ranges] =
			(struct guest_range){.kind = is_arm64 ? GUEST_DEVICE : GUEST_RESERVED,
					     .base = 4 * GIB + guest->n_ranges * MIB,
					     .size = 0x1000};
		guest->n_ranges++;
	}
	return 0;
}

/* ---- its faults ---- */

struct place_of_fault {
	enum nisv_kind kind;
	uint64_t base; /* the pages from there on */
	uint64_t esr;
	enum nisv_outcome outcome;
};

#define ESR_READ  0x92000005U /* ESR_EL2 as the aborts of a guest give it */
#define ESR_WRITE 0x92000045U
#define ESR_FETCH 0x82000005U
#define ESR_WALK  0x92000086U

/* Past RAM, holes, devices, windows, ROM, RAM itself, nothing at all: what rules are about. */
static const struct place_of_fault arm64_faults[] = {
	{NISV_KIND_NISV, 2 * GIB, ESR_READ, NISV_OUTCOME_VMM_DECIDES},
	{NISV_KIND_NISV, 0x0b000000, ESR_WRITE, NISV_OUTCOME_VMM_DECIDES},
	{NISV_KIND_NISV, 0x09000000, ESR_WRITE, NISV_OUTCOME_VM_KILLED},
	{NISV_KIND_NISV, 0x08000000, ESR_READ, NISV_OUTCOME_VMM_DECIDES},
	{NISV_KIND_NISV, 0x10000000, ESR_READ, NISV_OUTCOME_VMM_DECIDES},
	{NISV_KIND_NISV, 0x4010000000, ESR_READ, NISV_OUTCOME_VMM_DECIDES},
	{NISV_KIND_NISV, 0xfe200000, ESR_WRITE, NISV_OUTCOME_VMM_DECIDES},
	{NISV_KIND_NISV, 0, ESR_READ, NISV_OUTCOME_VMM_DECIDES},
	{NISV_KIND_NISV, 0x9000000000, ESR_READ, NISV_OUTCOME_VMM_DECIDES},
	{NISV_KIND_EXEC, 0x20000000000, ESR_FETCH, NISV_OUTCOME_ABORT_INJECTED},
	{NISV_KIND_WALK, 0x90000000, ESR_WALK, NISV_OUTCOME_ABORT_INJECTED},
	{NISV_KIND_BEYOND_IPA, 0x10000000000, ESR_READ, NISV_OUTCOME_ABORT_INJECTED},
	{NISV_KIND_BACKING, 0x50000000, ESR_WRITE, NISV_OUTCOME_VM_KILLED},
	{NISV_KIND_MEMORY_FAULT, 0x58000000, ESR_READ, NISV_OUTCOME_VMM_DECIDES},
};

static const struct place_of_fault x86_faults[] = {
	{NISV_KIND_EMULATION, 0x50000000, 0, NISV_OUTCOME_VMM_DECIDES},
	{NISV_KIND_EMULATION, 0xb0000000, 0, NISV_OUTCOME_VMM_DECIDES},
	{NISV_KIND_EMULATION, 0xc0000000, 0, NISV_OUTCOME_VMM_DECIDES},
	{NISV_KIND_EMULATION, 0xfec00000, 0, NISV_OUTCOME_VMM_DECIDES},
	{NISV_KIND_EMULATION, 0xfed00000, 0, NISV_OUTCOME_VMM_DECIDES},
	{NISV_KIND_EMULATION, 0x9000000000, 0, NISV_OUTCOME_VMM_DECIDES},
	{NISV_KIND_EMULATION, 0, 0, NISV_OUTCOME_VMM_DECIDES},
	{NISV_KIND_BACKING, 0x10000000, 0, NISV_OUTCOME_VM_KILLED},
	{NISV_KIND_MEMORY_FAULT, 0x18000000, 0, NISV_OUTCOME_VMM_DECIDES},
};

#define LDP_X1_X2_X0 0xa9400801U   /* A64 */
#define PXOR_RDI     0x07ef0f66U   /* x86, xmm0 */
#define CODE	     0x48000000ULL /* in RAM on both */
#define CR0_PE_PG    0x80000001U
#define CR4_PAE	     0x20U
#define NISV_EXIT    28U /* KVM_EXIT_ARM_NISV */

/* As BPF counts them; the first ones with their records, as many as are kept. */
static int fault_add(struct vm *vm, bool is_arm64, size_t i, bool has_record)
{
	const struct place_of_fault *from =
		is_arm64 ? &arm64_faults[i % (sizeof(arm64_faults) / sizeof(arm64_faults[0]))]
			 : &x86_faults[i % (sizeof(x86_faults) / sizeof(x86_faults[0]))];
	uint64_t ipa = from->base ? from->base + i * 0x1000 : 0, pc = CODE + i * 8;
	struct nisv_rec_fault rec = {
		.hdr = {.time_ns = 1000 * (i + 1)},
		.kind = from->kind,
		.ipa = ipa,
		.far = ipa,
		.esr = from->esr,
		.pc = from->kind == NISV_KIND_EXEC ? ipa : pc,
		.outcome = from->outcome,
		.errno_ = from->outcome == NISV_OUTCOME_VM_KILLED ? -ENOSYS : 0,
		.exit_reason = from->outcome == NISV_OUTCOME_VMM_DECIDES ? NISV_EXIT : 0,
		.pstate = 0x3c5, /* EL1h, DAIF masked */
		.count = 1,
		.vcpu_order = i + 1,
		.gpr = {[0] = ipa, [7] = ipa},
		.sysregs_state = NISV_SYSREGS_CURRENT,
		.insn_state = NISV_INSN_OK,
		.insn_len = 4,
		.code_mode = is_arm64 ? NISV_CODE_UNKNOWN : NISV_CODE_64,
		.sys = {.sctlr = is_arm64 ? 1 : CR0_PE_PG, .tcr = is_arm64 ? 0 : CR4_PAE},
		.slot = {.id = -1},
		.below = {.id = -1},
		.above = {.id = -1},
	};
	const struct nisv_site_key key = {.page = ipa >> 12, .pc = rec.pc, .kind = from->kind};
	const struct nisv_site value = {.count = 1,
					.first_ns = rec.hdr.time_ns,
					.last_ns = rec.hdr.time_ns,
					.ipa = ipa,
					.far = ipa,
					.esr = from->esr,
					.outcome = from->outcome,
					.errno_ = rec.errno_};
	uint32_t insn = is_arm64 ? LDP_X1_X2_X0 : PXOR_RDI;
	int r;

	memcpy(rec.insn, &insn, sizeof(insn));
	r = has_record ? faultmap_record(vm->faults, &rec, NULL)
		       : faultmap_count_site(vm->faults, &key, &value);
	return r < 0 ? r : 0;
}

static int faults_make(struct vm *vm, bool is_arm64)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < JUDGEMENT_SITES; i++)
		r = fault_add(vm, is_arm64, i, i < FAULTMAP_DETAILS_MAX);
	for (size_t i = 0; r >= 0 && i < PLACES; i++) {
		const struct nisv_place_key key = {
			.place = ((i % 2 ? 0xfd000000 : 0x0a000000) >> NISV_PLACE_SHIFT) + i};
		const struct nisv_place value = {.count = 100, .user = 100};

		r = faultmap_count_place(vm->faults, &key, &value, 1000 * (i + 1));
	}
	return r < 0 ? r : 0;
}

/* ---- measuring ---- */

static int vm_make(struct vms *vms, const struct machines *machines, const struct judgement *j,
		   struct vm **ret)
{
	static const struct nisv_vm_key kernel_key = {1, 1};
	bool is_arm64 = !strcmp(j->arch, "arm64");
	struct vm *vm;
	int r = vms_add(vms, &kernel_key, "0123456789abcdef0123456789abcdef", "1-1", 1, 1, 1, &vm);

	if (r >= 0)
		r = is_arm64 ? vm_set_cmdline(vm, arm64_cmdline, sizeof(arm64_cmdline), false)
			     : vm_set_cmdline(vm, x86_cmdline, sizeof(x86_cmdline), false);
	if (r >= 0)
		r = layout_make(vm, j, is_arm64);
	if (r >= 0)
		r = guest_make(vm, j, is_arm64);
	if (r < 0)
		return r;
	history_make(vm, j);
	vm_choose_machine(vm, machines->list, machines->n, j->arch);
	*ret = vm;
	return faults_make(vm, is_arm64);
}

static int measure(const struct machines *machines, struct judgement *j, unsigned int tries)
{
	const struct host host = {
		.arch = j->arch, .page_bytes = 4096, .maps = machines->list, .n_maps = machines->n};
	struct vms vms = {};
	struct vm *vm;
	int r = vm_make(&vms, machines, j, &vm);

	for (unsigned int i = 0; r >= 0 && i < tries; i++) {
		struct evidence evidence = vm_evidence(vm, &host, 1000000000);
		struct findings findings = {};
		double began = sample_now_ms();

		r = diagnose(&evidence, &findings);
		sample_add(&j->us, (sample_now_ms() - began) * 1e3 / JUDGEMENT_SITES);
		findings_clear(&findings);
	}
	vms_clear(&vms);
	return r < 0 ? log_error_errno(r, "Cannot diagnose a VM") : 0;
}

int judgements_measure(unsigned int tries)
{
	struct machines machines = {};
	int r = machinefile_load(MAPS, &machines);

	if (r >= 0 && !machines.n)
		r = log_error_errno(ENOENT, "No machine maps in %s", MAPS);
	for (unsigned int i = 0; r >= 0 && i < n_judgements; i++)
		r = measure(&machines, &judgements[i], tries);
	machinefile_clear(&machines);
	return r;
}
