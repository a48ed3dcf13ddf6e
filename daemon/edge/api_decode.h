/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_API_DECODE_H
#define NISVD_API_DECODE_H

#include <json-c/json.h>

#include "daemon/edge/varlink.h"

/* Method Decode. */
int api_decode(struct varlink_call *call, struct json_object *parameters, void *userdata);

#endif
