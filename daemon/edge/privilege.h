/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_PRIVILEGE_H
#define NISVD_PRIVILEGE_H

/*
 * The capabilities of the process (capabilities(7)). Loading and attaching need some, what comes
 * after lives on open file descriptors: nisvd(8), CAPABILITIES, has what for.
 */

#include <stdbool.h>

/*
 * Gives up, for good, every capability that no one needs any more: effective, permitted,
 * inheritable, ambient, and of the bounding set what CAP_SETPCAP lets it. Kept of those that were
 * granted: CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, which the shipped unit does not grant, as who
 * grants them wants VMMs looked into; and CAP_BPF where @works says, asked without any other, that
 * nothing works without. Root keeps all: its files and processes are under its power anyway.
 *
 * Returns 0 or -errno (logged).
 */
int privilege_drop(bool (*works)(const void *userdata), const void *userdata);

#endif
