/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_PAGING_X86_BPF_H
#define NISV_PAGING_X86_BPF_H

/*
 * x86: the guest's own paging, with the control registers of a vCPU's pending record (Intel SDM
 * vol. 3, chapter "Paging"). The guest chooses its tables: see guestmem.bpf.h.
 */

#include "guestmem.bpf.h"

#define CR0_PG	 (1ULL << 31)
#define CR4_PSE	 (1ULL << 4)
#define CR4_PAE	 (1ULL << 5)
#define CR4_LA57 (1ULL << 12)
#define EFER_LMA (1ULL << 10)

#define ENTRY_P	      (1ULL << 0)
#define ENTRY_PS      (1ULL << 7)
#define ENTRY_ADDRESS 0x000ffffffffff000ULL

#define PAGING_LEVELS 5

struct paging {
	u64 table;
	u32 levels;
	u32 entry;  /* bytes */
	u32 stride; /* bits of an address that a level translates */
	bool is_long, has_large;
};

static __always_inline void paging_setup(const struct vcpu_state *v, struct paging *p)
{
	u64 cr3 = v->pending.sys.ttbr0, cr4 = v->pending.sys.tcr;

	p->is_long = READ(kvm_vcpu, v->key.vcpu, arch.efer) & EFER_LMA;
	p->has_large = p->is_long || cr4 & (CR4_PAE | CR4_PSE);
	p->entry = 8;
	p->stride = 9;
	if (p->is_long) {
		p->levels = cr4 & CR4_LA57 ? 5 : 4;
		p->table = cr3 & ENTRY_ADDRESS;
	} else if (cr4 & CR4_PAE) {
		p->levels = 3;
		p->table = cr3 & 0xffffffe0;
	} else {
		p->levels = 2;
		p->table = cr3 & 0xfffff000;
		p->entry = 4;
		p->stride = 10;
	}
}

/* 1 GiB pages exist in long mode only, above the level of 2 MiB and 4 MiB. */
static __always_inline bool is_page(const struct paging *p, u64 entry, u32 shift)
{
	if (shift == 12)
		return true;
	return entry & ENTRY_PS && p->has_large && (shift < 30 || (shift == 30 && p->is_long));
}

static __always_inline u64 page_address(const struct paging *p, u64 entry, u32 shift)
{
	/* A page of 4 MiB has bits 39:32 of its address in bits 20:13 of its entry. */
	if (p->entry == 4 && shift != 12)
		entry = (entry & 0xffc00000) | (entry & 0x001fe000) << 19;
	return entry & ENTRY_ADDRESS & ~((1ULL << (shift & 63)) - 1);
}

/* Translate a linear address for a vCPU into its look.walk.out; an enum nisv_walk_state. */
__noinline u32 linear_walk(vcpu_ref ref, u64 va)
{
	struct vcpu_state *v = vcpu_referred(ref);
	struct paging p = {};
	u32 shift, state, i;
	u64 at;

	if (!v)
		return NISV_WALK_UNREADABLE;
	v->look.walk.out = va;
	if (!HAS(SYSREGS))
		return NISV_WALK_NO_SYSREGS;
	if (!(v->pending.sys.sctlr & CR0_PG))
		return NISV_WALK_MMU_OFF;
	paging_setup(v, &p);
	for (i = 0; i < PAGING_LEVELS && i < p.levels; i++) {
		shift = 12 + p.stride * (p.levels - 1 - i);
		at = va >> (shift & 63) & ((1ULL << p.stride) - 1);
		state = guest_read(vcpu_refer(v), p.table + at * p.entry, p.entry);
		if (state != NISV_WALK_DONE)
			return state;
		if (!(v->look.word & ENTRY_P))
			return NISV_WALK_INVALID;
		if (is_page(&p, v->look.word, shift)) {
			v->look.walk.out = page_address(&p, v->look.word, shift) |
					   (va & ((1ULL << (shift & 63)) - 1));
			return NISV_WALK_DONE;
		}
		p.table = v->look.word & ENTRY_ADDRESS;
	}
	return NISV_WALK_INVALID;
}

#endif
