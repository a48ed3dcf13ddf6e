/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CAPTURE_FIELDS_H
#define NISVD_CAPTURE_FIELDS_H

/* The optional members of kernel structures (include/nisv_fields.h) as sources. Part of capture. */

#include "daemon/edge/capture.h"
#include "include/nisv_fields.h"

/*
 * @lacking is what BPF tells of a group. False if the group is complete; else the source, but for
 * its state, and why it is not there.
 */
bool capture_field_lacking(enum nisv_group group, uint32_t lacking, struct capture_source *ret,
			   struct capture_obstacle *why);

#endif
