/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CONSEQUENCE_H
#define NISVD_CONSEQUENCE_H

/*
 * Which faults only follow from an earlier one: after an abort was injected, a guest whose vectors
 * are outside memory fetches from VBAR_EL1 + 0x200 for ever, and a guest whose abort handler makes
 * the same mistake faults again in it. Only what is proven counts: a fault that is wrongly taken
 * for a consequence is one that nobody is told of.
 */

#include <stdint.h>

#include "daemon/core/faultmap.h"

#define CONSEQUENCE_NONE UINT16_MAX

/*
 * Sets @ret_cause[i] to the index of the site that site i follows from, or CONSEQUENCE_NONE. A
 * cause is never itself a consequence. @ret_cause has @faults->n_sites elements. arm64 only: x86
 * faults have no vectors of this kind.
 *
 * A vector fetch is the vCPU's next fault, with the same general registers, at a synchronous vector
 * of the VBAR_EL1 that is known; where none is known for sure, the shape of the address does after
 * a fault that KVM answers with an abort. A fault in the handler needs ELR_EL1 and ESR_EL1, as of
 * the fault, to tell of the abort (Arm ARM DDI 0487, D1.3 "Exception entry"). What stopped the
 * vCPU, and host memory that is gone, is never a consequence.
 */
void consequence_find(const struct faultmap *faults, uint16_t *ret_cause);

#endif
