/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_MACHINEFILE_H
#define NISVD_MACHINEFILE_H

/* Reference maps from JSON files, nisvd-machines(5): the shipped ones and the operator's own. */

#include <stddef.h>

#include "daemon/core/machine.h"

#define MACHINEFILE_BYTES_MAX  (1024 * 1024) /* of one file */
#define MACHINEFILES_MAX       256	     /* files of one folder that are looked at */
#define MACHINEFILE_SOURCE_MAX 255	     /* bytes of a region's source */

struct machines {
	struct machine *list; /* owned; an operator's map replaces a shipped one of the same id */
	size_t n;
};

/*
 * Reads one map. 0 with a map in @ret that machinefile_release() frees, and @why empty or telling
 * what in it was ignored; -EINVAL with @ret untouched and @why saying where ("line 7: ...") what is
 * wrong and what would be right; -ENOMEM. @why is printable. @text need not end with a zero byte.
 */
int machinefile_parse(const char *text, size_t len, struct machine *ret, char *why, size_t size);

/* Frees what machinefile_parse() allocated: the sources of the regions. */
void machinefile_release(struct machine *machine);

/*
 * Loads every *.json file of the folders in @path, separated by ':', in the order of folders and
 * names. A folder that does not exist is skipped; a bad file is logged with its name, the line and
 * the reason, and the others still load. 0 or -ENOMEM.
 */
int machinefile_load(const char *path, struct machines *ret);
void machinefile_clear(struct machines *machines);

#endif
