/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_REPLAY_INTERNAL_H
#define NISVD_REPLAY_INTERNAL_H

/* Shared by the files of replay only: one for what comes line by line, one for each kind of file.
 */

#include <json-c/json.h>
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

/* Replayed VMs get kernel identities of their own; no real struct kvm is at so low an address. */
struct replay {
	struct manager *manager;
	const char *key;	       /* the only VM that is taken, NULL: every one is */
	struct host *host;	       /* whose file it is */
	char version[STORED_TEXT_MAX]; /* of the nisvd that wrote it */
	bool redacted;
	uint64_t next_identity;
	uint64_t bad_lines;
};

/* Takes what the events "vm" and "end" tell of the VM with @key, which is added if it is not there.
 * 0, -EINVAL, -ENOMEM or -ENOSPC. */
int replay_vm(struct replay *replay, const char *key, struct json_object *object);

/* Takes one event of the interface about a VM that is there, or a VM itself. 0 or -errno. */
int replay_event(struct replay *replay, struct json_object *event);

/* Takes "aborts" and "mmio" of @object; what it lacks is left as it is. */
void replay_totals(struct nisv_vm_stat *totals, struct json_object *object);

/* Is it the key of a VM? */
bool replay_is_key(const char *key);

/* One line as an object, or NULL. */
struct json_object *replay_parse(const char *line, size_t len);

/* Each takes a file from its beginning. 0, or -errno (logged). @key: of a dossier, only the VM of
 * that key, among the VMs of this host (replay_load()); NULL: all that it has, as if on their host.
 */
int replay_dossier(struct manager *manager, struct replay_lines *lines, const char *path,
		   const char *key);
int replay_trace(struct manager *manager, struct replay_lines *lines, const char *path);

#endif
