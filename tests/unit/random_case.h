/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_RANDOM_CASE_H
#define NISVD_TESTS_RANDOM_CASE_H

/*
 * A VM and its faults drawn at random: layouts, maps, options, a guest's view, slot histories and
 * records, of which most lie close to something, as real ones do.
 */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

static uint64_t draw_state;

static inline uint32_t draw(uint32_t below)
{
	return unit_random(&draw_state) % below;
}

static inline uint64_t draw_wide(void)
{
	uint64_t high = unit_random(&draw_state);

	return high << 32 | unit_random(&draw_state);
}

/* One in @n. */
static inline bool draw_one_in(uint32_t n)
{
	return draw(n) == 0;
}

/* ---- the VM --------------------------------------------------------------------------------- */

static inline void draw_slots(void)
{
	static const uint64_t bases[] = {0,	      0x08000000,  0x3e000000,
					 RAM_BASE,    0x80000000,  0xc0000000,
					 0x100000000, 0x400000000, 0x8000000000};
	static const uint64_t sizes[] = {0x1000, 0x10000, MIB, 16 * MIB, 24 * MIB, 64 * MIB, GIB};

	scenario_no_slots();
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		uint64_t size = sizes[draw(ARRAY_SIZE(sizes))];
		uint64_t room = i + 1 < ARRAY_SIZE(bases) ? bases[i + 1] - bases[i] : size;

		if (draw(3) && bases[i] != RAM_BASE)
			continue;
		scenario_slot((int)i, bases[i], size < room ? size : room,
			      draw_one_in(4)	? NISV_SLOT_READONLY
			      : draw_one_in(12) ? NISV_SLOT_INVALID
						: 0);
	}
}

static inline void draw_layout(void)
{
	draw_slots();
	sc.rec.vcpus = 1 + draw(3);
	sc.rec.ipa_bits = sc.host.arch[0] == 'x' ? 0 : draw_one_in(8) ? 0 : 36 + draw(12);
	sc.rec.is_protected = draw_one_in(10);
	if (draw_one_in(2))
		scenario_vgic_v3();
	else if (draw_one_in(2))
		scenario_vgic_v2();
	for (uint32_t i = draw(3); i > 0; i--)
		scenario_bus(draw_one_in(2) ? 0x08080000 : 0x0a000050 + 0x200ULL * draw(8),
			     draw_one_in(2) ? 4 : 0x20000, draw_one_in(2));
	sc.layout.total_slots += draw_one_in(20);
	sc.layout.total_bus += draw_one_in(20);
	if (draw_one_in(25))
		layout_clear(&sc.layout);
}

static inline void draw_machine(void)
{
	static const char *const vmms[] = {"qemu",    "firecracker", "cloud-hypervisor", "crosvm",
					   "kvmtool", "libkrun",     "dragonball"};

	if (sc.host.arch[0] == 'x')
		scenario_q35();
	else if (draw(4))
		scenario_qemu_virt();
	scenario_registry();
	sc.evidence.vmm = vmms[draw(ARRAY_SIZE(vmms))];
	sc.evidence.machine_confidence = 0.5 + 0.1 * draw(5);
	if (draw_one_in(5))
		sc.machine.doubt = "a version that is not told";
	if (draw_one_in(5) && sc.machine.n_regions > 4)
		sc.machine.n_regions = draw(4);
	if (draw_one_in(6))
		sc.host.n_maps = 0;
	for (size_t i = 0; i < sc.machine.n_regions; i++)
		sc.machine.regions[i].optional |= draw_one_in(10);
}

static inline void draw_options(void)
{
	sc.options.known = draw_one_in(2);
	sc.options.ram_bytes = draw_one_in(2) ? 0 : 16 * MIB << draw(8);
	sc.options.phys_bits = draw_one_in(3) ? 36 + draw(10) : 0;
	sc.options.vfio = (enum vmoption)draw(3);
	if (draw_one_in(8))
		snprintf(sc.options.dtb, sizeof(sc.options.dtb), "my.dtb");
	sc.host.page_bytes = draw_one_in(4) ? 0x10000 : 4096;
	sc.host.injection_seen = draw_one_in(2);
	snprintf(sc.host.kernel, sizeof(sc.host.kernel), "6.%u.%u", draw(4), draw(12));
	sc.evidence.ended = draw_one_in(4);
}

