/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/consequence.h"

#include <stdbool.h>
#include <stdlib.h>

/*
 * Arm ARM DDI 0487, D1.3.1.5 "Exception vectors": synchronous exceptions enter at 0x000 (current
 * EL, SP_EL0), 0x200 (current EL, SP_ELx), 0x400 (lower EL, AArch64), 0x600 (lower EL, AArch32).
 */
#define VECTORS_SIZE   0x800ULL
#define VECTOR_SP0     0x000ULL
#define VECTOR_SPX     0x200ULL
#define VECTOR_LOWER   0x400ULL
#define VECTOR_LOWER32 0x600ULL

/* PSTATE as an exception leaves it: EL1 with SP_EL1, DAIF masked (Arm ARM D1.3.2). */
#define PSTATE_MODE	 0x1fULL
#define PSTATE_NRW	 0x10ULL
#define PSTATE_MODE_EL0T 0x00ULL
#define PSTATE_MODE_EL1T 0x04ULL
#define PSTATE_MODE_EL1H 0x05ULL
#define PSTATE_DAIF	 0x3c0ULL

/* ESR_EL1 of an abort that KVM or the VMM injected: a synchronous external abort. */
#define ESR_EC(esr)   ((esr) >> 26 & 0x3f)
#define ESR_FSC(esr)  ((esr)&0x3f)
#define EC_IABT_LOWER 0x20
#define EC_DABT_SAME  0x25
#define FSC_SEA	      0x10

_Static_assert(FAULTMAP_SITES_MAX < CONSEQUENCE_NONE, "site numbers fit");

struct root {
	const struct site *site;
	uint16_t index;
};

struct search {
	const struct layout *layout;
	struct root roots[FAULTMAP_DETAILS_MAX];
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

static bool vbar_is_known(const struct nisv_rec_fault *rec)
{
	return rec && rec->sysregs_state != NISV_SYSREGS_NONE;
}

/* Without translation VBAR_EL1 is a guest-physical address, and the map tells whether it is good.
 */
static bool has_vectors(const struct layout *layout, const struct nisv_rec_fault *rec)
{
	return vbar_is_known(rec) && rec->sys.vbar && rec->pc == rec->ipa &&
	       layout_slot_at(layout, rec->sys.vbar);
}

/*
 * The fetch of an exception vector. Stale registers (VHE hosts, aborts that KVM injects) may hold
 * the VBAR of earlier: then the shape of the address must do, but for offset 0, which any jump to
 * an aligned address has.
 */
static bool is_vector_fetch(const struct layout *layout, const struct site *site,
			    const struct nisv_rec_fault *cause)
{
	const struct nisv_rec_fault *rec = site->detail;
	uint64_t offset = site->pc & (VECTORS_SIZE - 1);

	if (!may_be_vector(site))
		return false;
	if (rec && !in_handler(rec))
		return false;
	if (vbar_is_known(rec) && is_sync_vector(site->pc - rec->sys.vbar, cause))
		return true;
	if (vbar_is_known(rec) && rec->sysregs_state == NISV_SYSREGS_CURRENT)
		return false;
	if (vbar_is_known(cause) && is_sync_vector(site->pc - cause->sys.vbar, cause))
		return true;
	if (has_vectors(layout, rec))
		return false;
	return offset != VECTOR_SP0 && is_sync_vector(offset, cause);
}

/* Code of the vector table itself, or a handler entered by the abort that answered @cause. */
static bool is_in_handler_of(const struct site *site, const struct site *cause)
{
	const struct nisv_rec_fault *rec = site->detail, *first = cause->detail;
	uint64_t ec, fsc;

	/* Where the fetch itself fails, no handler runs. */
	if (ESR_EC(site->esr) == EC_IABT_LOWER)
		return false;
	if (!rec || !vbar_is_known(rec) || !in_handler(rec))
		return false;
	if (site->pc - rec->sys.vbar < VECTORS_SIZE)
		return true;
	/* ELR_EL1 outlives the handler: it proves nothing where the cause ran with DAIF masked. */
	if (rec->sysregs_state != NISV_SYSREGS_CURRENT || in_handler(first))
		return false;
	ec = ESR_EC(rec->sys.esr);
	fsc = ESR_FSC(rec->sys.esr);
	return rec->sys.elr == cause->pc && ec >= EC_IABT_LOWER && ec <= EC_DABT_SAME &&
	       fsc >= FSC_SEA && fsc < FSC_SEA + 8;
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

/* The latest earlier root on the same vCPU that @site follows from; the one that ELR_EL1 names, if
 * one does. */
static uint16_t find_root(const struct search *search, const struct site *site)
{
	uint16_t best = CONSEQUENCE_NONE;
	uint64_t elr = vbar_is_known(site->detail) ? site->detail->sys.elr : 0;

	for (size_t i = search->n; i-- > 0;) {
		const struct site *root = search->roots[i].site;

		if (vcpu_of(root) != vcpu_of(site) || !is_earlier(root, site) ||
		    !reaches_guest(root))
			continue;
		if (!is_vector_fetch(search->layout, site, root->detail) &&
		    !is_in_handler_of(site, root))
			continue;
		if (elr && root->pc == elr)
			return search->roots[i].index;
		if (best == CONSEQUENCE_NONE)
			best = search->roots[i].index;
	}
	return best;
}

static int by_time(const void *a, const void *b)
{
	const struct site *x = ((const struct root *)a)->site, *y = ((const struct root *)b)->site;

	if (vcpu_of(x) != vcpu_of(y))
		return vcpu_of(x) < vcpu_of(y) ? -1 : 1;
	if (is_earlier(x, y))
		return -1;
	return is_earlier(y, x) ? 1 : 0;
}

void consequence_find(const struct faultmap *faults, const struct layout *layout,
		      uint16_t *ret_cause)
{
	struct root detailed[FAULTMAP_DETAILS_MAX] = {0};
	struct search search = {.layout = layout};
	size_t n = 0;

	for (size_t i = 0; i < faults->n_sites; i++) {
		ret_cause[i] = CONSEQUENCE_NONE;
		if (faults->sites[i].detail && n < FAULTMAP_DETAILS_MAX)
			detailed[n++] = (struct root){&faults->sites[i], (uint16_t)i};
	}
	/* In the order in which they happened: what follows from nothing before is a cause. */
	qsort(detailed, n, sizeof(detailed[0]), by_time);
	for (size_t i = 0; i < n; i++) {
		uint16_t cause = find_root(&search, detailed[i].site);

		ret_cause[detailed[i].index] = cause;
		if (cause == CONSEQUENCE_NONE)
			search.roots[search.n++] = detailed[i];
	}
	for (size_t i = 0; i < faults->n_sites; i++)
		if (!faults->sites[i].detail && may_be_vector(&faults->sites[i]))
			ret_cause[i] = find_root(&search, &faults->sites[i]);
}
