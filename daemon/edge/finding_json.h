/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_FINDING_JSON_H
#define NISVD_FINDING_JSON_H

/* What was found, and why, as the Finding and the causes of io.nisvd.Monitor. See model_json.h. */

#include <json-c/json.h>

#include "daemon/core/diagnose.h"

/* @faults: the VM's, where the places are that MMIO findings are about. */
struct json_object *model_finding(const struct finding *finding, const struct faultmap *faults,
				  const char *arch);

/* The row of the rule table that @rule is, as ListCauses tells it. */
struct json_object *model_cause(const struct rule *rule);

#endif
