/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_DIAGNOSE_H
#define NISVD_DIAGNOSE_H

/*
 * Why. A pure function from the evidence about one VM to its findings: no I/O, no clock, no
 * logging, so that every finding can be replayed from a dossier. The causes and their predicates
 * are one rule table (rules.c, ...); domain.md section 2 is their specification.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/evidence.h"

enum severity {
	SEVERITY_INFO = 0,
	SEVERITY_WARNING,
	SEVERITY_ERROR,
	SEVERITY_HANG,
	SEVERITY_FATAL,
	_SEVERITY_MAX
};

const char *severity_name(enum severity severity);

#define FINDING_LINES_MAX	 14
#define FINDING_ALTERNATIVES_MAX 4
#define FINDING_SITES_MAX	 64
#define FINDING_CONSEQUENCES_MAX 16
#define FINDING_OVERLAYS_MAX	 2
#define FINDINGS_MAX		 64 /* per VM */

struct rule;
struct symptom;

struct alternative {
	const char *cause;
	double confidence;
};

struct consequence {
	const struct site *site; /* borrowed from the evidence */
	char summary[160];
};

/* What is said of a finding beside its cause. */
struct overlay {
	const struct rule *rule; /* static */
	double confidence;
	char summary[200];
};

struct finding {
	const char *cause; /* static id of the taxonomy */
	enum severity severity;
	double confidence; /* 0..1 */
	bool has_address;
	uint64_t address; /* the address that the finding is about; x86: the operand, if known */
	char confidence_reason[224];
	char where[400];    /* axis (a): why the address has no memory */
	char how[400];	    /* axis (b): why the instruction could not be described */
	char region[192];   /* region or hole, nearest slot and distance */
	char signature[33]; /* 32 hex digits: equal causes on many VMs are one */
	char summary[400];
	char *evidence[FINDING_LINES_MAX]; /* owned */
	size_t n_evidence;
	char *advice[FINDING_LINES_MAX]; /* owned */
	size_t n_advice;
	const char *documentation;     /* static URL or man page reference */
	const struct symptom *symptom; /* what the operator saw; NULL: nothing is known */
	struct alternative alternatives[FINDING_ALTERNATIVES_MAX];
	size_t n_alternatives;
	struct overlay overlays[FINDING_OVERLAYS_MAX];
	size_t n_overlays;
	const struct site *sites[FINDING_SITES_MAX]; /* borrowed from the evidence or findings,
							worst first; n_sites counts all, at most
							MAX are listed */
	size_t n_sites;
	struct consequence consequences[FINDING_CONSEQUENCES_MAX];
	size_t n_consequences;
	size_t n_consequences_omitted; /* sites that follow from this one, too, but are not listed
					*/
};

struct findings {
	struct finding *list; /* owned; worst first: severity, then confidence */
	size_t n;
	size_t n_omitted;     /* less bad ones beyond FINDINGS_MAX */
	struct site *traffic; /* owned; MMIO places that findings are about, as sites */
};

/*
 * Returns 0 or -ENOMEM. Sites of one root cause share a finding; faults that only follow from an
 * earlier one of the same vCPU are its consequences. Every abort has a finding, MMIO only by rule:
 * a healthy VM has none.
 */
int diagnose(const struct evidence *evidence, struct findings *ret);
void findings_clear(
	struct findings *findings); /* frees what is owned; may be called on a zeroed struct */

#endif
