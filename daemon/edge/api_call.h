/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_API_CALL_H
#define NISVD_API_CALL_H

/* What the methods of the API share: parameters, the choice of a VM, and current state. */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/edge/manager.h"

#define API_SECOND_NS 1000000000ULL
#define API_DAY_NS    (24ULL * 3600 * API_SECOND_NS)

/* An absent or null string is NULL; false if it is something else. */
bool api_take_string(struct json_object *parameters, const char *name, const char **ret);

/* With an absent or null value @ret stays as it is; false if it is something else. */
bool api_take_bool(struct json_object *parameters, const char *name, bool *ret);

/*
 * An absent number is *ret_set = false. Decimal or 0x hexadecimal, at most 64 bits. Anything else
 * is answered with an error, and then -EINVAL is returned.
 */
int api_take_address(struct varlink_call *call, struct json_object *parameters, const char *name,
		     bool *ret_set, uint64_t *ret);

/*
 * Takes in what capture has ready and diagnoses it: after this every VM is current. Where that took
 * a quarter of the time of late, the counters that were read last will do.
 */
void api_refresh(struct manager *manager);

/* The VM that @name of @parameters selects; NULL after answering with the error. */
struct vm *api_select_vm(struct manager *manager, struct varlink_call *call,
			 struct json_object *parameters, const char *name);

/* The present, or that of a saved file: when it was written. */
struct vm_now api_now(const struct manager *manager);

/* Ended VMs are shown for a day if they explain something (design 6.5, list), and for as long as
 * they may hang on. */
bool api_is_listed(const struct manager *manager, const struct vm *vm, bool all);

/* Method Explain (api_explain.c). */
int api_explain(struct varlink_call *call, struct json_object *parameters, void *userdata);

#endif
