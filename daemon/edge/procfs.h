/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_PROCFS_H
#define NISVD_PROCFS_H

/*
 * What /proc tells about a VMM that is still there. Every read can fail at any moment (the process
 * dies) and returns bytes of that process's choosing. A process is named by its number in the PID
 * namespace of /proc, that is in ours: procfs_is_initial() tells whether records mean the same.
 */

#include <stdbool.h>
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

/*
 * The cgroup path that tells most (cgroupname_choose()), "/" if there are only roots, sanitised and
 * allocated. 0, -ENODATA without cgroups, or -errno.
 */
int procfs_cgroup(uint32_t pid, char **ret);

/* What /proc/PID/exe points to, allocated: " (deleted)" is added to a file that is gone. Needs the
 * right to trace the process (CAP_SYS_PTRACE for another user's). 0 or -errno. */
int procfs_exe(uint32_t pid, char **ret);

/* The process's number in its own PID namespace, the innermost of NSpid. 0 or -errno. */
int procfs_own_pid(uint32_t pid, uint32_t *ret);

/*
 * Whether the path of a file that the process maps contains @name; looks at the first MiB of its
 * maps. Rights as for procfs_exe(). 1, 0 or -errno.
 */
int procfs_maps_file(uint32_t pid, const char *name);

/* Field 22 of /proc/PID/stat in nanoseconds since boot, as fine as the kernel's clock tick. 0 or
 * -errno. */
int procfs_start_ns(uint32_t pid, uint64_t *ret);

/*
 * Whether the process of that number is still the one that started then, in nanoseconds since boot;
 * 0: any that is there. As fine as two clock ticks, at the usual 100 per second.
 */
bool procfs_is_process(uint32_t pid, uint64_t start_ns);

/* Whether we are in the initial PID namespace, whose numbers BPF's records hold. */
bool procfs_is_initial(void);

/* pidfd_open(2), close-on-exec: readable when the process has ended. -errno on failure. */
int procfs_pidfd(uint32_t pid);

#endif
