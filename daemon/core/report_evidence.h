/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_REPORT_EVIDENCE_H
#define NISVD_REPORT_EVIDENCE_H

#include "daemon/core/rules.h"

/* Adds the evidence lines that the scene supports. Returns 0 or -ENOMEM. */
int report_evidence(const struct scene *scene, const struct rule *rule, struct finding *finding);

#endif
