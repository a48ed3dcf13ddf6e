/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_VMNAME_H
#define NISVD_VMNAME_H

/*
 * What a VMM's command line says about its VM. The input is hostile: any process can call itself
 * qemu and put any bytes into its arguments. Names come out as valid UTF-8 without control
 * characters (others are escaped as \xNN), bounded.
 */

#include <stddef.h>
#include <stdint.h>

#define VMNAME_MAX 128

struct vmname {
	char name[VMNAME_MAX];	 /* never empty: falls back to comm, then "vm" */
	const char *source;	 /* "cmdline", "comm" (static strings) */
	char uuid[37];		 /* lower case with hyphens, or "" */
	const char *vmm;	 /* "qemu", "firecracker", "cloud-hypervisor", "crosvm", "kvmtool",
				    "libkrun", "unknown" */
	char machine_option[48]; /* what follows -machine/-M on QEMU up to the first comma, or "" */
	uint64_t ram_option_bytes; /* -m / --memory as given, 0 if absent or unreadable */
};

/*
 * Parses @len bytes of NUL-separated arguments; @comm (up to 16 bytes, need not be terminated) is
 * the fallback. Knows: QEMU `-name X`, `-name guest=X,...` (with ",," as an escaped comma),
 * `-uuid`, `-M/-machine [type=]X`, `-m [size=]N[KMGT]`; Firecracker `--id X`; crosvm and kvmtool
 * `--name X`; Cloud Hypervisor `--platform uuid=...`; also `--opt=value` forms. domain.md 3.9 has
 * sources.
 */
void vmname_parse(struct vmname *ret, const char *cmdline, size_t len, const char *comm);

/* Copies @src (any bytes, up to @len or the first NUL) as printable UTF-8 into @dst of @size bytes.
 */
void vmname_sanitize(char *dst, size_t size, const char *src, size_t len);

#endif
