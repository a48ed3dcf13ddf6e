/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_BACKING_READ_H
#define NISVD_BACKING_READ_H

/* What is behind a running VM's memslots, from /proc/PID/maps of its VMM. Needs CAP_SYS_PTRACE. */

#include "daemon/core/vm.h"

#define BACKING_MAPS_BYTES_MAX (16U << 20) /* of text that are read */

/*
 * Fills in ->backings of @vm for the slots of its layout, as of @now_ns. What cannot be read leaves
 * none, with the reason and what to do in ->backings.reason.
 */
void backing_read(struct vm *vm, uint64_t now_ns);

#endif
