/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_IDENTITY_H
#define NISVD_IDENTITY_H

/*
 * Who a VM is: from the record of its first sight, from /proc, its cgroup, and systemd-machined.
 * /proc is believed only where it shows the process that is meant: one number stands for many
 * processes in time, and for others in another PID namespace.
 */

#include <stdbool.h>

#include "daemon/core/vm.h"

/*
 * Fills in comm, command line, cgroup, name, VMM and options of @vm. @rec: NULL where it was lost.
 * The first command line is kept: what a process makes of its arguments later does not count. The
 * one of a record goes before one read from /proc, which is later. True if something was learnt:
 * the caller then chooses the VM's machine and tells about it. Cheap for a VM that is known, which
 * every scan of the host sends a record of. @sibling: a VM of the same process whose command line
 * is known, borrowed, or NULL: a VMM of a thousand VMs is asked once. Its name is that of @vm, too,
 * where both have the same command line.
 */
bool identity_take(struct vm *vm, const struct nisv_rec_vm *rec, const struct vm *sibling);

/*
 * Looks again at a VM that is known only by its program or its cgroup: managers put a VMM into its
 * cgroup, or register it, when it runs already. True as for identity_take(). Some ten system calls,
 * more for a program that is no VMM we know (its maps are read): for young VMs, or once in a while.
 */
bool identity_refresh(struct vm *vm);

#endif
