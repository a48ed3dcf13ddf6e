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

/*
 * The regions of @vm (a VM of a reply), for a drawing, borrowed from *@ret_map, which the caller
 * puts. NULL: there are none to be had.
 */
struct client;
struct json_object *vm_regions_get(struct client *client, struct json_object *vm,
				   struct json_object **ret_map);

#endif
