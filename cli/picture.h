/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_PICTURE_H
#define NISVCTL_PICTURE_H

/* The guest's address space drawn: regions of GetFaultMap, in address order, adjoining. */

#include <stdint.h>

#include "cli/term.h"

/*
 * Draws the surroundings of @ipa: the nearest memory below, what is there, the nearest memory
 * above, and @what points to @ipa with. Nothing where @regions (may be NULL) does not hold @ipa.
 */
void picture_around(const struct term *term, struct json_object *regions, uint64_t ipa,
		    const char *what);

#endif