/* Close to something: a slot, a region, what the guest was told, zero; or anywhere. */
static inline uint64_t draw_address(void)
{
	static const uint64_t offsets[] = {0,	   0x10,   0x40, 0x800,	 0xff8,
					   0x1000, 0x8000, MIB,	 8 * MIB};
	uint64_t offset = offsets[draw(ARRAY_SIZE(offsets))];

	switch (draw(6)) {
	case 0:
		return offset;
	case 1:
	case 2:
		if (sc.rec.n_slots) {
			const struct nisv_slot *slot = &sc.rec.slots[draw(sc.rec.n_slots)];

			return slot->gpa + (draw_one_in(3) ? 0 : slot->size) + offset -
			       (draw_one_in(5) ? 0x1000 : 0);
		}
		break;
	case 3:
		if (sc.machine.n_regions)
			return sc.machine.regions[draw((uint32_t)sc.machine.n_regions)].base +
			       offset;
		break;
	case 4:
		if (sc.guest.n_ranges)
			return sc.ranges[draw((uint32_t)sc.guest.n_ranges)].base + offset;
		break;
	}
	if (draw_one_in(2))
		return scenario_registry_maps[draw(ARRAY_SIZE(scenario_registry_maps))]
			       .regions[0]
			       .base +
		       offset;
	return draw_wide() >> (20 + draw(16));
}

static inline void draw_guest(void)
{
	static const char *const compatibles[] = {"", "arm,pl011", "virtio,mmio",
						  "simple-framebuffer"};

	for (uint32_t i = draw(5); i > 0; i--) {
		uint64_t base = draw_address() & ~0x7ffULL;
		struct guest_range *range =
			scenario_told((enum guest_kind)draw(_GUEST_KIND_MAX), base,
				      draw_one_in(2) ? 0x1000 : 64 * MIB, "node");

		snprintf(range->compatible, sizeof(range->compatible), "%s",
			 compatibles[draw(ARRAY_SIZE(compatibles))]);
	}
	if (draw_one_in(2))
		scenario_told(GUEST_MEMORY, RAM_BASE, 16 * MIB << draw(4), "memory");
	sc.guest.gic_version = draw_one_in(3) ? 0 : 2 + draw(2);
	sc.guest.cpus = sc.rec.vcpus;
	if (draw_one_in(3))
		sc.guest.address = RAM_BASE + 0x123000;
	if (draw_one_in(4))
		sc.guest.source = GUEST_E820;
	if (draw_one_in(5))
		sc.guest.state = GUEST_UNREADABLE;
}

static inline void draw_history(uint64_t now)
{
	for (uint32_t i = draw(4); i > 0; i--) {
		uint64_t at = now + 20 * MS - draw(3) * 15 * MS - draw(2) * 70 * SECOND;
		enum nisv_slot_change what = draw_one_in(3) ? NISV_SLOT_CREATED : NISV_SLOT_DELETED;

		scenario_change(what, at, 20 + (int)draw(3), draw_address() & ~0xfffULL, 64 * MIB,
				draw_one_in(2) ? NISV_SLOT_READONLY : 0);
	}
}

static inline void draw_backings(void)
{
	for (uint32_t i = draw(3); i > 0; i--) {
		struct backing *backing =
			scenario_backing((int)draw(9), (enum backing_kind)draw(_BACKING_KIND_MAX));

		backing->writable = draw_one_in(2);
		backing->gap = draw_address();
		backing->covered_bytes -= draw_one_in(2) ? 0x2000 : 0;
	}
}

static inline void draw_vm(void)
{
	scenario_reset();
	sc.host.arch = draw_one_in(4) ? "x86_64" : "arm64";
	draw_machine();
	draw_layout();
	draw_options();
	draw_guest();
	draw_backings();
	draw_history(100 * SECOND);
}

/* ---- its faults ----------------------------------------------------------------------------- */

/* Undescribed by their class, of A64 and A32, on the address in x0; see insn_class_why(). */
static const uint32_t draw_words[] = {LDP,	   STP,		LDR_POST,    0x885f7c01U,
				      0x3dc00000U, 0xb8210002U, 0xd50b7420U, 0xd9200800U,
				      0x19010440U, 0xa4014000U, 0xd5087620U};
static const uint32_t draw_words_a32[] = {0xe8900006U, 0xe1c020d0U, 0xe4901004U};

static inline void draw_insn(struct nisv_rec_fault *rec)
{
	uint64_t bytes[2] = {draw_wide(), draw_wide()};

	if (draw_one_in(4)) {
		rec->insn_state = 2 + draw(7);
		return;
	}
	if (rec->pstate == A32_SVC)
		scenario_insn(rec, draw_words_a32[draw(ARRAY_SIZE(draw_words_a32))]);
	else
		scenario_insn(rec, draw_words[draw(ARRAY_SIZE(draw_words))]);
	if (sc.host.arch[0] == 'x') {
		memcpy(rec->insn, bytes, sizeof(rec->insn));
		rec->insn_len = draw(16);
		rec->insn_state = rec->insn_len ? NISV_INSN_OK : NISV_INSN_NONE;
	}
}

