/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_CONTEXT_ARM64_BPF_H
#define NISV_CONTEXT_ARM64_BPF_H

/* arm64: what the guest's memory says of a fault: the walk, the instruction, the callers. */

#include "backtrace.bpf.h"
#include "layout.bpf.h"
#include "stage1.bpf.h"
#include "syndrome.bpf.h"

/* PSTATE as SPSR_EL2 has it (Arm ARM, "SPSR_EL2"). */
#define PSTATE_NRW	  (1ULL << 4) /* AArch32 */
#define PSTATE_T	  (1ULL << 5) /* of AArch32: T32 */
#define PSTATE_EL(pstate) ((pstate) >> 2 & 3)

#define REG_FP 29
#define REG_LR 30

/* What may be there from a first look, with the registers as they were then. */
static __always_inline void context_clear(struct nisv_rec_fault *rec)
{
	__builtin_memset(&rec->walk, 0, sizeof(rec->walk));
	__builtin_memset(&rec->backtrace, 0, sizeof(rec->backtrace));
	__builtin_memset(rec->insn, 0, sizeof(rec->insn));
	rec->insn_state = NISV_INSN_NONE;
	rec->insn_ipa = 0;
	rec->insn_len = 0;
	rec->code_len = 0;
	__builtin_memset(rec->code, 0, sizeof(rec->code));
}

static __always_inline bool is_aarch32(const struct nisv_rec_fault *rec)
{
	return rec->pstate & PSTATE_NRW;
}

/* Addresses of AArch32 have 32 bits, also where AArch64's tables translate them. */
static __always_inline u64 address_of(const struct nisv_rec_fault *rec, u64 va)
{
	return is_aarch32(rec) ? (u32)va : va;
}

/* The tables of an AArch32 EL1 are others; those of an AArch64 EL1 translate its AArch32 EL0 too.
 */
static __always_inline bool has_foreign_tables(const struct vcpu_state *v)
{
	return is_aarch32(&v->pending) && v->pending.sys.sctlr & SCTLR_M && vm_32bit(v->key.vm.kvm);
}

/*
 * May this address be translated with the registers at hand? Those of the fault's own walk were
 * right, and so were those of its half of the address space, if it agrees.
 */
static __always_inline bool regime_is_known(const struct nisv_rec_fault *rec, u64 va)
{
	return rec->sysregs_state == NISV_SYSREGS_CURRENT ||
	       (rec->walk.agrees && !((va ^ rec->walk.va) >> 55 & 1));
}

/* ---- the walk ---- */

/* Without translation the output is the address itself: that fits wherever a guest maps so. */
static __always_inline bool walk_agrees(const struct nisv_rec_fault *rec)
{
	const struct nisv_walk *walk = &rec->walk;
	u64 page = rec->ipa >> PAGE_SHIFT;
	bool is_output =
		walk->state == NISV_WALK_DONE ||
		(walk->state == NISV_WALK_MMU_OFF && rec->sysregs_state == NISV_SYSREGS_CURRENT);
	u32 i;

	if (!(rec->esr & ESR_S1PTW))
		return is_output && walk->out >> PAGE_SHIFT == page;
	for (i = 0; i < NISV_WALK_STEPS && i < walk->n_steps; i++)
		if (walk->step[i].address >> PAGE_SHIFT == page)
			return true;
	return walk->state != NISV_WALK_DONE && walk->state != NISV_WALK_MMU_OFF && walk->out &&
	       walk->out >> PAGE_SHIFT == page;
}

/* Translate what faulted, and see whether that is what the CPU found. */
static __always_inline void walk_read(struct vcpu_state *v)
{
	struct nisv_rec_fault *rec = &v->pending;

	if (!is_abort(rec->esr))
		return;
	if (has_foreign_tables(v)) {
		rec->walk.state = NISV_WALK_FOREIGN;
		return;
	}
	stage1_walk(vcpu_refer(v), address_of(rec, rec->far));
	rec->walk = v->look.walk;
	rec->walk.agrees = walk_agrees(rec);
}

/* ---- the instruction ---- */

/* A halfword of T32 that begins an instruction of two: Arm ARM, F3.1 "T32 instruction set
 * encoding".
 */
