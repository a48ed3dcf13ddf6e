/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_SCENARIO_H
#define NISVD_TESTS_SCENARIO_H

/*
 * Evidence made by hand: a VM's memory, its machine, its guest and its faults, as capture would
 * deliver them. Starts as an arm64 VM of Firecracker with 16 MiB of RAM at 0x40000000, on a machine
 * that has nothing else, without a vGIC.
 */

#include "tests/unit/unit.h"

#include <errno.h>

#include "daemon/core/diagnose.h"
#include "tests/unit/scenario_text.h"

#define MIB	 0x100000ULL
#define GIB	 0x40000000ULL
#define SECOND	 1000000000ULL
#define MS	 1000000ULL
#define RAM_BASE 0x40000000ULL
#define RAM_END	 0x41000000ULL

/* A64 words. */
#define LDP	 0xa9400801U /* ldp x1, x2, [x0] */
#define STP	 0xa9000801U /* stp x1, x2, [x0] */
#define LDR_POST 0xb8404401U /* ldr w1, [x0], #4 */
#define LDR	 0xb9400001U /* ldr w1, [x0] */

/* ESR_EL2 of data aborts and fetches outside memory, as measured. */
#define ESR_READ  0x92000005U
#define ESR_WRITE 0x92000045U
#define ESR_FETCH 0x82000005U
#define ESR_WALK  0x92000086U
#define ESR_CM	  0x00000100U

#define EL1H_MASKED 0x3c5U
#define EL1H	    0x005U
#define EL0	    0x000U
#define A32_SVC	    0x1d3U /* nRW, Supervisor */

#define SCENARIO_RANGES 32

struct scenario {
	struct nisv_rec_layout rec;
	struct layout layout;
	struct machine machine;
	struct host host;
	struct vmoptions options;
	struct guest_view guest;
	struct backings backings;
	struct slot_history slots;
	struct evidence evidence;
	struct faultmap *faults;
	struct findings findings;
	uint64_t order;
	uint64_t mmio_ns;
	struct guest_range ranges[SCENARIO_RANGES];
	struct backing backing[4];
};

static struct scenario sc;

/* ---- the VM --------------------------------------------------------------------------------- */

static inline void scenario_slot(int id, uint64_t gpa, uint64_t size, uint32_t flags)
{
	sc.rec.slots[sc.rec.n_slots++] = (struct nisv_slot){
		.gpa = gpa,
		.size = size,
		.hva = 0x7f0000000000 + gpa,
		.flags = flags,
		.id = (int16_t)id,
	};
	sc.rec.total_slots = sc.rec.n_slots;
	layout_from_record(&sc.layout, &sc.rec);
}

static inline void scenario_no_slots(void)
{
	sc.rec.n_slots = sc.rec.total_slots = 0;
	layout_from_record(&sc.layout, &sc.rec);
}

static inline int scenario_setup(void **state)
{
	(void)state;
	layout_clear(&sc.layout);
	memset(&sc, 0, sizeof(sc));
	sc.rec.state = NISV_LAYOUT_STABLE;
	sc.rec.generation = 4;
	sc.rec.vcpus = 1;
	sc.rec.ipa_bits = 40;
	sc.rec.vgic_dist = sc.rec.vgic_cpu = NISV_ADDR_UNSET;
	scenario_slot(0, RAM_BASE, 16 * MIB, 0);
	sc.faults = faultmap_new();
	sc.machine = (struct machine){.id = "bare", .vmm = "firecracker", .arch = "arm64"};
	sc.host = (struct host){.arch = "arm64", .page_bytes = 4096};
	sc.guest.ranges = sc.ranges;
	sc.backings.list = sc.backing;
	sc.evidence = (struct evidence){
		.host = &sc.host,
		.vmm = "firecracker",
		.options = &sc.options,
		.layout = &sc.layout,
		.machine = &sc.machine,
		.machine_confidence = 0.9,
		.guest = &sc.guest,
		.backings = &sc.backings,
		.slots = &sc.slots,
		.faults = sc.faults,
	};
	return sc.faults ? 0 : -1;
}

static inline int scenario_teardown(void **state)
{
	(void)state;
	findings_clear(&sc.findings);
	sc.faults = faultmap_free(sc.faults);
	slot_history_clear(&sc.slots);
	layout_clear(&sc.layout);
	return 0;
}

/* From the beginning, for another case of the same test. */
static inline void scenario_reset(void)
{
	scenario_teardown(NULL);
	assert_int_equal(scenario_setup(NULL), 0);
}

/* No fault has happened yet; the VM stays as it is. */
static inline void scenario_forget(void)
{
	faultmap_free(sc.faults);
	sc.faults = faultmap_new();
	assert_non_null(sc.faults);
	sc.evidence.faults = sc.faults;
	sc.mmio_ns = 0;
}

