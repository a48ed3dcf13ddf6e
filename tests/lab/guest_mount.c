/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *type, *where, *options;
} mounts[] = {
	{"proc", "/proc", NULL},
	{"sysfs", "/sys", NULL},
	{"devtmpfs", "/dev", "mode=0755"},
	{"tmpfs", "/dev/shm", "mode=1777"},
	{"devpts", "/dev/pts", "mode=0620,ptmxmode=0666"},
	{"tmpfs", "/run", "mode=0755"},
	{"tmpfs", "/tmp", "mode=1777"},
	{"debugfs", "/sys/kernel/debug", NULL},
	{"tracefs", "/sys/kernel/tracing", NULL},
	{"bpf", "/sys/fs/bpf", "mode=0700"},
	{"cgroup2", "/sys/fs/cgroup", NULL},
};

static const struct {
	const char *where;
	mode_t mode;
} folders[] = {
	{"/run/lab", 0755},	  {"/run/nisvd", 0755}, /* RuntimeDirectory= of the unit */
	{"/var", 0755},		  {"/var/lib", 0755},
	{"/var/lib/nisvd", 0755}, /* StateDirectory= of the unit */
	{"/var/log", 0755},	  {"/root", 0700},
};

void guest_mount(void)
{
	umask(022);
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		/* Exists already where another file system provides it; what is really wrong,
		 * mount(2) says. */
		mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, MS_NOSUID,
			  mounts[i].options))
			fprintf(stderr, "labinit: no %s on %s: %s\n", mounts[i].type,
				mounts[i].where, strerror(errno));
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (mkdir(folders[i].where, folders[i].mode) && errno != EEXIST)
			fprintf(stderr, "labinit: cannot create %s: %s\n", folders[i].where,
				strerror(errno));
	/* udev's usual links, which shells and test programs expect. */
	if (symlink("/proc/self/fd", "/dev/fd") || symlink("/proc/self/fd/0", "/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/dev/stdout") || symlink("/proc/self/fd/2", "/dev/stderr"))
		fprintf(stderr, "labinit: cannot link /dev/fd: %s\n", strerror(errno));
}
