/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_REPORT_H
#define NISVD_REPORT_H

/* The words of one finding: its rule and the scene of its first site made into text. */

#include "daemon/core/rules.h"
#include "daemon/core/scene.h"

/* The place a site belongs to: base of its slot, device or gap. Sites of one place share a finding.
 */
uint64_t report_anchor(const struct scene *scene);

/*
 * Fills in everything of @finding but severity, confidence, sites and consequences. Returns 0 or
 * -ENOMEM; @finding can be cleared in either case.
 */
int report_write(const struct scene *scene, const struct rule *rule, struct finding *finding);

/* @site only follows from @cause. */
void report_consequence(const struct site *site, const struct site *cause,
			struct consequence *consequence);

#endif
