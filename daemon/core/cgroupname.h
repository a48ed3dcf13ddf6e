/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CGROUPNAME_H
#define NISVD_CGROUPNAME_H

/*
 * What a process's cgroup tells about the VM in it. Unlike its command line a process cannot choose
 * its cgroup: the manager of the VM, or root, put it there. The bytes may be hostile still: whoever
 * is delegated a cgroup names those below it.
 */

#include <stdbool.h>
#include <stddef.h>

#include "daemon/core/vmname.h"

/* The kinds of name in a path, the one that tells more the higher. */
enum cgroupname_kind {
	CGROUPNAME_NONE = 0,
	CGROUPNAME_UNIT,      /* a unit of systemd, without its suffix */
	CGROUPNAME_CONTAINER, /* the first 12 digits of a container's id, or an LXC name */
	CGROUPNAME_JAIL,      /* Firecracker's jailer: the VM's id */
	CGROUPNAME_KATA,      /* the sandbox id */
	CGROUPNAME_MACHINE,   /* a machine scope of systemd-machined: the machine's name */
	CGROUPNAME_LIBVIRT,   /* the domain's name, as much as libvirt keeps of it */
};

struct cgroupname {
	enum cgroupname_kind kind;
	char name[VMNAME_MAX]; /* as vmname_sanitize() makes it; "" with NONE, perhaps LIBVIRT */
	char driver[16];       /* LIBVIRT: "qemu", "ch", ...; else "" */
	bool is_cut;	       /* LIBVIRT: the name may go on: machine names end at 64 characters */
	bool in_pod;	       /* some part of the path is a Kubernetes pod */
};

/* @path: as in /proc/PID/cgroup, @len bytes. */
void cgroupname_parse(struct cgroupname *ret, const char *path, size_t len);

/*
 * The path that tells most in the text of /proc/PID/cgroup (cgroups(7)): by its kind, then cgroup
 * v2 before v1, then the hierarchy of systemd, then the longest. It points into @text, without the
 * mark of a removed cgroup. False if there is none but roots.
 */
bool cgroupname_choose(const char *text, size_t len, const char **ret_path, size_t *ret_len);

#endif
