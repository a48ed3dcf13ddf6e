/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Fetches, table walks, addresses past the limit, guests of a kind of their own. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/corpus/constructed/random_kit.h"

#define ANY_INSN       (UNDESCRIBED | COPIES | CLASS(INSN_ATOMIC))
#define FSC_MASK       0x3fULL
#define FSC_PERMISSION 0x0cULL

/* ---- fetches -------------------------------------------------------------------------------- */

static void fetch(struct maker *m, uint64_t ipa)
{
	struct nisv_rec_fault rec = fault_draw(m, NISV_KIND_EXEC, ipa & ~3ULL);

	if (draw_one_in(m, 3))
		fault_is_early(m, &rec);
	finish(m, &rec);
}

static void make_exec_device(struct maker *m)
{
	struct vgic_frame frames[VGIC_FRAMES_MAX];
	uint32_t n;

	vm_draw(m, false, ANY_VMM);
	vm_make(m);
	n = (uint32_t)layout_vgic_frames(&m->c->layout, frames);
	if (draw_one_in(m, 3)) {
		const struct vgic_frame *frame = &frames[draw(m, n)];

		fetch(m, draw_in(m, frame->base, frame->base + frame->size, 4));
	} else {
		/* A map that is not certain leaves but a jump. */
		m->keep = KEEP_CMDLINE;
		fetch(m, device_draw(m, 4));
	}
}

static void make_jump(struct maker *m)
{
	vm_draw(m, false, ANY_VMM);
	vm_make(m);
	fetch(m, empty_draw(m, 0, 1ULL << 38, PAGE));
}

/* ---- table walks ---------------------------------------------------------------------------- */

static void walk(struct maker *m, struct nisv_rec_fault *rec, uint64_t far)
{
	rec->far = far;
	rec->pstate &= ~0xfULL | 5;
	rec->sys.sctlr |= 1;
	rec->walk = (struct nisv_walk){.va = far, .state = NISV_WALK_NONE};
	if (draw_one_in(m, 2))
		rec->esr |= 1ULL << 6;
	finish(m, rec);
}

static uint64_t va_draw(struct maker *m)
{
	uint64_t offset = draw_wide(m) & 0x7ffffffff8;

	return draw_one_in(m, 2) ? 0xffff800000000000 + offset : offset;
}

static void make_table_nowhere(struct maker *m)
{
	struct nisv_rec_fault rec;
	uint64_t far = va_draw(m);

	vm_draw(m, false, ANY_VMM);
	vm_make(m);
	rec = fault_draw(m, NISV_KIND_WALK, empty_draw(m, 0, 1ULL << 38, PAGE) & ~0xfffULL);
	if (draw_one_in(m, 2))
		*(far >> 55 & 1 ? &rec.sys.ttbr1 : &rec.sys.ttbr0) = rec.ipa;
	walk(m, &rec, far);
}

/* The host's CPU cuts the address of a table above 4 GiB: domain.md case 15. */
static void make_truncated(struct maker *m)
{
	struct nisv_rec_fault rec;
	uint64_t real, ipa;

	m->keep = KEEP_SIGHT;
	m->is_a32 = true;
	m->ram = (6 + draw(m, 10)) * GIB;
	vm_draw(m, false, QEMU | CLOUD_HYPERVISOR);
	vm_make(m);
	do {
		real = draw_in(m, 4 * GIB, m->vmm == QEMU ? m->ram_end : 4 * GIB + m->ram / 2,
			       PAGE);
		ipa = real & UINT32_MAX;
	} while (vm_slot_at(m, ipa));
	rec = fault_draw(m, NISV_KIND_WALK, ipa);
	rec.sys.ttbr0 = real;
	rec.far = 0xc0000000 | draw(m, 0x3000000) << 4;
	note(m, "real 0x%" PRIx64 "; ", real);
	finish(m, &rec);
}

static struct nisv_rec_fault walk_in_flash(struct maker *m)
{
	const struct nisv_slot *flash;

	vm_draw(m, false, QEMU);
	vm_make(m);
	flash = &m->rec.slots[1 + draw(m, 2)];
	return fault_draw(m, NISV_KIND_WALK,
			  draw_in(m, flash->gpa, flash->gpa + flash->size, PAGE));
}

static void make_host_bug(struct maker *m)
{
	static const char *const old[] = {"5.10.100", "5.15.80", "5.4.200", "6.1.5", "6.0.9"};
	struct nisv_rec_fault rec;

	snprintf(m->c->host.kernel, sizeof(m->c->host.kernel), "%s", DRAW_OF(m, old));
	rec = walk_in_flash(m);
	walk(m, &rec, va_draw(m));
}

/* The access flag or the dirty state of an entry is to be written: whatever the kernel is. */
static void make_table_readonly(struct maker *m)
{
	struct nisv_rec_fault rec = walk_in_flash(m);

	rec.esr = (rec.esr & ~FSC_MASK) | FSC_PERMISSION | (rec.esr & 3);
	walk(m, &rec, va_draw(m));
}

/* ---- limits --------------------------------------------------------------------------------- */

static void beyond(struct maker *m, bool of_host)
{
	struct nisv_rec_fault rec;
	uint32_t bits;

	vm_draw(m, false, ANY_VMM);
	vm_make(m);
	bits = m->ipa_bits;
	rec = fault_draw(m, NISV_KIND_BEYOND_IPA,
			 draw_in(m, 1ULL << bits, of_host ? 1ULL << 52 : 1ULL << (bits + 3), 16));
	rec.is_beyond_host = of_host;
	finish(m, &rec);
}

static void make_beyond_ipa(struct maker *m)
{
	beyond(m, false);
}

static void make_beyond_parange(struct maker *m)
{
	beyond(m, true);
}

/* ---- other guests --------------------------------------------------------------------------- */

static void make_nested(struct maker *m)
{
	struct nisv_rec_fault rec;

	vm_draw(m, false, QEMU);
	strcpy(m->machine_options, ",virtualization=on");
	vm_make(m);
	/* Of the nested guest's own space: any address. */
	rec = fault_draw(m, NISV_KIND_EXEC, draw_in(m, 0, 4 * GIB, 16));
	rec.nested = NISV_NESTED_OWN;
	finish(m, &rec);
}

static void make_protected(struct maker *m)
{
	struct nisv_rec_fault rec;

	m->keep = KEEP_GUEST;
	m->rec.is_protected = 1;
	vm_draw(m, false, CROSVM);
	strcpy(m->arguments, " --protected-vm");
	vm_make(m);
	guest_view_set(&m->c->guest, GUEST_PROTECTED, "protected");
	rec = nisv_draw(m, device_draw(m, 4), ANY_INSN, -1);
	rec.insn_state = NISV_INSN_PROTECTED;
	finish(m, &rec);
}

const struct random_kind random_cpu[] = {
	{"exec-from-device", "arm64", make_exec_device},
	{"jumped-to-unmapped", "arm64", make_jump},
	{"uninitialised-page-table", "arm64", make_table_nowhere},
	{"s1ptw-truncated-ipa-erratum", "arm64", make_truncated},
	{"host-kernel-s1ptw-ro-bug", "arm64", make_host_bug},
	{"pagetable-in-readonly-slot", "arm64", make_table_readonly},
	{"beyond-ipa-limit", "arm64", make_beyond_ipa},
	{"beyond-parange", "arm64", make_beyond_parange},
	{"nested-guest-fault", "arm64", make_nested},
	{"pvm-injected-sea", "arm64", make_protected},
	{0},
};
