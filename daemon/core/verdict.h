/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_VERDICT_H
#define NISVD_VERDICT_H

/* What became of one site or MMIO place: its cause, and what makes it one finding with others. */

#include "daemon/core/diagnose.h"
#include "daemon/core/scene.h"

struct verdict {
	const struct site *site;   /* borrowed */
	const struct place *place; /* of MMIO, borrowed; NULL: an abort */
	uint16_t rule;		   /* index in rules[] */
	enum severity severity;
	double confidence;
	uint64_t scope;
};

/* Did the VM end within a second of the last fault at @site? Then the VMM took it for the end. */
bool verdict_ended_vm(const struct evidence *evidence, const struct site *site);

/* The severity of one abort, by its outcome and how often it repeats. */
enum severity verdict_severity(const struct evidence *evidence, const struct site *site);

/* Judges the scene of ->site and ->place, which are set; fills in the rest. */
void verdict_judge(const struct scene *scene, struct verdict *verdict);

#endif
