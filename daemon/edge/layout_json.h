/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_LAYOUT_JSON_H
#define NISVD_LAYOUT_JSON_H

/*
 * What the kernel maps for a VM, what is behind it and how it changed, as the type Layout of
 * io.nisvd.Monitor, and back.
 */

#include <json-c/json.h>

#include "daemon/core/vm.h"

/* A new object, owned by the caller; null if no layout is known. */
struct json_object *model_layout(const struct vm *vm);

/*
 * Gives @vm the layout, backing and changes of @object, which is not trusted: lists are cut at
 * their limits, broken entries are left out. @time_ns: when it was read. 0 or -ENOMEM.
 */
int layout_from_json(struct json_object *object, uint64_t time_ns, struct vm *vm);

#endif
