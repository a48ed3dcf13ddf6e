/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_MACHINED_H
#define NISVD_MACHINED_H

/* systemd-machined, through sd-login(3): files below /run/systemd, no D-Bus. */

#include <stdint.h>

/*
 * The name under which the process's machine is registered, allocated. @pid: in our PID namespace.
 * 0, -ENODATA if it belongs to no machine, or -errno.
 */
int machined_name(uint32_t pid, char **ret);

#endif
