/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/vm_replies.h"

#include "cli/client.h"
#include "cli/json_make.h"
#include "cli/reply.h"

int vm_replies_get(const struct options *options, const char *query, struct vm_replies *ret)
{
	struct vm_replies replies = {0};
	struct client *client = NULL;
	int status = client_open(options, CLIENT_DAEMON, &client);

	if (status != NISV_EXIT_OK)
		return status;
	status = client_call(client, NISV_METHOD_GET_VM, client_params("vm", query), &replies.vm);
	/* By its key: another VM may have taken the name since. */
	if (status == NISV_EXIT_OK)
		status = client_call(
			client, NISV_METHOD_GET_FAULT_MAP,
			client_params("vm", reply_string(reply_object(replies.vm, "vm"), "key")),
			&replies.map);
	client_close(client);
	if (status == NISV_EXIT_OK)
		*ret = replies;
	else
		vm_replies_clear(&replies);
	return status;
}

struct json_object *vm_regions_get(struct client *client, struct json_object *vm,
				   struct json_object **ret_map)
{
	struct json_object *params = client_params("vm", reply_string(vm, "key"));

	json_add(params, "sites", json_make_bool(false));
	if (client_call(client, NISV_METHOD_GET_FAULT_MAP, params, ret_map) != NISV_EXIT_OK)
		return NULL;
	return reply_array(*ret_map, "regions");
}

void vm_replies_clear(struct vm_replies *replies)
{
	json_object_put(replies->vm);
	json_object_put(replies->map);
	*replies = (struct vm_replies){0};
}
