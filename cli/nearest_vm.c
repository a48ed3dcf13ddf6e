/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/nearest_vm.h"

#include <stdlib.h>

#include "cli/nearest.h"
#include "cli/reply.h"

const char *nearest_vm(const char *name, struct json_object *vms)
{
	size_t n = reply_length(vms);
	const char **names = calloc(n + 1, sizeof(*names)), *nearest;

	if (!names)
		return NULL;
	for (size_t i = 0; i < n; i++)
		names[i] = reply_string(reply_at(vms, i), "name");
	nearest = nearest_word(name, names, n);
	free(names);
	return nearest;
}
