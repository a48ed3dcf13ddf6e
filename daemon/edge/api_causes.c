/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/api_causes.h"

#include "daemon/core/rules.h"
#include "daemon/edge/finding_json.h"
#include "daemon/edge/json_make.h"

int api_list_causes(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	struct json_object *reply = json_make_object(), *causes = json_make_array();

	(void)parameters;
	(void)userdata;
	for (size_t i = 0; i < n_rules; i++)
		json_append(causes, model_cause(rules[i]));
	json_add(reply, "causes", causes);
	return varlink_reply(call, reply);
}
