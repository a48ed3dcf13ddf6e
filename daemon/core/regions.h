/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_REGIONS_H
#define NISVD_REGIONS_H

/*
 * A VM's address space as one list of adjoining stretches: what the kernel maps or emulates, what
 * the VMM's reference map puts between, and the holes. The kernel's view wins wherever they
 * overlap.
 */

#include <stddef.h>
#include <stdint.h>

#include "daemon/core/faultmap.h"
#include "daemon/core/layout.h"
#include "daemon/core/machine.h"

struct region {
	uint64_t start;
	uint64_t end; /* exclusive; UINT64_MAX for the last one */
	enum region_class class;
	/* "RAM", "ROM", "KVM's own memory" (x86: TSS and the like), "UART0 PL011", "hole", "beyond
	 * the IPA limit", ...; an in-kernel device has its name from the reference map, and so has
	 * a hole that the VMM keeps for hotplug. */
	char name[48];
	const char *source; /* "kernel", "reference" (static) */
	uint64_t aborts;    /* of the fault map's sites in it */
	uint64_t mmio;
};

struct regions {
	struct region *list; /* owned; ascending, without gaps, from 0 to UINT64_MAX */
	size_t n, max;	     /* used, and room */
};

/* @machine and @faults may be NULL. Returns 0 or -ENOMEM. */
int regions_build(const struct layout *layout, const struct machine *machine,
		  const struct faultmap *faults, struct regions *ret);
void regions_clear(struct regions *regions);

/* The region that holds @ipa; never NULL for a built list. */
struct region *regions_at(const struct regions *regions, uint64_t ipa);

#endif
