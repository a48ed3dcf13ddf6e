/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_NEAREST_VM_H
#define NISVCTL_NEAREST_VM_H

/* Which VM somebody meant who mistyped its name. */

#include <json-c/json.h>

/* The nearest name in @vms (VMs of the interface), borrowed; NULL: none is near. */
const char *nearest_vm(const char *name, struct json_object *vms);

#endif
