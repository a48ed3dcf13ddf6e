/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_MACHINE_JSON_H
#define NISVD_MACHINE_JSON_H

/* The reference map of a VM as the type Machine of io.nisvd.Monitor. */

#include <json-c/json.h>

#include "daemon/core/vm.h"

/* A new object, owned by the caller; null if none was chosen. */
struct json_object *model_machine(const struct vm *vm);

#endif
