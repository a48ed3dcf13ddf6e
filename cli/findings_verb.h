/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_FINDINGS_VERB_H
#define NISVCTL_FINDINGS_VERB_H

/* What the verbs whose answer holds findings have in common: one call, its reply, and the status.
 */

#include "cli/client.h"

struct findings_verb {
	const char *method; /* of include/nisv_api.h */
	/* Prints the reply as text, with further calls where it needs them; an exit status. */
	int (*print)(const struct options *options, struct client *client,
		     struct json_object *reply, bool is_narrow, const void *userdata);
	bool (*has_findings)(struct json_object *reply);
	const void *userdata; /* handed to print; may be NULL */
};

/*
 * @params are owned. @is_narrow, passed on: one VM, or one address, was asked for. With --exit-code
 * NISV_EXIT_FINDINGS if there are any.
 */
int findings_verb_run(const struct options *options, const struct findings_verb *verb,
		      struct json_object *params, bool is_narrow);

#endif
