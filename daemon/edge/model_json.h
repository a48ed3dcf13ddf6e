/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_MODEL_JSON_H
#define NISVD_MODEL_JSON_H

/*
 * The core's structures as the JSON objects of io.nisvd.Monitor (io.nisvd.Monitor.varlink has the
 * meaning of each field); the layers of a VM's memory map are in layout_json, machine_json and
 * guest_json, what was found in finding_json. One shape each, used alike by replies, subscriptions
 * and dossiers. Each function returns a new object, owned by the caller, made as in json_make.h.
 */

#include <json-c/json.h>

#include "daemon/core/regions.h"
#include "daemon/core/vm.h"

struct json_object *model_hex(uint64_t value); /* "0x..." */
struct json_object *model_bytes(const uint8_t *bytes,
				size_t n);	    /* hexadecimal digits, null for none */
struct json_object *model_time(uint64_t ns);	    /* ISO 8601, null for 0 */
struct json_object *model_string(const char *text); /* null for NULL and "" */
struct json_object *model_number(uint64_t value);   /* at most INT64_MAX */
struct json_object *model_confidence(double value);

struct json_object *model_aborts(const __u64 faults[_NISV_KIND_MAX]);
struct json_object *model_mmio(const struct nisv_vm_stat *totals, uint64_t per_second);
struct json_object *model_vm(const struct vm *vm);
struct json_object *model_region(const struct region *region);
struct json_object *model_site(const struct site *site, const char *arch);
struct json_object *model_place(const struct place *place);

#endif
