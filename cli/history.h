/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_HISTORY_H
#define NISVCTL_HISTORY_H

/*
 * Findings of the past, from the journal. Anyone may write any field of an entry but those that
 * begin with an underscore, which journald sets (systemd.journal-fields(7)): only what nisvd wrote,
 * as root, is taken, and what it says is text until it is seen to be more.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/cli.h"

struct sd_journal;

/* Entries that are kept at once, of 7 KiB each; older ones are left out, which is told. */
#define HISTORY_MAX 10000

/* Bytes of one value that are shown: no field of nisvd's is nearly as long. */
#define HISTORY_VALUE_MAX 4096

struct history_query {
	const char *directory;		 /* of journal files; NULL: the journal of this host */
	bool merge;			 /* this host's, and those that it has of others */
	const char *vm;			 /* a name, id, key, UUID or PID; NULL: all */
	const char *cause, *kind;	 /* NULL: all */
	uint64_t since_usec, until_usec; /* of 1970, both inclusive; UINT64_MAX: now and later */
	size_t lines;			 /* of the newest, at most */
};

/*
 * The entries that match, the newest first, each as history_entry() makes them; @ret_omitted: there
 * are older ones. Returns an exit status; errors are told.
 */
int history_read(const struct options *options, const struct history_query *query,
		 struct json_object **ret, bool *ret_omitted);

/* What ->cause of @query may have meant: a cause that its journal has, where that one is in none of
 * its entries. To be freed; NULL: there is none. */
char *history_nearest_cause(const struct history_query *query);

/*
 * The present entry of @journal as {"time", "host", "boot_id", "type", ...}, every field of nisvd's
 * as a member: those that are absent, or not what they should be, are null.
 */
struct json_object *history_entry(struct sd_journal *journal);

#endif
