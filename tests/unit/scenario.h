/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_SCENARIO_H
#define NISVD_TESTS_SCENARIO_H

/*
 * Evidence made by hand: a VM's memory, its machine and its faults, as capture would deliver them.
 * Starts as an arm64 VM of Firecracker with 16 MiB of RAM at 0x40000000, on a machine that has
 * nothing else, without a vGIC.
 */

#include "tests/unit/unit.h"

#include <errno.h>

#include "daemon/core/diagnose.h"

#define MIB	 0x100000ULL
#define RAM_BASE 0x40000000ULL
#define RAM_END	 0x41000000ULL

/* A64 words. */
#define LDP	 0xa9400801U /* ldp x1, x2, [x0] */
#define LDR_POST 0xb8404401U /* ldr w1, [x0], #4 */
#define LDR	 0xb9400001U /* ldr w1, [x0] */

/* ESR_EL2 of data aborts and fetches outside memory, as measured. */
#define ESR_READ  0x92000005U
#define ESR_WRITE 0x92000045U
#define ESR_FETCH 0x82000005U
#define ESR_WALK  0x92000086U

#define EL1H_MASKED 0x3c5U
#define EL1H	    0x005U
#define EL0	    0x000U

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
};

static struct scenario sc;

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

#define SCENARIO_TEST(name) cmocka_unit_test_setup_teardown(name, scenario_setup, scenario_teardown)

/* A QEMU virt machine, known by its command line; the regions the tests need. */
static inline void scenario_qemu_virt(void)
{
	static const struct machine virt = {
		.id = "qemu-virt-arm64",
		.vmm = "qemu",
		.arch = "arm64",
		.match = "virt",
		.n_regions = 5,
		.regions =
			{
				{.name = "FLASH",
				 .base = 0,
				 .size = 0x08000000,
				 .class = REGION_ROM},
				{.name = "GICv3 distributor",
				 .base = 0x08000000,
				 .size = 0x10000,
				 .class = REGION_KERNEL_DEVICE,
				 .vgic = NISV_VGIC_V3},
				{.name = "GIC ITS",
				 .base = 0x08080000,
				 .size = 0x20000,
				 .class = REGION_KERNEL_DEVICE,
				 .vgic = NISV_VGIC_V3},
				{.name = "UART0 PL011", .base = 0x09000000, .size = 0x1000},
				{.name = "PCIe MMIO window",
				 .base = 0x10000000,
				 .size = 0x2eff0000},
			},
	};

	sc.machine = virt;
	sc.evidence.vmm = "qemu";
	sc.evidence.machine = &sc.machine;
	sc.evidence.machine_confidence = 0.9;
}

static inline void scenario_vgic_v3(void)
{
	sc.rec.vgic_model = NISV_VGIC_V3;
	sc.rec.vgic_dist = 0x08000000;
	sc.rec.n_redist = 1;
	sc.rec.redist[0] = (struct nisv_redist){.base = 0x080a0000, .count = 1};
	layout_from_record(&sc.layout, &sc.rec);
}

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

	rec.esr = ESR_READ;
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

static inline struct site *scenario_add(const struct nisv_rec_fault *rec)
{
	struct site *site = NULL;

	assert_in_range(faultmap_record(sc.faults, rec, &site), 0, 2);
	return site;
}

static inline const struct finding *scenario_diagnose(void)
{
	findings_clear(&sc.findings);
	assert_int_equal(diagnose(&sc.evidence, &sc.findings), 0);
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

static inline bool scenario_has_line(char *const *lines, size_t n, const char *part)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(lines[i], part))
			return true;
	return false;
}

#define assert_evidence(finding, part)                                                    \
	do {                                                                              \
		if (!scenario_has_line((finding)->evidence, (finding)->n_evidence, part)) \
			fail_msg("no line of evidence contains \"%s\"", part);            \
	} while (0)

#define assert_advice(finding, part)                                                  \
	do {                                                                          \
		if (!scenario_has_line((finding)->advice, (finding)->n_advice, part)) \
			fail_msg("no line of advice contains \"%s\"", part);          \
	} while (0)

/* Confidences are sums of a few decimals: compared with a tolerance. */
#define assert_confidence(finding, expected)                                                   \
	do {                                                                                   \
		double _d = (finding)->confidence - (expected);                                \
		if (_d < -0.001 || _d > 0.001)                                                 \
			fail_msg("confidence %.3f, expected %.3f (%s)", (finding)->confidence, \
				 (double)(expected), (finding)->cause);                        \
	} while (0)

#endif