#define SCENARIO_TEST(name) cmocka_unit_test_setup_teardown(name, scenario_setup, scenario_teardown)

static inline struct machine_region *scenario_region(const char *name, uint64_t base, uint64_t size,
						     enum region_class class, enum region_role role)
{
	struct machine_region *region = &sc.machine.regions[sc.machine.n_regions++];

	assert_true(sc.machine.n_regions <= MACHINE_REGIONS_MAX);
	*region = (struct machine_region){
		.base = base, .size = size, .class = class, .role = role, .source = "a test"};
	snprintf(region->name, sizeof(region->name), "%s", name);
	return region;
}

static inline void scenario_vgic_v3(void)
{
	sc.rec.vgic_model = NISV_VGIC_V3;
	sc.rec.vgic_dist = 0x08000000;
	sc.rec.n_redist = 1;
	sc.rec.redist[0] = (struct nisv_redist){.base = 0x080a0000, .count = 1};
	layout_from_record(&sc.layout, &sc.rec);
}

static inline void scenario_vgic_v2(void)
{
	sc.rec.vgic_model = NISV_VGIC_V2;
	sc.rec.vgic_dist = 0x08000000;
	sc.rec.vgic_cpu = 0x08010000;
	sc.rec.n_redist = 0;
	layout_from_record(&sc.layout, &sc.rec);
}

/* On KVM's MMIO bus: a device of the kernel, or a doorbell. */
static inline void scenario_bus(uint64_t addr, uint32_t len, bool is_ioeventfd)
{
	sc.rec.bus[sc.rec.n_bus++] =
		(struct nisv_bus_range){.addr = addr, .len = len, .is_ioeventfd = is_ioeventfd};
	sc.rec.total_bus = sc.rec.n_bus;
	layout_from_record(&sc.layout, &sc.rec);
}

/* What the guest's device tree has; it is where a VMM puts one. */
static inline struct guest_range *scenario_told(enum guest_kind kind, uint64_t base, uint64_t size,
						const char *name)
{
	struct guest_range *range = &sc.ranges[sc.guest.n_ranges++];

	assert_true(sc.guest.n_ranges <= SCENARIO_RANGES);
	sc.guest.state = GUEST_FOUND;
	sc.guest.source = GUEST_DEVICE_TREE;
	sc.guest.bytes = 4096;
	if (!sc.guest.address)
		sc.guest.address = RAM_BASE;
	*range = (struct guest_range){.kind = kind, .base = base, .size = size};
	snprintf(range->name, sizeof(range->name), "%s", name);
	return range;
}

/* The tree is in no place where a VMM puts one, but fits this VM: it may be a file. */
static inline void scenario_tree_may_be_file(void)
{
	scenario_told(GUEST_MEMORY, RAM_BASE, 16 * MIB, "memory@40000000");
	sc.guest.address = RAM_BASE + 0x123000;
	sc.guest.cpus = sc.rec.vcpus;
}

/* The memslot changed, as KVM's own function tells it: at @ns. */
static inline void scenario_change(enum nisv_slot_change what, uint64_t ns, int id, uint64_t gpa,
				   uint64_t size, uint32_t flags)
{
	struct nisv_slot slot = {.gpa = gpa, .size = size, .flags = flags, .id = (int16_t)id};
	struct nisv_slot none = {.id = -1};
	struct nisv_rec_slot rec = {.hdr = {.time_ns = ns}, .change = what};

	rec.before = what == NISV_SLOT_CREATED ? none : slot;
	rec.after = what == NISV_SLOT_DELETED ? none : slot;
	slot_history_record(&sc.slots, &rec);
}

static inline struct backing *scenario_backing(int id, enum backing_kind kind)
{
	struct backing *backing = &sc.backing[sc.backings.n++];

	assert_true(sc.backings.n <= ARRAY_SIZE(sc.backing));
	*backing = (struct backing){
		.slot_id = (int16_t)id, .kind = kind, .readable = true, .writable = true};
	for (size_t i = 0; i < sc.layout.n_slots; i++)
		if (sc.layout.slots[i].id == id)
			backing->covered_bytes = sc.layout.slots[i].size;
	return backing;
}

/* ---- faults --------------------------------------------------------------------------------- */

/* The slots around the address as the walk in the kernel reports them: INVALID ones, too. */
static inline void scenario_place(struct nisv_rec_fault *rec)
{
	rec->slot.id = rec->below.id = rec->above.id = -1;
	rec->layout_state = NISV_LAYOUT_STABLE;
	rec->generation = sc.layout.generation;
	for (size_t i = 0; i < sc.layout.n_slots; i++) {
		const struct nisv_slot *slot = &sc.layout.slots[i];

		if (slot->gpa > rec->ipa && rec->above.id < 0)
			rec->above = *slot;
		else if (slot->gpa + slot->size <= rec->ipa)
			rec->below = *slot;
		else if (slot->gpa <= rec->ipa)
			rec->slot = *slot;
	}
}

