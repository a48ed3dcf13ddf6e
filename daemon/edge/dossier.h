/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_DOSSIER_H
#define NISVD_DOSSIER_H

/*
 * A dossier: everything known about one VM as JSON Lines. First a header {"nisv_dossier", ...},
 * then events, so that it can be streamed, survives being cut short, and can be replayed.
 */

#include <json-c/json.h>
#include <stdbool.h>

#include "daemon/core/host.h"
#include "daemon/core/vm.h"

#define DOSSIER_SCHEMA	  1
#define DOSSIER_BYTES_MAX (8U * 1024 * 1024) /* past it, the file ends with an event "cut" */

/* The first line: schema, version of nisvd, host, time of writing: the first one, where what is
 * known is from a dossier itself. @redacted: what follows lacks what redact.h leaves out. */
struct json_object *dossier_header(const struct host *host, bool redacted);

/* Makes the folder of dossiers @dir and the state folder it lies in. 0, or -errno if @dir is not
 * there or cannot be written to. */
int dossier_prepare(const char *state_dir, const char *dir);

/* DIR/KEY.jsonl of @vm; @buf is returned. */
const char *dossier_path(const char *dir, const struct vm *vm, char *buf, size_t size);

/*
 * Writes it to a temporary file in @dir (made if absent, mode 0750), syncs, renames: readers see
 * the old or the new one, never a half. Written by root into a folder of another user, it is that
 * user's, and so is the folder that is made in another one's. 0 or -errno.
 */
int dossier_write(const char *dir, const struct vm *vm, const struct host *host);

#endif
