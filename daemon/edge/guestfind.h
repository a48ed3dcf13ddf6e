/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_GUESTFIND_H
#define NISVD_GUESTFIND_H

/*
 * Finds what the guest believes in its memory: by what VMMs do first, then by a bounded search of
 * the pages that are there.
 */

#include "daemon/core/layout.h"
#include "daemon/edge/guestmem.h"

/*
 * Each sets @ret (overwritten, ->address included, ->read_ns not) and returns 0 where it found
 * something (GUEST_FOUND, or GUEST_BAD if all that was found is broken) or did not
 * (GUEST_NOT_FOUND); -EPERM, -ESRCH as guestmem_read(), -ENOMEM.
 */
int guestfind_tree(struct guestmem *memory, const struct layout *layout, struct guest_view *ret);
int guestfind_e820(struct guestmem *memory, struct guest_view *ret);

/* The same thing at the place where it was found before. -ENOENT, @ret untouched: it is not there
 * any more. */
int guestfind_again(struct guestmem *memory, const struct guest_view *before,
		    struct guest_view *ret);

#endif
