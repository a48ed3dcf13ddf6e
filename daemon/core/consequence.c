/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/consequence.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * Arm ARM DDI 0487, D1.3.1.5 "Exception vectors": synchronous exceptions enter at 0x000 (current
 * EL, SP_EL0), 0x200 (current EL, SP_ELx), 0x400 (lower EL, AArch64), 0x600 (lower EL, AArch32).
 */
#define VECTORS_SIZE   0x800ULL
#define VECTOR_SP0     0x000ULL
#define VECTOR_SPX     0x200ULL
#define VECTOR_LOWER   0x400ULL
#define VECTOR_LOWER32 0x600ULL
/* Of each four entries the first is that of synchronous exceptions. */
#define VECTOR_ENTRY_SIZE  0x80ULL
#define VECTOR_KIND_STRIDE 0x200ULL

/* PSTATE as an exception leaves it: EL1 with SP_EL1, DAIF masked (Arm ARM D1.3.2). */
#define PSTATE_MODE	 0x1fULL
#define PSTATE_NRW	 0x10ULL
#define PSTATE_MODE_EL0T 0x00ULL
#define PSTATE_MODE_EL1T 0x04ULL
#define PSTATE_MODE_EL1H 0x05ULL
#define PSTATE_DAIF	 0x3c0ULL

/*
 * ESR_EL1 of an injected abort (inject_abt64(), kvm_inject_size_fault()): a synchronous external
 * abort, on a table walk, too; beyond the IPA space it is an address size fault of level 0. 0x11 is
 * no external abort (Arm ARM, ESR_EL1.DFSC).
 */
#define ESR_EC(esr)	    ((esr) >> 26 & 0x3f)
#define ESR_FSC(esr)	    ((esr)&0x3f)
#define EC_IABT_LOWER	    0x20
#define EC_DABT_SAME	    0x25
#define FSC_ADDRESS_SIZE_L0 0x00
#define FSC_SEA		    0x10
#define FSC_SEA_WALK_FIRST  0x12
#define FSC_SEA_WALK_LAST   0x17

_Static_assert(FAULTMAP_SITES_MAX < CONSEQUENCE_NONE, "site numbers fit");

/* An earlier fault, and the site of the cause it belongs to: its own or that which it follows from.
 */
struct earlier {
	const struct site *site;
	uint16_t index;
	uint16_t cause;
};

struct search {
	struct earlier earlier[FAULTMAP_DETAILS_MAX]; /* in the order in which they happened */
	size_t n;
};

static bool may_be_vector(const struct site *site)
{
	return site->kind == NISV_KIND_EXEC || site->kind == NISV_KIND_WALK ||
	       site->kind == NISV_KIND_BEYOND_IPA;
}

/* Which entry an exception takes from where @cause ran; nested ones come from EL1 with SP_EL1. */
static bool is_sync_vector(uint64_t offset, const struct nisv_rec_fault *cause)
{
	if (offset == VECTOR_SPX)
		return true;
	if (cause->pstate & PSTATE_NRW)
		return offset == VECTOR_LOWER32;
	switch (cause->pstate & PSTATE_MODE) {
	case PSTATE_MODE_EL0T:
		return offset == VECTOR_LOWER;
	case PSTATE_MODE_EL1T:
		return offset == VECTOR_SP0;
	default:
		return false;
	}
}

/* In a handler that has not touched PSTATE yet. */
static bool in_handler(const struct nisv_rec_fault *rec)
{
	return (rec->pstate & PSTATE_MODE) == PSTATE_MODE_EL1H &&
	       (rec->pstate & PSTATE_DAIF) == PSTATE_DAIF;
}

static bool is_current(const struct nisv_rec_fault *rec)
{
	return rec && rec->sysregs_state == NISV_SYSREGS_CURRENT;
}

static bool is_fetch(const struct site *site)
{
	return ESR_EC(site->esr) == EC_IABT_LOWER;
}

/* KVM answers these with an abort; what it leaves to the VMM may be skipped or served as well. */
static bool is_injected(const struct site *site)
{
	return may_be_vector(site) || site->outcome == NISV_OUTCOME_ABORT_INJECTED;
}

/* The last exception the guest took, as its own registers tell it, is the abort at @cause. */
static bool came_from(const struct nisv_rec_fault *rec, const struct site *cause)
{
	uint64_t ec = ESR_EC(rec->sys.esr), fsc = ESR_FSC(rec->sys.esr);

	if (rec->sys.elr != cause->pc || ec < EC_IABT_LOWER || ec > EC_DABT_SAME)
		return false;
	if (cause->kind == NISV_KIND_BEYOND_IPA && fsc == FSC_ADDRESS_SIZE_L0)
		return true;
	return fsc == FSC_SEA || (fsc >= FSC_SEA_WALK_FIRST && fsc <= FSC_SEA_WALK_LAST);
}

/* Taking an exception runs no instruction: it is the vCPU's next fault, with the same registers. */
static bool is_next(const struct site *site, const struct site *cause)
{
	if (!site->first_order || site->first_order != cause->first_order + 1)
		return false;
	return !site->detail || !cause->detail ||
	       !memcmp(site->detail->gpr, cause->detail->gpr, sizeof(cause->detail->gpr));
}

/*
 * Nothing tells VBAR_EL1 for sure. Stale registers (VHE hosts, aborts that KVM injects) hold that
 * of earlier: one that fits is believed, zero may be from before the guest set it, another one
 * contradicts. Offset 0 is no shape, any jump to an aligned address has it.
 */
