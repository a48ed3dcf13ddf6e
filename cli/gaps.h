/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_GAPS_H
#define NISVCTL_GAPS_H

/* What the guest believes in and nothing has, and what nothing on the host is behind, in words. */

#include "cli/layers.h"
#include "cli/term.h"

/*
 * Prints an empty line and one paragraph per gap, each begun with the mark of its rows; past a few,
 * their number.
 * @vm: a reply of GetVM. @layers: NULL tells of the guest's memory only. Returns how many there
 * are.
 */
size_t gaps_print(const struct term *term, struct json_object *vm, const struct layers *layers);

/* What marks a row in a table or picture: "!". */
#define GAP_MARK "!"

#endif
