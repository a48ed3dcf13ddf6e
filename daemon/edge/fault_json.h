/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_FAULT_JSON_H
#define NISVD_FAULT_JSON_H

/*
 * One fault record, whole, as JSON and back: what Subscribe sends and a dossier keeps, so that a
 * diagnosis can be repeated from it on another machine.
 */

#include <json-c/json.h>

#include "include/nisv_record.h"

/* A new object, owned by the caller. @arch adds the instruction's text. */
struct json_object *fault_to_json(const struct nisv_rec_fault *fault, const char *arch);

/*
 * Reads what fault_to_json() wrote; the content is not trusted. Members that are missing or of the
 * wrong type are zero; hdr.vm and hdr.tgid, which the VM has, are left zero. -EINVAL if @object is
 * no object or has no known kind.
 */
int fault_from_json(struct json_object *object, struct nisv_rec_fault *ret);

#endif
