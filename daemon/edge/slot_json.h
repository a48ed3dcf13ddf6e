/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_SLOT_JSON_H
#define NISVD_SLOT_JSON_H

/*
 * Memslots, what is behind them and how they changed, as the types Slot, Backing and SlotChange of
 * io.nisvd.Monitor, and back. What is read back is not trusted: it comes from a dossier.
 */

#include <json-c/json.h>

#include "daemon/core/backing.h"
#include "daemon/core/slothistory.h"

/* New objects, owned by the caller. @backing may be NULL: not known. */
struct json_object *model_slot(const struct nisv_slot *slot, const struct backing *backing);
struct json_object *model_slot_change(const struct slot_change *change);

/* Members that are missing or of another type are zero. */
void slot_from_json(struct json_object *object, struct nisv_slot *ret);

/* What is behind @slot. False, and nothing in @ret, if @object does not say. */
bool backing_from_json(struct json_object *object, const struct nisv_slot *slot,
		       struct backing *ret);

/* 0, or -EINVAL if it names no change that there is. */
int slot_change_from_json(struct json_object *object, struct slot_change *ret);

#endif