static bool has_vector_shape(const struct site *site, const struct nisv_rec_fault *cause)
{
	const struct nisv_rec_fault *rec = site->detail;
	uint64_t offset = site->pc & (VECTORS_SIZE - 1), vbar = 0;
	bool is_known = true;

	if (rec && rec->sysregs_state != NISV_SYSREGS_NONE)
		vbar = rec->sys.vbar;
	else if (cause->sysregs_state != NISV_SYSREGS_NONE)
		vbar = cause->sys.vbar;
	else
		is_known = false;
	if (is_known && is_sync_vector(site->pc - vbar, cause))
		return true;
	return !vbar && offset != VECTOR_SP0 && is_sync_vector(offset, cause);
}

/* The fetch of the vector of the abort that answered @cause. */
static bool is_vector_fetch(const struct site *site, const struct site *cause)
{
	const struct nisv_rec_fault *rec = site->detail, *first = cause->detail;

	if (!may_be_vector(site) || !is_fetch(site) || !is_next(site, cause))
		return false;
	if (rec && !in_handler(rec))
		return false;
	if (is_current(rec))
		return is_sync_vector(site->pc - rec->sys.vbar, first) && came_from(rec, cause);
	if (is_current(first))
		return is_sync_vector(site->pc - first->sys.vbar, first);
	return is_injected(cause) && has_vector_shape(site, first);
}

/* The entries of interrupts and SErrors are between those of synchronous exceptions. */
static bool is_in_sync_entry(const struct nisv_rec_fault *rec)
{
	uint64_t offset = rec->pc - rec->sys.vbar;

	return rec->sys.vbar && offset < VECTORS_SIZE &&
	       offset % VECTOR_KIND_STRIDE < VECTOR_ENTRY_SIZE;
}

/*
 * A handler entered by the abort that answered @cause. ELR_EL1 and ESR_EL1 outlive it: still in it
 * is only code of the vector entry itself, or masked code where the cause was not masked.
 */
static bool is_in_handler_of(const struct site *site, const struct site *cause)
{
	const struct nisv_rec_fault *rec = site->detail;

	/* Where the fetch itself fails, no handler runs. */
	if (is_fetch(site) || !is_current(rec) || !in_handler(rec) || !came_from(rec, cause))
		return false;
	return is_in_sync_entry(rec) || !in_handler(cause->detail);
}

/* Host memory that is gone and what KVM cannot emulate follow from no abort in the guest, and what
 * ended a VM is never less than a finding. */
static bool may_follow(const struct site *site)
{
	switch (site->kind) {
	case NISV_KIND_BACKING:
	case NISV_KIND_MEMORY_FAULT:
	case NISV_KIND_EMULATION:
	case NISV_KIND_LDST64B:
		return false;
	default:
		return site->outcome != NISV_OUTCOME_VM_KILLED;
	}
}

static uint32_t vcpu_of(const struct site *site)
{
	return site->detail ? site->detail->vcpu_id : site->vcpu_id;
}

static bool is_earlier(const struct site *a, const struct site *b)
{
	if (a->first_order && b->first_order && a->first_order != b->first_order)
		return a->first_order < b->first_order;
	return a->first_ns < b->first_ns;
}

/* A guest whose vCPU was stopped gets no abort. */
static bool reaches_guest(const struct site *site)
{
	return site->outcome != NISV_OUTCOME_VM_KILLED;
}

/* The cause of the latest earlier fault on the same vCPU that @site follows from. */
static uint16_t find_cause(const struct search *search, const struct site *site)
{
	if (!may_follow(site))
		return CONSEQUENCE_NONE;
	for (size_t i = search->n; i-- > 0;) {
		const struct site *cause = search->earlier[i].site;

		if (vcpu_of(cause) != vcpu_of(site) || !is_earlier(cause, site) ||
		    !reaches_guest(cause))
			continue;
		if (is_vector_fetch(site, cause) || is_in_handler_of(site, cause))
			return search->earlier[i].cause;
	}
	return CONSEQUENCE_NONE;
}

static int by_time(const void *a, const void *b)
{
	const struct site *x = ((const struct earlier *)a)->site,
			  *y = ((const struct earlier *)b)->site;

	if (vcpu_of(x) != vcpu_of(y))
		return vcpu_of(x) < vcpu_of(y) ? -1 : 1;
	if (is_earlier(x, y))
		return -1;
	return is_earlier(y, x) ? 1 : 0;
}

void consequence_find(const struct faultmap *faults, uint16_t *ret_cause)
{
	struct earlier detailed[FAULTMAP_DETAILS_MAX] = {0};
	struct search search = {.n = 0};
	size_t n = 0;

	for (size_t i = 0; i < faults->n_sites; i++) {
		ret_cause[i] = CONSEQUENCE_NONE;
		if (faults->sites[i].detail && n < FAULTMAP_DETAILS_MAX)
			detailed[n++] =
				(struct earlier){.site = &faults->sites[i], .index = (uint16_t)i};
	}
	/* In the order in which they happened: what follows from nothing before is a cause. */
	qsort(detailed, n, sizeof(detailed[0]), by_time);
	for (size_t i = 0; i < n; i++) {
		struct earlier *fault = &detailed[i];
		uint16_t cause = find_cause(&search, fault->site);

		ret_cause[fault->index] = cause;
		/* What follows from a consequence follows from its cause. */
		fault->cause = cause == CONSEQUENCE_NONE ? fault->index : cause;
		search.earlier[search.n++] = *fault;
	}
	for (size_t i = 0; i < faults->n_sites; i++)
		if (!faults->sites[i].detail)
			ret_cause[i] = find_cause(&search, &faults->sites[i]);
}
