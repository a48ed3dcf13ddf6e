/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_STAGE1_BPF_H
#define NISV_STAGE1_BPF_H

/*
 * arm64: read the instruction at a guest virtual address. The guest chooses its translation tables,
 * so every step is hostile: bounded levels, memory found through the slots only, device memory of
 * the host never touched, and a fault-free read of the VMM's address space, which is the current
 * one because we run in the vCPU's thread.
 */

#include "memslots.bpf.h"

#define PSTATE_NRW (1ULL << 4) /* AArch32 */

/* SCTLR_EL1, TCR_EL1 fields: Arm ARM, D "AArch64 System Register Descriptions". */
#define SCTLR_M	  (1ULL << 0)
#define SCTLR_EE  (1ULL << 25)
#define TCR_EPD0  (1ULL << 7)
#define TCR_EPD1  (1ULL << 23)
#define TCR_DS	  (1ULL << 59)
#define TCR_IPS52 6

/* include/linux/mm.h, unchanged from 5.10 to 7.3. */
#define VM_PFNMAP 0x00000400UL
#define VM_IO	  0x00004000UL

struct vma_answer {
	bool found;
	bool is_io;
};

static long vma_look(struct task_struct *task, struct vm_area_struct *vma,
		     struct vma_answer *answer)
{
	answer->found = true;
	answer->is_io = vma->vm_flags & (VM_IO | VM_PFNMAP);
	return 0;
}

/* Read @size bytes of guest memory at @gpa, which must not cross a page. */
static __noinline u32 guest_read(u64 memslots, u64 gpa, void *to, u32 size)
{
	u64 gfn = gpa >> GFN_SHIFT;
	u64 slot = slot_at_or_below(memslots, gfn);
	struct vma_answer answer = {};
	u64 hva;

	if (!slot_contains(slot, gfn) || !slot_is_memory(slot, false))
		return NISV_INSN_NO_SLOT;
	hva = READ(kvm_memory_slot, slot, userspace_addr) +
	      ((gfn - READ(kvm_memory_slot, slot, base_gfn)) << GFN_SHIFT) +
	      (gpa & ((1 << GFN_SHIFT) - 1));
	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_find_vma))
		return NISV_INSN_UNSAFE;
	/* -EBUSY where another thread changes the address space just now, -ENOENT: no mapping. */
	if (bpf_find_vma((struct task_struct *)bpf_get_current_task_btf(), hva, vma_look, &answer,
			 0) ||
	    !answer.found)
		return NISV_INSN_UNREADABLE;
	if (answer.is_io)
		return NISV_INSN_IO_MEMORY;
	return bpf_probe_read_user(to, size, (void *)hva) ? NISV_INSN_UNREADABLE : NISV_INSN_OK;
}

/* The translation regime of one half of the address space. */
struct stage1 {
	u64 table;	/* address of the first table */
	u64 va;		/* the address to translate, without the bits above the input size */
	u32 bits;	/* input size */
	u32 page_shift; /* 12, 14 or 16 */
	bool lpa2;	/* 52-bit descriptors of 4 and 16 KiB granules */
};

/* TCR_EL1.TG0 and TG1 encode the granule differently. */
static __always_inline u32 granule_shift(bool high, u32 tg)
{
	if (high)
		return tg == 1 ? 14 : tg == 2 ? 12 : tg == 3 ? 16 : 0;
	return tg == 0 ? 12 : tg == 1 ? 16 : tg == 2 ? 14 : 0;
}

