/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_GUEST_INTERNAL_H
#define NISVD_GUEST_INTERNAL_H

/* What the readers of guest tables (guest_tree.c, guest_e820.c) share; nobody else includes it. */

#include "daemon/core/guest.h"

/* Starts @view with room for all ranges. 0 or -ENOMEM, with zeroes. */
int guest_begin(struct guest_view *view, enum guest_source source);

/*
 * Adds a range; one that there is no room for is counted in ->dropped. The last quarter of the room
 * is not for devices: a tree full of them must not hide the memory. @name and @compatible are
 * any bytes up to a NUL.
 */
void guest_add(struct guest_view *view, const struct guest_range *range, const char *name,
	       const char *compatible);

/* Ends with what was added, in order. Returns 0. */
int guest_done(struct guest_view *view);

/* Ends with GUEST_BAD, without ranges, and the reason. Returns -EBADMSG. */
int guest_bad(struct guest_view *view, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
