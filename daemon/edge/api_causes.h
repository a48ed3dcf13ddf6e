/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_API_CAUSES_H
#define NISVD_API_CAUSES_H

/* The method ListCauses: the rule table that every finding comes from. */

#include <json-c/json.h>

#include "daemon/edge/varlink.h"

/* 0, or -errno that ends the connection. */
int api_list_causes(struct varlink_call *call, struct json_object *parameters, void *userdata);

#endif
