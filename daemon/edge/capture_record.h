/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CAPTURE_RECORD_H
#define NISVD_CAPTURE_RECORD_H

/* The bytes of a ring or an iterator as records. Part of capture. */

#include <stddef.h>

#include "daemon/edge/capture.h"

/* Checks one record from @size bytes at @data, aligned to 8, and hands it to the member of @ops for
 * its type. 0, or -EBADMSG: it is none of ours. */
int capture_record_deliver(const struct capture_ops *ops, void *userdata, const void *data,
			   size_t size);

#endif
