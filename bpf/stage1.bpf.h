/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_STAGE1_BPF_H
#define NISV_STAGE1_BPF_H

/*
 * arm64: the guest's own translation, with the EL1 registers of a vCPU's pending record. The guest
 * chooses its tables, so every step is hostile: the levels are bounded, memory is that of
 * guestmem.bpf.h.
 */

#include "guestmem.bpf.h"

/* SCTLR_EL1, TCR_EL1 fields: Arm ARM, D "AArch64 System Register Descriptions". */
#define SCTLR_M	  (1ULL << 0)
#define SCTLR_E0E (1ULL << 24)
#define SCTLR_EE  (1ULL << 25)
#define TCR_EPD0  (1ULL << 7)
#define TCR_EPD1  (1ULL << 23)
#define TCR_DS	  (1ULL << 59)
#define TCR_IPS52 6

/* The translation regime of one half of the address space. */
struct stage1 {
	u64 table;	/* address of the first table */
	u64 va;		/* the address to translate, without the bits above the input size */
	u32 bits;	/* input size */
	u32 page_shift; /* 12, 14 or 16 */
	u32 block_max;	/* the largest block, as a shift */
	bool lpa2;	/* 52-bit descriptors of 4 and 16 KiB granules */
};

/* TCR_EL1.TG0 and TG1 encode the granule differently. */
static __always_inline u32 granule_shift(bool high, u32 tg)
{
	if (high)
		return tg == 1 ? 14 : tg == 2 ? 12 : tg == 3 ? 16 : 0;
	return tg == 0 ? 12 : tg == 1 ? 16 : tg == 2 ? 14 : 0;
}

/* The largest block: 512 GiB, 64 GiB or 4 TiB where addresses have 52 bits, else 1 GiB, 32 MiB or
 * 512 MiB (Arm ARM, D8.3.1.2 "Block descriptor").
 */
static __always_inline u32 largest_block(u32 page_shift, bool is_52)
{
	if (page_shift == 12)
		return is_52 ? 39 : 30;
	if (page_shift == 14)
		return is_52 ? 36 : 25;
	return is_52 ? 42 : 29;
}

static __always_inline bool stage1_setup(const struct nisv_sysregs *sys, u64 va, struct stage1 *s)
{
	bool high = va >> 55 & 1, is_52;
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
	is_52 = s->lpa2 || (s->page_shift == 16 && (sys->tcr >> 32 & 7) == TCR_IPS52);
	s->block_max = largest_block(s->page_shift, is_52);
	s->va = va & ((1ULL << s->bits) - 1);
	s->table = ttbr & 0x0000fffffffffffeULL;
	/* Output addresses of 52 bits: bits 51:48 of the table are in TTBR bits 5:2. */
	if (is_52)
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

/*
 * One level: read the descriptor that translates the bits from @shift on, follow it. The table's
 * next one is in s->table then, or the translation is done.
 */
static __always_inline u32 stage1_step(struct vcpu_state *v, struct stage1 *s, u32 shift)
{
	u64 index = (s->va >> (shift & 63)) & ((1ULL << (s->page_shift - 3)) - 1);
	u64 offset = (1ULL << (shift & 63)) - 1, desc;
	struct nisv_walk *walk = &v->look.walk;
	struct nisv_walk_step *step;
	u32 state;

	walk->out = s->table + index * 8;
	state = guest_read(vcpu_refer(v), walk->out, sizeof(desc));
	if (state != NISV_WALK_DONE)
		return state;
	if (walk->n_steps >= NISV_WALK_STEPS)
		return NISV_WALK_INVALID;
	desc = v->look.word;
	if (v->pending.sys.sctlr & SCTLR_EE)
		desc = __builtin_bswap64(desc);
	step = &walk->step[walk->n_steps++];
	step->address = walk->out;
	step->descriptor = desc;
	step->level = 3 - (s32)((shift - s->page_shift) / (s->page_shift - 3));
	walk->out = 0;
	if (!(desc & 1))
		return NISV_WALK_INVALID;
	s->table = descriptor_address(s, desc);
	if (desc & 2 && shift != s->page_shift)
		return NISV_WALK_NONE;
	/* Bit 1 says page at the last level, table at others: without it, a block or nothing. */
	if (!(desc & 2) && (shift == s->page_shift || shift > s->block_max))
		return NISV_WALK_INVALID;
	walk->out = (s->table & ~offset) | (s->va & offset);
	return NISV_WALK_DONE;
}

static __always_inline u32 stage1_follow(struct vcpu_state *v)
{
	u32 stride, shift, state, i;
	struct stage1 s = {};

	if (!stage1_setup(&v->pending.sys, v->look.walk.va, &s))
		return NISV_WALK_REFUSED;
	stride = s.page_shift - 3;
	/* The first table resolves what is left of the input size above whole strides. */
	shift = s.page_shift + (s.bits - s.page_shift - 1) / stride * stride;
	/* A table is aligned to its size: the bits below are not address (CnP, and others). */
	s.table &= ~((8ULL << (s.bits - shift)) - 1);
	/* Unrolled: clang lets the loop fall through into its head, which the verifier refuses. */
#pragma clang loop unroll(full)
	for (i = 0; i < NISV_WALK_STEPS; i++) {
		state = stage1_step(v, &s, shift);
		if (state != NISV_WALK_NONE)
			return state;
		shift -= stride;
	}
	return NISV_WALK_INVALID;
}

/*
 * Translate an address for a vCPU, in AArch64's tables, into its look.walk; returns the state of
 * that.
 */
__noinline u32 stage1_walk(vcpu_ref ref, u64 va)
{
	struct vcpu_state *v = vcpu_referred(ref);
	struct nisv_walk *walk;

	if (!v)
		return NISV_WALK_UNREADABLE;
	walk = &v->look.walk;
	__builtin_memset(walk, 0, sizeof(*walk));
	walk->va = va;
	if (v->pending.sys.sctlr & SCTLR_M) {
		walk->state = stage1_follow(v);
	} else {
		walk->out = va;
		walk->state = NISV_WALK_MMU_OFF;
	}
	return walk->state;
}

/* Read @size bytes at a virtual address, all in one page, into the vCPU's look.word. */
__noinline u32 virtual_read(vcpu_ref ref, u64 va, u64 size)
{
	struct vcpu_state *v = vcpu_referred(ref);
	u32 state = stage1_walk(ref, va);

	if (!v)
		return NISV_WALK_UNREADABLE;
	if (state != NISV_WALK_DONE && state != NISV_WALK_MMU_OFF)
		return state;
	return guest_read(vcpu_refer(v), v->look.walk.out, size);
}

#endif
