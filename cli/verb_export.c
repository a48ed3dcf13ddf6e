/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/client.h"
#include "cli/json_make.h"
#include "cli/reply.h"
#include "cli/term.h"

/* A nisvd that does not know the parameter sends all there is: the header, which comes first,
 * tells. */
static int check_redacted(const struct options *options, struct json_object *header)
{
	if (!options->redact || reply_bool(header, "redacted"))
		return NISV_EXIT_OK;
	return error_report(options, NISV_EXIT_FAILURE, NULL, NULL,
			    "the nisvd there cannot redact: update it");
}

/*
 * A dossier is JSON Lines, with --json or without: each line as the daemon has it, so that --file
 * finds all of it again.
 */
int verb_export(const struct options *options, int argc, char **argv)
{
	struct json_object *reply, *params = client_params("vm", argv[0]);
	struct client *client = NULL;
	bool more = true, begun = false;
	int status;

	(void)argc;
	status = client_open(options, CLIENT_DAEMON, &client);
	if (status != NISV_EXIT_OK) {
		json_object_put(params);
		return status;
	}
	if (options->redact)
		json_add(params, "redact", json_make_bool(true));
	client_keep_raw(client);
	client_start(client, NISV_METHOD_GET_DOSSIER, params);
	while (more) {
		status = client_next(client, &reply, &more);
		if (status == CLIENT_LOST)
			status = client_lost(client);
		if (status != NISV_EXIT_OK)
			break;
		if (!begun)
			status = check_redacted(options, reply_object(reply, "line"));
		begun = true;
		if (status == NISV_EXIT_OK) {
			reply_print(stdout, JSON_SHORT, reply_object(reply, "line"));
			status = term_flush_stdout(options);
		}
		json_object_put(reply);
		if (status != NISV_EXIT_OK)
			break;
	}
	client_close(client);
	return status;
}
