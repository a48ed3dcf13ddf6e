/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_VMNAME_INTERNAL_H
#define NISVD_VMNAME_INTERNAL_H

/* Between the files vmname*.c. */

#include "daemon/core/cmdline.h"
#include "daemon/core/vmname.h"

/* ---- vmname_program.c ---- */

/* The VMM that @facts tell of: one of the ids of struct vmname, static. */
const char *vmname_vmm(const struct vmname_facts *facts);

/* ---- vmname_line.c ---- */

/* Names on a command line, the strongest last. */
enum line_name {
	LINE_NOTHING = 0,
	LINE_SOCKET, /* what the file of its control socket is called */
	LINE_NAME,   /* a name that it was given */
	LINE_DOMAIN, /* QEMU -name guest=: as managers of VMs write it */
	LINE_KATA,   /* the id of a Kata sandbox */
};

struct line {
	enum line_name kind;
	char name[VMNAME_MAX];
	char uuid[37];
};

/* What the arguments of a process of this VMM say. */
void vmname_read_line(struct line *ret, const char *vmm, struct cmdline args);

#endif
