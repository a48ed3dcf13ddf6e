/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CONSEQUENCE_H
#define NISVD_CONSEQUENCE_H

/*
 * Which faults only follow from an earlier one: after an abort was injected, a guest whose vectors
 * are outside memory fetches from VBAR_EL1 + 0x200 for ever, and a guest whose handler makes the
 * same mistake faults again in it. Such faults are never causes.
 */

#include <stdint.h>

#include "daemon/core/faultmap.h"
#include "daemon/core/layout.h"

#define CONSEQUENCE_NONE UINT16_MAX

/*
 * Sets @ret_cause[i] to the index of the site that site i follows from, or CONSEQUENCE_NONE. A
 * cause is never itself a consequence. @ret_cause has @faults->n_sites elements. arm64 only: x86
 * faults have no vectors of this kind.
 */
void consequence_find(const struct faultmap *faults, const struct layout *layout,
		      uint16_t *ret_cause);

#endif
