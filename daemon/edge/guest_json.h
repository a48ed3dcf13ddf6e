/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_GUEST_JSON_H
#define NISVD_GUEST_JSON_H

/* What a guest believes its machine to be, as the type Guest of io.nisvd.Monitor, and back. */

#include <json-c/json.h>

#include "daemon/core/vm.h"

/* A new object, owned by the caller; never null: its state tells why there is nothing else. */
struct json_object *model_guest(const struct vm *vm);

/*
 * Gives @vm the guest view of @object, which is not trusted: ranges beyond the limit are counted,
 * broken ones left out. @time_ns: when it was read. 0, -EINVAL for an unknown state, or -ENOMEM.
 */
int guest_from_json(struct json_object *object, uint64_t time_ns, struct vm *vm);

#endif
