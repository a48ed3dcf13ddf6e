/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The address is right, a device is there, and the instruction is the wrong one. */

#include <string.h>

#include "tests/corpus/constructed/random_kit.h"

#define PCI_VMMS (QEMU | CLOUD_HYPERVISOR | CROSVM | KVMTOOL)

#define ISS_ISV	     (1ULL << 24)
#define ISS_LST_LS64 (2ULL << 11) /* LD64B or ST64B: arch/arm64/include/asm/esr.h */

static void on_device(struct maker *m, uint64_t classes, uint64_t align, bool is_copy)
{
	struct nisv_rec_fault rec;

	vm_draw(m, false, ANY_VMM);
	vm_make(m);
	rec = nisv_draw(m, device_draw(m, align), classes, -1);
	if (!m->is_a32 && (is_copy || draw_one_in(m, 2)))
		code_put(m, &rec, is_copy);
	finish(m, &rec);
}

static void make_device(struct maker *m)
{
	on_device(m, UNDESCRIBED, 4, false);
}

static void make_atomic(struct maker *m)
{
	m->keep = KEEP_INSN;
	on_device(m, CLASS(INSN_ATOMIC) | CLASS(INSN_EXCLUSIVE), 16, false);
}

static void make_simd(struct maker *m)
{
	m->keep = KEEP_INSN;
	on_device(m, CLASS(INSN_SIMD_FP), 16, false);
}

/* A copy by pairs is one by the code around it. */
static void make_pairs(struct maker *m)
{
	struct nisv_rec_fault rec;
	bool is_store;

	m->keep = KEEP_INSN;
	vm_draw(m, false, ANY_VMM);
	vm_make(m);
	rec = fault_draw(m, NISV_KIND_NISV, device_draw(m, 16));
	insn_put(m, &rec, CLASS(INSN_PAIR), 0, &is_store);
	code_put(m, &rec, true);
	finish(m, &rec);
}

static void make_copy(struct maker *m)
{
	if (draw_one_in(m, 2))
		make_pairs(m);
	else
		make_simd(m);
}

static void make_dc_zva(struct maker *m)
{
	m->keep = KEEP_INSN;
	on_device(m, CLASS(INSN_DC_ZVA), 4, false);
}

static void make_mops(struct maker *m)
{
	m->keep = KEEP_INSN;
	on_device(m, CLASS(INSN_MOPS), 4, false);
}

static void make_mte(struct maker *m)
{
	m->keep = KEEP_INSN;
	on_device(m, CLASS(INSN_TAG), 16, false);
}

static void make_sve(struct maker *m)
{
	m->keep = KEEP_INSN;
	on_device(m, CLASS(INSN_SVE_SME), 4, false);
}

/* The syndrome is there, but the VMM has no answer to 64 bytes. */
static void make_ls64(struct maker *m)
{
	struct nisv_rec_fault rec;
	bool is_store;

	vm_draw(m, false, ANY_VMM);
	vm_make(m);
	rec = fault_draw(m, NISV_KIND_LDST64B, device_draw(m, 64));
	insn_put(m, &rec, CLASS(INSN_LS64), -1, &is_store);
	rec.esr |= ISS_ISV | ISS_LST_LS64 | (is_store ? 1ULL << 6 : 0);
	finish(m, &rec);
}

/* ---- KVM's own devices ---------------------------------------------------------------------- */

static uint64_t frame_draw(struct maker *m)
{
	struct vgic_frame frames[VGIC_FRAMES_MAX];
	uint32_t n = (uint32_t)layout_vgic_frames(&m->c->layout, frames);
	uint64_t size;

	if (m->has_its && draw_one_in(m, 4)) {
		const struct nisv_bus_range *its = NULL;

		for (uint32_t i = 0; i < m->rec.n_bus && !its; i++)
			if (m->rec.bus[i].len == 0x20000 &&
			    m->rec.bus[i].addr + 0x20000 <= m->rec.redist[0].base)
				its = &m->rec.bus[i];
		if (its)
			return draw_in(m, its->addr, its->addr + its->len, 16);
	}
	n = draw(m, n);
	size = frames[n].size < 0x10000 ? frames[n].size : 0x10000;
	return draw_in(m, frames[n].base, frames[n].base + size, 16);
}

static void make_vgic(struct maker *m)
{
	struct nisv_rec_fault rec;

	vm_draw(m, false, ANY_VMM);
	vm_make(m);
	rec = nisv_draw(m, frame_draw(m),
			UNDESCRIBED | COPIES | CLASS(INSN_ATOMIC) | CLASS(INSN_EXCLUSIVE), -1);
	finish(m, &rec);
}

/* ---- PCI ------------------------------------------------------------------------------------ */

static bool is_ecam(const struct maker *m, const struct machine_region *region)
{
	(void)m;
	return region->role == ROLE_ECAM && !region->optional;
}

static void make_ecam_read(struct maker *m)
{
	const struct machine_region *ecam;
	struct nisv_rec_fault rec;

	vm_draw(m, false, PCI_VMMS);
	if (m->vmm == QEMU && draw_one_in(m, 2))
		strcpy(m->machine_options, ",highmem=off");
	vm_make(m);
	ecam = map_draw(m, &m->map, is_ecam);
	rec = nisv_draw(m, ecam->base + draw(m, 32) * 0x8000 + draw(m, 64) * 16,
			UNDESCRIBED | COPIES, 0);
	finish(m, &rec);
}

static bool is_low_window(const struct maker *m, const struct machine_region *region)
{
	(void)m;
	return region->role == ROLE_PCI_WINDOW && region->is_window && !region->optional &&
	       region->base < 4 * GIB;
}

static void make_framebuffer(struct maker *m)
{
	const struct machine_region *window;
	struct nisv_rec_fault rec;
	uint64_t base;

	m->keep = KEEP_INSN | KEEP_GUEST | KEEP_SLOTS;
	vm_draw(m, false, PCI_VMMS);
	vm_make(m);
	window = map_draw(m, &m->map, is_low_window);
	base = draw_in(m, window->base + MIB, window->base + window->size - 16 * MIB, MIB);
	told_truth(m, true);
	told(m, GUEST_DEVICE, base, 4 * MIB, "framebuffer", "simple-framebuffer");
	rec = nisv_draw(m, draw_in(m, base, base + 4 * MIB, 16),
			COPIES | CLASS(INSN_DC_ZVA) | CLASS(INSN_MOPS) | CLASS(INSN_SVE_SME), -1);
	finish(m, &rec);
}

const struct random_kind random_device[] = {
	{"device-access-nisv-instruction", "arm64", make_device},
	{"atomic-or-exclusive-on-device", "arm64", make_atomic},
	{"simd-memcpy-on-device", "arm64", make_copy},
	{"dc-zva-on-device", "arm64", make_dc_zva},
	{"mops-on-device", "arm64", make_mops},
	{"mte-tag-op-on-device", "arm64", make_mte},
	{"sve-on-device", "arm64", make_sve},
	{"ls64-on-device", "arm64", make_ls64},
	{"vgic-access-nisv-instruction", "arm64", make_vgic},
	{"ecam-nisv-read", "arm64", make_ecam_read},
	{"framebuffer-nisv-memcpy", "arm64", make_framebuffer},
	{0},
};
