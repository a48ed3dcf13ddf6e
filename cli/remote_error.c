/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/remote_error.h"

#include <stdlib.h>
#include <string.h>

#include "cli/reply.h"

static int no_such_vm(const struct options *options, const char *name, struct json_object *params,
		      const char *nearest)
{
	return error_report(
		options, NISV_EXIT_NO_SUCH_VM, name, params,
		"no VM is called \"%s\"%s%s%s \"nisvctl%s list -a\" shows all, by name, "
		"id and VMM",
		reply_string(params, "vm"), nearest ? ": did you mean \"" : ":",
		nearest ? nearest : "", nearest ? "\"?" : "", options->file ? " --file ..." : "");
}

static int ambiguous_vm(const struct options *options, const char *name, struct json_object *params)
{
	struct json_object *matches = reply_array(params, "matches");
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int status;

	for (size_t i = 0; out && i < reply_length(matches); i++) {
		struct json_object *vm = reply_at(matches, i);

		fprintf(out, "\n  %-16s %s, %s, %s", reply_string(vm, "id"),
			reply_string(vm, "name"), reply_string(vm, "vmm"),
			reply_string(vm, "state"));
	}
	if (out)
		fclose(out);
	status = error_report(options, NISV_EXIT_FAILURE, name, params,
			      "\"%s\" means more than one VM; say which by its id:%s",
			      reply_string(params, "vm"), text && !options->json ? text : "");
	free(text);
	return status;
}

int remote_error_report(const struct options *options, const char *name, struct json_object *params,
			const char *nearest)
{
	if (strcmp(name, NISV_ERROR_NO_SUCH_VM) == 0)
		return no_such_vm(options, name, params, nearest);
	if (strcmp(name, NISV_ERROR_AMBIGUOUS_VM) == 0)
		return ambiguous_vm(options, name, params);
	if (strcmp(name, NISV_ERROR_BAD_INPUT) == 0)
		return error_report(options, NISV_EXIT_USAGE, name, params, "%s",
				    reply_string(params, "message"));
	if (strcmp(name, NISV_ERROR_BUSY) == 0)
		return error_report(options, NISV_EXIT_FAILURE, name, params,
				    "nisvd is busy (%s): try again",
				    reply_string(params, "message"));
	if (strcmp(name, VARLINK_ERROR_PERMISSION_DENIED) == 0)
		return error_report(options, NISV_EXIT_UNREACHABLE, name, params,
				    "nisvd refuses to answer this user: use sudo, or join the "
				    "group nisv");
	if (strcmp(name, VARLINK_ERROR_METHOD_NOT_FOUND) == 0 ||
	    strcmp(name, VARLINK_ERROR_INTERFACE_NOT_FOUND) == 0 ||
	    strcmp(name, VARLINK_ERROR_METHOD_NOT_IMPLEMENTED) == 0)
		return error_report(options, NISV_EXIT_FAILURE, name, params,
				    "nisvd does not know this call: nisvctl is " NISV_VERSION
				    ", the running nisvd is another version; restart it with "
				    "\"systemctl restart nisvd\"");
	if (strcmp(name, VARLINK_ERROR_INVALID_PARAMETER) == 0)
		return error_report(options, NISV_EXIT_USAGE, name, params,
				    "nisvd does not accept the value of \"%s\"",
				    reply_string(params, "parameter"));
	return error_report(options, NISV_EXIT_FAILURE, name, params, "nisvd answered %s", name);
}
