/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_STATUS_JSON_H
#define NISVD_STATUS_JSON_H

/* The daemon about itself, as JSON: sources, losses, totals. New objects, owned by the caller. */

#include <json-c/json.h>
#include <stdbool.h>

#include "daemon/edge/manager.h"

/* Is @vm part of what was counted since the start? Those that came back from dossiers are not. */
bool status_counts(const struct manager *manager, const struct vm *vm);

/* Adds the counts of faults and MMIO accesses of @more to @sum. */
void status_add_up(struct nisv_vm_stat *sum, const struct nisv_vm_stat *more);

struct json_object *source_to_json(const struct capture_source *source); /* type Source */
struct json_object *sources_to_json(const struct manager *manager); /* []Source, [] when offline */
struct json_object *losses_to_json(const struct manager *manager);  /* type Lost */
struct json_object *status_to_json(const struct manager *manager);  /* reply of GetStatus */

#endif
