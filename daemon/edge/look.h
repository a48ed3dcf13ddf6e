/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_LOOK_H
#define NISVD_LOOK_H

/*
 * One look into a VM, beyond what KVM tells: what backs its memslots, and what its guest believes
 * its machine to be. Everything that touches the VMM's memory or mappings is done aside (aside.h).
 */

#include "daemon/core/vm.h"

struct look_options {
	const char *arch;    /* "arm64" or "x86_64": of the host */
	bool with_guest;     /* else the backings alone */
	bool inspect_memory; /* false: guest memory is left alone, and GUEST_OFF the answer */
};

/* What was seen; both are the caller's to clear, or to keep. */
struct look {
	struct backings backings;
	struct guest_view guest; /* GUEST_UNREAD without ->with_guest */
};

/*
 * What cannot be read says why in its reason. @vm is not changed; @now_ns: the
 * time of the look. 0, -ETIMEDOUT (the VMM does not let its memory be read now), or another -errno.
 */
int look_into(struct vm *vm, const struct look_options *options, uint64_t now_ns, struct look *ret);

#endif
