/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_EVIDENCE_H
#define NISVD_EVIDENCE_H

/*
 * Everything that is known about one VM, as far as a diagnosis or a check of its memory map may
 * rest on it. Gathered by edges, or read from a dossier; times are nanoseconds of one clock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/backing.h"
#include "daemon/core/faultmap.h"
#include "daemon/core/guest.h"
#include "daemon/core/host.h"
#include "daemon/core/layout.h"
#include "daemon/core/machine.h"
#include "daemon/core/slothistory.h"
#include "daemon/core/vmoptions.h"

/* All pointers are borrowed, and none but those that say so may be NULL. */
struct evidence {
	const struct host *host;
	const char *vmm;		 /* vmname.vmm */
	const struct vmoptions *options; /* ->known may be false */
	const struct layout *layout;	 /* ->known may be false */
	const struct machine *machine;	 /* the VM's own reference map; NULL: unknown */
	double machine_confidence;
	const struct guest_view *guest;
	const struct backings *backings;
	const struct slot_history *slots;
	const struct faultmap *faults;
	uint64_t now_ns;   /* when the evidence was gathered */
	bool ended;	   /* the VM is no more */
	uint64_t ended_ns; /* when it was seen to end */
	bool is_redacted;  /* registers and guest memory were left out of the dossier */
	bool is_traced;	   /* known by the text of tracepoints alone: no registers, no memory map */
};

#endif
