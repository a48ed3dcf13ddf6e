/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_VMNAME_H
#define NISVD_VMNAME_H

/*
 * Who a VM is: its name, where that comes from, its UUID, and which VMM runs it. The input is
 * hostile: any process can call itself qemu and put any bytes into its arguments. Names come out as
 * valid UTF-8 without control characters (others are escaped as \xNN), bounded. domain.md 3.9 has
 * the sources of what is known of each VMM.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMNAME_MAX 128

struct vmname {
	char name[VMNAME_MAX]; /* never empty: falls back to comm, then "vm" */
	/* Where it comes from: "libvirt", "machined", "cmdline", "cgroup", "comm" (static
	 * strings). Only "comm" is the name of a program, not of a VM. */
	const char *source;
	char uuid[37];	 /* lower case with hyphens, or "" */
	const char *vmm; /* "qemu", "firecracker", "cloud-hypervisor", "crosvm", "kvmtool",
			    "libkrun", "dragonball", "gvisor", "unknown" (static) */
};

/* All that may tell; everything is borrowed, and everything but the command line may be missing. */
struct vmname_facts {
	const char *cmdline; /* NUL-separated arguments, as at first sight */
	size_t cmdline_len;
	bool cmdline_cut;
	const char *comm;     /* of the main thread: up to NISV_COMM_LEN bytes, or NULL */
	const char *exe;      /* what /proc/PID/exe points to, or NULL */
	bool has_libkrun;     /* libkrun.so is mapped */
	uint32_t pid;	      /* in the VMM's own PID namespace; 0 unknown */
	const char *cgroup;   /* its path, or NULL */
	const char *machined; /* what systemd-machined calls the machine, or NULL */
};

/*
 * The VMM: the executable decides where it is one of a known VMM; otherwise the first argument,
 * since VMMs run behind wrappers and under other names; the name of the main thread only where the
 * executable is not known. Never the names of other threads: several VMMs share "fc_vcpu 0".
 *
 * The name: what the manager of VMs says beats the command line, which the process can rewrite: a
 * libvirt domain (told by its cgroup) or a Kata sandbox first, then a KubeVirt domain (a QEMU in a
 * pod, "namespace_name"), systemd-machined, the command line, the cgroup, and the program's name.
 */
void vmname_decide(struct vmname *ret, const struct vmname_facts *facts);

/* The same from a command line and comm alone; a line of NISV_CMDLINE_MAX bytes counts as cut. */
void vmname_parse(struct vmname *ret, const char *cmdline, size_t len, const char *comm);

/*
 * What the name of a vCPU's thread tells where nothing else is known of a process: the VMM ("CPU
 * 0/KVM" is QEMU's), or NULL where several VMMs use that name, and the vCPU's number. False for a
 * name that is none of a vCPU.
 */
bool vmname_of_vcpu(const char *comm, const char **ret_vmm, uint32_t *ret_vcpu);

/* The static string of a source, or of a VMM's id, that reads like @text; NULL if there is none. */
const char *vmname_source_of(const char *text);
const char *vmname_vmm_of(const char *text);

/* Copies @src (any bytes, up to @len or the first NUL) as printable UTF-8 into @dst of @size bytes.
 */
void vmname_sanitize(char *dst, size_t size, const char *src, size_t len);

#endif