static __always_inline bool is_wide(u16 halfword)
{
	return halfword >> 11 >= 0x1d;
}

static __always_inline u32 insn_state(u32 walk_state)
{
	if (walk_state == NISV_WALK_REFUSED)
		return NISV_INSN_STAGE1;
	return walk_state == NISV_WALK_FOREIGN ? NISV_INSN_NONE : walk_state;
}

/* Add @size bytes from @pc on to the instruction. */
static __always_inline u32 insn_append(struct vcpu_state *v, u64 pc, u64 size)
{
	struct nisv_rec_fault *rec = &v->pending;
	u32 state = virtual_read(vcpu_refer(v), pc, size);
	u32 at = rec->insn_len;

	if (!at &&
	    (v->look.walk.state == NISV_WALK_DONE || v->look.walk.state == NISV_WALK_MMU_OFF))
		rec->insn_ipa = v->look.walk.out;
	if (state == NISV_WALK_DONE) {
		__builtin_memcpy(rec->insn + (at ? 2 : 0), &v->look.word, 4);
		rec->insn_len = at + size;
	}
	return insn_state(state);
}

/* An instruction of T32 may begin on one page and end on another, and one of 16 bits need not. */
static __always_inline void insn_read(struct vcpu_state *v)
{
	struct nisv_rec_fault *rec = &v->pending;
	bool is_t32 = is_aarch32(rec) && rec->pstate & PSTATE_T;
	u64 pc = address_of(rec, rec->pc);

	if (is_iabt(rec->esr))
		return;
	if (!regime_is_known(rec, pc)) {
		rec->insn_state = NISV_INSN_NO_SYSREGS;
		return;
	}
	if (has_foreign_tables(v))
		return;
	rec->insn_state = insn_append(v, pc, is_t32 ? 2 : 4);
	if (is_t32 && rec->insn_state == NISV_INSN_OK && is_wide(v->look.word))
		rec->insn_state = insn_append(v, pc + 2, 2);
	if (rec->insn_state == NISV_INSN_OK && rec->insn_ipa)
		code_read(vcpu_refer(v), rec->insn_ipa);
}

/* ---- the callers ---- */

static __always_inline u32 data_read(struct vcpu_state *v, u64 va, u64 size)
{
	const struct nisv_rec_fault *rec = &v->pending;
	u32 state;

	if (!regime_is_known(rec, va))
		return NISV_WALK_NO_SYSREGS;
	state = virtual_read(vcpu_refer(v), va, size);
	if (rec->sys.sctlr & (PSTATE_EL(rec->pstate) ? SCTLR_EE : SCTLR_E0E))
		v->look.word = __builtin_bswap64(v->look.word);
	return state;
}

static __always_inline void backtrace_read(struct vcpu_state *v)
{
	struct nisv_rec_fault *rec = &v->pending;

	if (is_aarch32(rec))
		return;
	rec->backtrace.frame[0] = rec->gpr[REG_LR];
	rec->backtrace.n = 1;
	backtrace_follow(vcpu_refer(v), rec->gpr[REG_FP], sizeof(u64));
}

/* An L2 guest's addresses are those of another VM, and EL2 has registers of its own. */
__noinline int context_fill(vcpu_ref ref)
{
	struct vcpu_state *v = vcpu_referred(ref);
	struct nisv_rec_fault *rec;

	if (!v || !inspect_guest_memory)
		return 0;
	rec = &v->pending;
	if (rec->nested || (!is_aarch32(rec) && PSTATE_EL(rec->pstate) > 1))
		return 0;
	context_clear(rec);
	if (vm_protected(v->key.vm.kvm)) {
		rec->walk.state = NISV_WALK_PROTECTED;
		rec->insn_state = is_iabt(rec->esr) ? NISV_INSN_NONE : NISV_INSN_PROTECTED;
		return 0;
	}
	if (!HAS(SYSREGS)) {
		rec->insn_state = is_iabt(rec->esr) ? NISV_INSN_NONE : NISV_INSN_NO_SYSREGS;
		return 0;
	}
	look_begin(&v->look, v->key.vm.kvm);
	walk_read(v);
	insn_read(v);
	backtrace_read(v);
	return 0;
}

#endif
