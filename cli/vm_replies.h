/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_VM_REPLIES_H
#define NISVCTL_VM_REPLIES_H

/* All that a daemon knows of one VM's memory, from one conversation. */

#include "cli/cli.h"

struct vm_replies {
	struct json_object *vm;	 /* of GetVM */
	struct json_object *map; /* of GetFaultMap */
};

/* @query selects the VM. Returns an exit status and has told every error itself. */
int vm_replies_get(const struct options *options, const char *query, struct vm_replies *ret);
void vm_replies_clear(struct vm_replies *replies);

#endif