static inline struct nisv_rec_fault scenario_fault(enum nisv_kind kind, uint64_t ipa)
{
	struct nisv_rec_fault rec = {
		.kind = kind,
		.ipa = ipa,
		.far = ipa,
		.pc = RAM_BASE + 4,
		.pstate = EL1H_MASKED,
		.count = 1,
		.sysregs_state = NISV_SYSREGS_CURRENT,
		.insn_state = NISV_INSN_NONE,
	};

	scenario_place(&rec);
	rec.vcpu_order = ++sc.order;
	rec.hdr.time_ns = 1000 * sc.order;
	return rec;
}

static inline void scenario_insn(struct nisv_rec_fault *rec, uint32_t raw)
{
	memcpy(rec->insn, &raw, sizeof(raw));
	rec->insn_len = sizeof(raw);
	rec->insn_state = NISV_INSN_OK;
	rec->insn_ipa = rec->pc;
}

/* A data abort without syndrome that killed the VM: KVM_RUN returned -ENOSYS. */
static inline struct nisv_rec_fault scenario_nisv(uint64_t ipa, uint32_t raw)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_NISV, ipa);

	rec.esr = raw == STP ? ESR_WRITE : ESR_READ;
	rec.outcome = NISV_OUTCOME_VM_KILLED;
	rec.errno_ = -ENOSYS;
	rec.gpr[0] = ipa;
	if (raw)
		scenario_insn(&rec, raw);
	return rec;
}

/* The same, left to a VMM that injects an abort. */
static inline struct nisv_rec_fault scenario_injected_nisv(uint64_t ipa, uint32_t raw)
{
	struct nisv_rec_fault rec = scenario_nisv(ipa, raw);

	rec.outcome = NISV_OUTCOME_VMM_DECIDES;
	rec.errno_ = 0;
	rec.exit_reason = 28;
	return rec;
}

/* The same, at @ns. */
static inline struct nisv_rec_fault scenario_nisv_at(uint64_t ipa, uint32_t raw, uint64_t ns)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(ipa, raw);

	rec.hdr.time_ns = ns;
	return rec;
}

/* A fetch outside memory that KVM answered by injecting an abort. */
static inline struct nisv_rec_fault scenario_exec(uint64_t pc)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_EXEC, pc);

	rec.pc = pc;
	rec.esr = ESR_FETCH;
	rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
	rec.sysregs_state = NISV_SYSREGS_STALE;
	return rec;
}

/* A stage-1 walk for @far that met a stage-2 fault at @table; KVM injected an abort. */
static inline struct nisv_rec_fault scenario_walk(uint64_t table, uint64_t far)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_WALK, table);

	rec.far = far;
	rec.esr = ESR_WALK;
	rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
	rec.sys.sctlr = 1;
	return rec;
}

static inline struct site *scenario_add(const struct nisv_rec_fault *rec)
{
	struct site *site = NULL;

	assert_in_range(faultmap_record(sc.faults, rec, &site), 0, 2);
	return site;
}

/* Accesses that the CPU described, @user of them served by user space, a second after the last. */
static inline void scenario_mmio(uint64_t ipa, bool is_write, uint64_t count, uint64_t user)
{
	struct nisv_place_key key = {.place = ipa >> NISV_PLACE_SHIFT, .is_write = is_write};
	struct nisv_place value = {.count = count, .user = user};

	sc.mmio_ns += SECOND;
	assert_in_range(faultmap_count_place(sc.faults, &key, &value, sc.mmio_ns), 0, 1);
	sc.evidence.now_ns = sc.mmio_ns;
}

static inline void scenario_reads(uint64_t ipa, uint64_t count)
{
	scenario_mmio(ipa, false, count, count);
}

/* ---- findings ------------------------------------------------------------------------------- */

static inline const struct finding *scenario_diagnose(void)
{
	findings_clear(&sc.findings);
	assert_int_equal(diagnose(&sc.evidence, &sc.findings), 0);
	for (size_t i = 0; i < sc.findings.n; i++)
		assert_complete(&sc.findings.list[i]);
	return sc.findings.n ? &sc.findings.list[0] : NULL;
}

/* Diagnoses the one fault; there must be one finding. */
static inline const struct finding *scenario_explain(const struct nisv_rec_fault *rec)
{
	const struct finding *finding;

	scenario_add(rec);
	finding = scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	return finding;
}

/* The finding of @cause, or NULL. */
static inline const struct finding *scenario_find(const char *cause)
{
	for (size_t i = 0; i < sc.findings.n; i++)
		if (!strcmp(sc.findings.list[i].cause, cause))
			return &sc.findings.list[i];
	return NULL;
}

#endif
