/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_REMOTE_ERROR_H
#define NISVCTL_REMOTE_ERROR_H

#include "cli/cli.h"

/*
 * Tells a varlink error that came as a reply: what it means and what to do. @nearest: the name of a
 * VM that may be meant where there is none of the name asked for; NULL: none. An exit status.
 */
int remote_error_report(const struct options *options, const char *name, struct json_object *params,
			const char *nearest);

#endif
