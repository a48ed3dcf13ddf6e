/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/findings_verb.h"

#include <stdio.h>

#include "cli/reply.h"
#include "cli/term.h"

int findings_verb_run(const struct options *options, const struct findings_verb *verb,
		      struct json_object *params, bool is_narrow)
{
	struct client *client = NULL;
	struct json_object *reply;
	int status;

	status = client_open(options, CLIENT_DAEMON, &client);
	if (status != NISV_EXIT_OK) {
		json_object_put(params);
		return status;
	}
	status = client_call(client, verb->method, params, &reply);
	if (status != NISV_EXIT_OK) {
		client_close(client);
		return status;
	}
	if (options->json != JSON_OFF) {
		reply_print(stdout, options->json, reply);
		status = term_flush_stdout(options);
	} else {
		status = verb->print(options, client, reply, is_narrow, verb->userdata);
	}
	if (status == NISV_EXIT_OK && options->exit_code && verb->has_findings(reply))
		status = NISV_EXIT_FINDINGS;
	json_object_put(reply);
	client_close(client);
	return status;
}
