/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CONTEXT_JSON_H
#define NISVD_CONTEXT_JSON_H

/*
 * What a fault record knows of the fault's surroundings, as members of its JSON object, and back:
 * code_mode, walk, backtrace, mapping, code. null where the record has none. See fault_json.h.
 */

#include <json-c/json.h>

#include "include/nisv_record.h"

void context_to_json(struct json_object *object, const struct nisv_rec_fault *fault);

/* The walk alone, NULL (JSON null) if none was made; owned by the caller. */
struct json_object *context_walk(const struct nisv_walk *walk);

/* Fills those members of @fault, which must be zero; the content is not trusted. */
void context_from_json(struct json_object *object, struct nisv_rec_fault *fault);

#endif
