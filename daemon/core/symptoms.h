/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_SYMPTOMS_H
#define NISVD_SYMPTOMS_H

/*
 * What the operator saw: how each VMM behaves, and what it logs, when KVM gives it one of the
 * outcomes of a fault. So that a log line in hand can be matched with a finding.
 */

#include "daemon/core/faultmap.h"

/* What KVM made of a fault, as a VMM sees it. */
enum symptom_of {
	SYMPTOM_ENOSYS = 0,	/* KVM_RUN failed with ENOSYS: an access without a description */
	SYMPTOM_NISV_EXIT,	/* KVM_EXIT_ARM_NISV */
	SYMPTOM_EFAULT,		/* KVM_RUN failed with EFAULT */
	SYMPTOM_INTERNAL_ERROR, /* KVM_EXIT_INTERNAL_ERROR */
	SYMPTOM_MEMORY_FAULT,	/* KVM_EXIT_MEMORY_FAULT */
	SYMPTOM_LDST64B,	/* KVM_EXIT_ARM_LDST64B */
	SYMPTOM_INJECTED,	/* KVM gave the guest an abort, and the VMM nothing */
	SYMPTOM_UNASSIGNED,	/* KVM_EXIT_MMIO for what the VMM has not */
	_SYMPTOM_MAX
};

struct symptom {
	const char *vmm; /* NULL: any */
	enum symptom_of of;
	const char *text; /* whole sentences; log lines in double quotes */
	const char *source, *revision;
};

/* All rows; those of a VMM come before those for any. */
extern const struct symptom symptoms[];
extern const size_t n_symptoms;

/* What a fault site, or an MMIO place, looks like from outside; false: nothing to see. */
bool symptom_of_site(const struct site *site, enum symptom_of *ret);

/* The row for this VMM, else the one for any, else NULL. */
const struct symptom *symptom_find(const char *vmm, enum symptom_of of);

/* What @vmm answers a described access that nothing of it claims: a clause, never NULL. */
const char *symptom_unassigned(const char *vmm);

#endif