static inline uint64_t draw_esr(enum nisv_kind kind)
{
	static const uint32_t fsc[] = {0x04, 0x05, 0x06, 0x07, 0x0f, 0x35};
	uint64_t esr = ESR_READ & ~0x3fULL;

	if (kind == NISV_KIND_EXEC)
		return ESR_FETCH;
	esr |= fsc[draw(ARRAY_SIZE(fsc))] | (draw_one_in(2) ? 0x40 : 0);
	if (kind == NISV_KIND_WALK)
		esr |= 0x80;
	else if (draw_one_in(12))
		esr |= ESR_CM | 0x40;
	return esr;
}

static inline void draw_mapping(struct nisv_rec_fault *rec)
{
	rec->vma = (struct nisv_vma){
		.state = draw(_NISV_VMA_MAX),
		.flags = draw(NISV_VMA_FLAGS + 1),
		.file_offset = draw(3) * 0x1000,
		.file_size = draw(3) * 0x1000,
	};
}

/* As capture delivers them; hostile ones are those of a file, see random_hostile(). */
static inline struct nisv_rec_fault draw_fault(void)
{
	bool is_x86 = sc.host.arch[0] == 'x';
	enum nisv_kind kind =
		draw_one_in(2) ? NISV_KIND_NISV : (enum nisv_kind)draw(_NISV_KIND_MAX);
	struct nisv_rec_fault rec;

	if (is_x86)
		kind = draw(4) ? NISV_KIND_EMULATION : NISV_KIND_MEMORY_FAULT;
	rec = scenario_fault(kind, draw_address());
	rec.hdr.time_ns = 100 * SECOND;
	rec.far = draw_one_in(3) ? 0xffff800000000000 | rec.ipa : rec.ipa;
	rec.pc = kind == NISV_KIND_EXEC ? rec.far : RAM_BASE + 4ULL * draw(512);
	rec.esr = is_x86 ? 0 : draw_esr(kind);
	rec.outcome = draw(_NISV_OUTCOME_MAX);
	rec.errno_ = rec.outcome == NISV_OUTCOME_VM_KILLED
			     ? kind == NISV_KIND_BACKING ? -EFAULT : -ENOSYS
			     : 0;
	rec.exit_reason = rec.outcome == NISV_OUTCOME_VMM_DECIDES ? 28 : 0;
	rec.gpr[0] = draw_one_in(6) ? 0 : rec.far;
	rec.gpr[30] = draw_one_in(2) ? 0 : RAM_BASE;
	rec.pstate = draw_one_in(8) ? A32_SVC : draw_one_in(3) ? EL0 : EL1H_MASKED;
	rec.sysregs_state = draw(3);
	rec.sys.sctlr = draw_one_in(2) ? 1 : 0x80000001;
	rec.sys.ttbr0 = draw_one_in(2) ? rec.ipa & ~0xfffULL : RAM_BASE;
	rec.sys.vbar = draw_one_in(2) ? rec.pc & ~0x7ffULL : RAM_BASE;
	rec.code_mode = is_x86 ? draw(_NISV_CODE_MAX) : 0;
	rec.nested = draw_one_in(8) ? draw(3) : NISV_NESTED_NO;
	rec.is_beyond_host = kind == NISV_KIND_BEYOND_IPA && draw_one_in(2);
	rec.count = draw_one_in(5) ? 5000 : 1 + draw(3);
	if (kind != NISV_KIND_EXEC)
		draw_insn(&rec);
	if (kind == NISV_KIND_BACKING)
		draw_mapping(&rec);
	rec.generation = draw_one_in(6) ? 3 : rec.generation;
	if (draw_one_in(10))
		rec.layout_state = NISV_LAYOUT_NONE;
	return rec;
}

static inline void draw_traffic(void)
{
	uint64_t ipa = draw_address();
	uint64_t step = draw_one_in(5) ? 50000 : 1 + draw(400);
	bool is_write = draw_one_in(3), is_user = draw(5);

	for (uint64_t i = 1; i <= 12; i++)
		scenario_mmio(ipa, is_write, i * step, is_user ? i * step : 0);
	if (draw_one_in(6)) /* a scan */
		for (uint64_t i = 0; i < 12; i++)
			scenario_reads((ipa & ~0xfffffULL) + i * 0x8000, 4);
}

#endif
