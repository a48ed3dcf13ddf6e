/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_FAULTMAP_INTERNAL_H
#define NISVD_FAULTMAP_INTERNAL_H

/* What the two halves of the fault map (faultmap.c, faultmap_place.c) share; nobody else includes
 * it. */

#include "daemon/core/faultmap.h"

/* Room for one more element of @size: capacities are powers of two, so the count alone tells when
 * the array is full. 0 or -ENOMEM. */
int faultmap_grow(void **array, size_t n, size_t size);

#endif
