/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_GUEST_PLACES_H
#define NISVD_GUEST_PLACES_H

/* Where in a VM's memory its device tree may be, by the sources of those who put it there. */

#include <stddef.h>
#include <stdint.h>

#include "daemon/core/layout.h"

#define GUEST_PLACES_MAX 4096

/*
 * Fills in up to GUEST_PLACES_MAX guest-physical addresses, all in usable slots of @layout, the
 * likely ones first; an address may come twice. Returns their number.
 */
size_t guest_places(const struct layout *layout, uint64_t ret[GUEST_PLACES_MAX]);

/*
 * The stretches of RAM worth a search page by page, no more than @most bytes each: the beginning
 * and the end of the main RAM. Returns 0, 1 or 2.
 */
size_t guest_search(const struct layout *layout, uint64_t most, struct range ret[2]);

#endif
