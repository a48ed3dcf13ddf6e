/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Causes in a memslot: it is read-only, was taken away, or changed under the guest. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/corpus/constructed/random_kit.h"

#define ANY_INSN (UNDESCRIBED | COPIES | CLASS(INSN_DC_ZVA))
#define ISS_CM	 (1ULL << 8)

/* QEMU's flash, or firmware that another VMM maps read-only. */
static const struct nisv_slot *readonly_draw(struct maker *m)
{
	uint64_t base;

	vm_draw(m, false, ANY_VMM);
	vm_make(m);
	if (m->vmm == QEMU)
		return &m->rec.slots[1 + draw(m, 2)];
	base = empty_draw(m, 16 * MIB, GIB, 4 * MIB) & ~(64 * KIB - 1);
	vm_slot(m, base, 2 * MIB, NISV_SLOT_READONLY);
	vm_settle(m);
	return &m->rec.slots[m->rec.n_slots - 1];
}

static uint64_t address_in(struct maker *m, const struct nisv_slot *slot)
{
	return draw_in(m, slot->gpa, slot->gpa + slot->size, 16);
}

static void make_cache_op(struct maker *m)
{
	struct nisv_rec_fault rec =
		nisv_draw(m, address_in(m, readonly_draw(m)), CLASS(INSN_CACHE_OP), 1);

	rec.esr |= ISS_CM;
	finish(m, &rec);
}

static void make_readonly_write(struct maker *m)
{
	struct nisv_rec_fault rec = nisv_draw(m, address_in(m, readonly_draw(m)), ANY_INSN, 1);

	finish(m, &rec);
}

/* ---- taken away ----------------------------------------------------------------------------- */

/* Without a hook in KVM two readings of the memslots tell, some time apart. */
static void blur(struct maker *m)
{
	struct slot_history *history = &m->c->slots;

	if (draw_one_in(m, 3))
		history->list[history->n - 1].from_ns -= draw(m, 2000) * MS;
}

/* As a command to the flash does, until it is told to show its contents again. */
static void make_command_mode(struct maker *m)
{
	struct nisv_rec_fault rec;
	struct nisv_slot flash;

	m->keep = KEEP_HISTORY;
	vm_draw(m, false, QEMU);
	vm_make(m);
	flash = m->rec.slots[1 + draw(m, 2)];
	vm_remove_slot(m, flash.id);
	vm_settle(m);
	slot_change(m, NISV_SLOT_DELETED, m->now_ns - (1 + draw_wide(m) % 20000) * MS, &flash);
	blur(m);
	rec = nisv_draw(m, address_in(m, &flash), UNDESCRIBED | COPIES, 0);
	finish(m, &rec);
}

/* A DIMM of QEMU's, or memory plugged into Cloud Hypervisor. */
static struct nisv_slot plug(struct maker *m)
{
	uint64_t base;

	m->ram = 256 * MIB << draw(m, 3);
	vm_draw(m, false, QEMU | CLOUD_HYPERVISOR);
	if (m->vmm == QEMU)
		snprintf(m->arguments, sizeof(m->arguments), " -m %" PRIu64 "M,slots=4,maxmem=16G",
			 m->ram / MIB);
	vm_make(m);
	base = m->vmm == QEMU ? (m->ram_end + GIB - 1) & ~(GIB - 1)
			      : (m->ram_end + 128 * MIB - 1) & ~(128 * MIB - 1);
	vm_slot(m, base, 128 * MIB << draw(m, 3), 0);
	vm_settle(m);
	return m->rec.slots[m->rec.n_slots - 1];
}

static void make_unplugged(struct maker *m)
{
	static const enum nisv_kind kinds[] = {NISV_KIND_NISV, NISV_KIND_NISV, NISV_KIND_EXEC,
					       NISV_KIND_WALK};
	struct nisv_slot dimm = plug(m);
	enum nisv_kind kind = DRAW_OF(m, kinds);
	uint64_t ipa = address_in(m, &dimm);
	struct nisv_rec_fault rec;

	m->keep |= KEEP_HISTORY;
	vm_remove_slot(m, dimm.id);
	vm_settle(m);
	slot_change(m, NISV_SLOT_CREATED, m->now_ns - 900 * SECOND, &dimm);
	slot_change(m, NISV_SLOT_DELETED, m->now_ns - (20 + draw_wide(m) % 800000) * MS, &dimm);
	blur(m);
	if (kind == NISV_KIND_NISV)
		rec = nisv_draw(m, ipa, ANY_INSN, -1);
	else
		rec = fault_draw(m, kind, kind == NISV_KIND_WALK ? ipa & ~0xfffULL : ipa);
	finish(m, &rec);
}

/* ---- changed under the guest ---------------------------------------------------------------- */

/* KVM flags the memslot while the VMM changes it: kvm_invalidate_memslot(). */
static void race_by_flag(struct maker *m, const struct nisv_slot *slot, uint64_t ipa)
{
	struct nisv_rec_fault rec = nisv_draw(m, ipa, ANY_INSN, -1);

	rec.slot = *slot;
	rec.slot.flags |= NISV_SLOT_INVALID;
	m->rec.generation += 2;
	vm_settle(m);
	finish(m, &rec);
}

