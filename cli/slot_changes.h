/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_SLOT_CHANGES_H
#define NISVCTL_SLOT_CHANGES_H

/* When a VM's memslots changed, and how. */

#include "cli/term.h"

/* The last few changes of a Layout, newest first, under a heading; nothing where there are none. */
void slot_changes_print(const struct term *term, struct json_object *layout);

#endif