static __always_inline bool stage1_setup(const struct nisv_sysregs *sys, u64 va, struct stage1 *s)
{
	bool high = va >> 55 & 1;
	u64 ttbr = high ? sys->ttbr1 : sys->ttbr0;
	u32 tsz = (high ? sys->tcr >> 16 : sys->tcr) & 0x3f;
	u64 top;

	if (sys->tcr & (high ? TCR_EPD1 : TCR_EPD0))
		return false;
	s->page_shift = granule_shift(high, (high ? sys->tcr >> 30 : sys->tcr >> 14) & 3);
	s->bits = 64 - tsz;
	if (!s->page_shift || s->bits <= s->page_shift || s->bits > 52)
		return false;
	/* Bits 55 down to the input size repeat bit 55; those above may be a tag. */
	top = (va << 8) >> 8 >> s->bits;
	if (top != (high ? ((1ULL << 56) - 1) >> s->bits : 0))
		return false;
	s->lpa2 = s->page_shift != 16 && (sys->tcr & TCR_DS);
	s->va = va & ((1ULL << s->bits) - 1);
	s->table = ttbr & 0x0000fffffffffffeULL;
	/* Output addresses of 52 bits: bits 51:48 of the table are in TTBR bits 5:2. */
	if (s->lpa2 || (s->page_shift == 16 && (sys->tcr >> 32 & 7) == TCR_IPS52))
		s->table = (s->table & ~0x3fULL) | (ttbr & 0x3c) << 46;
	return true;
}

/* The output address in a descriptor (Arm ARM, D8.3 "VMSAv8-64 translation table format"). */
static __always_inline u64 descriptor_address(const struct stage1 *s, u64 desc)
{
	u64 address;

	if (s->lpa2)
		return (desc & 0x0003fffffffff000ULL) | (desc >> 8 & 3) << 50;
	address = desc & 0x0000fffffffff000ULL;
	if (s->page_shift == 16)
		address = (address & ~0xf000ULL) | (desc & 0xf000) << 36;
	return address;
}

#define MAX_LEVELS 5 /* level -1 to 3 */

/* Translate by walking the guest's tables: NISV_INSN_OK and *ipa, or why not. */
static __noinline u32 stage1_walk(u64 memslots, const struct nisv_sysregs *sys, u64 va, u64 *ipa)
{
	struct stage1 s = {};
	u32 stride, shift, i;

	if (!stage1_setup(sys, va, &s))
		return NISV_INSN_STAGE1;
	stride = s.page_shift - 3;
	/* The first table resolves what is left of the input size above whole strides. */
	shift = s.page_shift + (s.bits - s.page_shift - 1) / stride * stride;
	/* A table is aligned to its size: the bits below are not address (CnP, and others). */
	s.table &= ~((8ULL << (s.bits - shift)) - 1);
	for (i = 0; i < MAX_LEVELS; i++) {
		u64 index = (s.va >> (shift & 63)) & ((1ULL << stride) - 1);
		u64 desc = 0;
		u32 state = guest_read(memslots, s.table + index * 8, &desc, sizeof(desc));

		if (state != NISV_INSN_OK)
			return state;
		if (sys->sctlr & SCTLR_EE)
			desc = __builtin_bswap64(desc);
		if (!(desc & 1) || (shift == s.page_shift && !(desc & 2)))
			return NISV_INSN_STAGE1;
		s.table = descriptor_address(&s, desc);
		if (shift == s.page_shift || !(desc & 2)) {
			u64 offset = (1ULL << (shift & 63)) - 1;

			*ipa = (s.table & ~offset) | (s.va & offset);
			return NISV_INSN_OK;
		}
		shift -= stride;
	}
	return NISV_INSN_STAGE1;
}

/* Fill the instruction of a record whose pc, pstate and system registers are filled. */
static __always_inline void insn_read(u64 kvm, struct nisv_rec_fault *rec)
{
	u64 memslots = vm_memslots(kvm);
	u64 ipa = rec->pc;
	u32 insn = 0;

	if (rec->sysregs_state != NISV_SYSREGS_CURRENT) {
		rec->insn_state = NISV_INSN_NO_SYSREGS;
		return;
	}
	if (rec->sys.sctlr & SCTLR_M) {
		/* AArch32 guests have other table formats. */
		rec->insn_state = rec->pstate & PSTATE_NRW
					  ? NISV_INSN_NONE
					  : stage1_walk(memslots, &rec->sys, rec->pc, &ipa);
		if (rec->insn_state != NISV_INSN_OK)
			return;
	}
	rec->insn_ipa = ipa;
	rec->insn_state = guest_read(memslots, ipa, &insn, sizeof(insn));
	if (rec->insn_state == NISV_INSN_OK) {
		rec->insn_len = sizeof(insn);
		__builtin_memcpy(rec->insn, &insn, sizeof(insn));
	}
}

#endif
