/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_API_VERIFY_H
#define NISVD_API_VERIFY_H

/* Method Verify: what will fail in the memory map of a VM, or of all that run. */

#include <json-c/json.h>

#include "daemon/edge/varlink.h"

/* @userdata: struct manager. 0, or -errno that ends the connection. */
int api_verify(struct varlink_call *call, struct json_object *parameters, void *userdata);

#endif
