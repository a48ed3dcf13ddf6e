/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_MACHINEFILE_H
#define NISVD_MACHINEFILE_H

/* Reference maps from JSON files: the shipped ones and the operator's own. */

#include <stddef.h>

#include "daemon/core/machine.h"

struct machines {
	struct machine *list; /* owned; an operator's map replaces a shipped one of the same id */
	size_t n;
};

/*
 * Loads every *.json file of the folders in @path, separated by ':', in the order of folders and
 * names. A folder that does not exist is skipped; a bad file is logged with its name and the
 * reason, and the others still load. 0 or -ENOMEM.
 */
int machinefile_load(const char *path, struct machines *ret);
void machinefile_clear(struct machines *machines);

#endif