/* Or it deletes it, and makes it again a moment later. */
static void race_by_history(struct maker *m, const struct nisv_slot *slot, uint64_t ipa)
{
	uint64_t before = (1 + draw(m, 4000)) * 1000, after = (1 + draw(m, 4000)) * 1000;
	struct nisv_rec_fault rec;

	m->keep |= KEEP_HISTORY;
	vm_remove_slot(m, slot->id);
	rec = nisv_draw(m, ipa, ANY_INSN, -1);
	vm_slot(m, slot->gpa, slot->size, slot->flags);
	m->rec.generation += 2;
	vm_settle(m);
	slot_change(m, NISV_SLOT_DELETED, m->now_ns - before, slot);
	slot_change(m, NISV_SLOT_CREATED, m->now_ns + after, slot);
	finish(m, &rec);
}

static void make_race(struct maker *m)
{
	struct nisv_slot slot = plug(m);
	uint64_t ipa;

	m->keep |= KEEP_SIGHT;
	if (draw_one_in(m, 2)) /* the RAM itself, resized */
		slot = m->rec.slots[0];
	ipa = address_in(m, &slot);
	if (draw_one_in(m, 2))
		race_by_flag(m, &slot, ipa);
	else
		race_by_history(m, &slot, ipa);
}

/* ---- what is behind it ---------------------------------------------------------------------- */

static const struct nisv_slot *writable_draw(struct maker *m)
{
	const struct nisv_slot *slot;

	vm_draw(m, m->is_x86, ANY_VMM);
	vm_make(m);
	do
		slot = &m->rec.slots[draw(m, m->rec.n_slots)];
	while (slot->flags & NISV_SLOT_READONLY);
	return slot;
}

static struct nisv_rec_fault backing_fault(struct maker *m, const struct nisv_slot *slot)
{
	struct nisv_rec_fault rec = fault_draw(m, NISV_KIND_BACKING, address_in(m, slot));
	uint64_t hva = slot->hva + (rec.ipa - slot->gpa);

	if (!m->is_x86 && draw_one_in(m, 2))
		rec.esr |= 1ULL << 6;
	rec.vma = (struct nisv_vma){
		.state = NISV_VMA_FOUND,
		.hva = hva,
		.start = slot->hva,
		.end = slot->hva + slot->size,
		.flags = NISV_VMA_READ | NISV_VMA_WRITE | NISV_VMA_SHARED,
	};
	return rec;
}

static void make_backing_gone(struct maker *m)
{
	const struct nisv_slot *slot = writable_draw(m);
	struct nisv_rec_fault rec = backing_fault(m, slot);

	switch (draw(m, 3)) {
	case 0: /* the VMM unmapped it */
		rec.vma = (struct nisv_vma){.state = NISV_VMA_ABSENT, .hva = rec.vma.hva};
		break;
	case 1: /* or cut the file */
		rec.vma.flags |= NISV_VMA_FILE | NISV_VMA_REGULAR;
		rec.vma.file_offset = rec.vma.hva - slot->hva;
		rec.vma.file_size = rec.vma.file_offset & ~0xffffULL;
		break;
	default: /* the kernel cannot be asked at the fault, the VMM can be looked at later */
		m->keep |= KEEP_BACKINGS;
		rec.vma = (struct nisv_vma){.state = NISV_VMA_NOT_ASKED};
		backing_add(m, slot, BACKING_NONE);
		break;
	}
	finish(m, &rec);
}

static void make_not_faultable(struct maker *m)
{
	const struct nisv_slot *slot = writable_draw(m);
	struct nisv_rec_fault rec = backing_fault(m, slot);

	switch (draw(m, 3)) {
	case 0:
		rec.vma.flags |= NISV_VMA_PFNMAP | (draw_one_in(m, 2) ? NISV_VMA_IO : 0);
		break;
	case 1:
		rec.vma.flags = 0;
		break;
	default:
		m->keep |= KEEP_BACKINGS;
		rec.vma = (struct nisv_vma){.state = NISV_VMA_NOT_ASKED};
		backing_add(m, slot, draw_one_in(m, 2) ? BACKING_VFIO : BACKING_PFNMAP);
		break;
	}
	finish(m, &rec);
}

static void make_private(struct maker *m)
{
	struct nisv_rec_fault rec;
	const struct nisv_slot *slot;

	vm_draw(m, m->is_x86, QEMU | CLOUD_HYPERVISOR | CROSVM);
	vm_make(m);
	for (uint32_t i = 0; i < m->rec.n_slots; i++)
		if (!(m->rec.slots[i].flags & NISV_SLOT_READONLY))
			m->rec.slots[i].flags |= NISV_SLOT_GUEST_MEMFD;
	vm_settle(m);
	slot = vm_slot_at(m, m->ram_base + MIB);
	rec = fault_draw(m, NISV_KIND_MEMORY_FAULT, address_in(m, slot));
	finish(m, &rec);
}

const struct random_kind random_slots[] = {
	{"cache-op-on-readonly-slot", "arm64", make_cache_op},
	{"readonly-slot-write-nisv", "arm64", make_readonly_write},
	{"flash-command-mode-read", "arm64", make_command_mode},
	{"memory-hotunplugged", "arm64", make_unplugged},
	{"memslot-update-race", "arm64", make_race},
	{"backing-gone", "arm64", make_backing_gone},
	{"backing-gone", "x86_64", make_backing_gone},
	{"backing-not-faultable", "arm64", make_not_faultable},
	{"backing-not-faultable", "x86_64", make_not_faultable},
	{"private-memory-fault", "arm64", make_private},
	{"private-memory-fault", "x86_64", make_private},
	{0},
};
