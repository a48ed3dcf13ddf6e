/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TRACE_JSON_H
#define NISVD_TRACE_JSON_H

/* A replayed trace about itself: what is in it, and what is lost because it is only a trace. */

#include <json-c/json.h>

#include "daemon/core/tracefold.h"

/* Adds a Source for each event that tells about faults, and for each thing no trace has. */
void trace_add_sources(const struct trace_account *trace, struct json_object *list);

/* For people: what an answer about a traced VM does not rest on. @trace: NULL where only a dossier
 * of it is left. Static. */
const char *trace_note(const struct trace_account *trace);

#endif
