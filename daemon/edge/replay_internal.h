/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_REPLAY_INTERNAL_H
#define NISVD_REPLAY_INTERNAL_H

/* Shared by the files of replay only: one for what comes line by line, one for each kind of file.
 */

#include <stdio.h>

#include "daemon/edge/replay.h"

#define REPLAY_LINE_MAX (4U * 1024 * 1024)

struct replay_lines {
	FILE *file;
	char *line; /* REPLAY_LINE_MAX bytes; as of the last call, not terminated */
	bool held;  /* the next call gives the same line again */
	size_t held_len;
};

/* The next line without its end, its length in *ret_len: 0 for one that is empty or too long. False
 * at the end of the file. */
bool replay_read_line(struct replay_lines *lines, size_t *ret_len);

/* Each takes a file from its beginning. 0, or -errno (logged). */
int replay_dossier(struct manager *manager, struct replay_lines *lines, const char *path);
int replay_trace(struct manager *manager, struct replay_lines *lines, const char *path);

#endif
