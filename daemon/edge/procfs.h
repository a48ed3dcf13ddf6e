/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_PROCFS_H
#define NISVD_PROCFS_H

/*
 * What /proc tells about a VMM that is still there. Every read can fail at any moment (the process
 * dies) and returns bytes of that process's choosing.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Up to @size bytes of the NUL-separated command line. Returns the number read, 0 for a kernel
 * thread or zombie, or -errno.
 */
ssize_t procfs_cmdline(uint32_t pid, char *buf, size_t size);

/* comm without its newline, terminated. 0 or -errno. */
int procfs_comm(uint32_t pid, char *buf, size_t size);

/* The cgroup v2 path (the line "0::", or the longest v1 path), sanitised and allocated. 0 or
 * -errno. */
int procfs_cgroup(uint32_t pid, char **ret);

/* Field 22 of /proc/PID/stat in nanoseconds since boot, as fine as the kernel's clock tick. 0 or
 * -errno. */
int procfs_start_ns(uint32_t pid, uint64_t *ret);

/* pidfd_open(2), close-on-exec: readable when the process has ended. -errno on failure. */
int procfs_pidfd(uint32_t pid);

#endif
