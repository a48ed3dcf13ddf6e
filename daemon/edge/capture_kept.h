/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CAPTURE_KEPT_H
#define NISVD_CAPTURE_KEPT_H

/*
 * What an earlier daemon left running, in the service manager's fd store: its maps with all that
 * they count, rings with records that nobody has read, and the gates (nisv_gate.h) that are
 * attached. Part of capture.
 */

#include <stdbool.h>

#include "daemon/edge/fdstore.h"
#include "include/nisv_gate.h"

struct bpf_object;

struct capture_kept {
	struct fdstore *store;	      /* borrowed; NULL: nothing is kept, and nothing was */
	bool is_found;		      /* there is something, and it is taken over */
	struct nisv_gate_build build; /* whose it is, if so */
};

/*
 * Can the programs of @programs, with the gates of @gates, both opened but not loaded, go on with
 * what is in the store? Where they cannot, a line in the log says why, and all of it is dropped: it
 * is detached, and counting begins anew. Where they can, the daemon's clock becomes the one that
 * stamped it (wallclock.h).
 */
void capture_kept_look(struct capture_kept *kept, const struct bpf_object *programs,
		       const struct bpf_object *gates);

/* Has @object, not loaded yet, use the maps that are kept instead of new ones. 0 or -errno. */
int capture_kept_reuse(const struct capture_kept *kept, struct bpf_object *object);

/* The link of a gate, by the name of its program, or -ENOENT; and the gate itself. Borrowed. */
int capture_kept_link(const struct capture_kept *kept, const char *program);
int capture_kept_gate(const struct capture_kept *kept, const char *program);

/*
 * From now on the maps of @object, loaded, or this gate are kept; those that were taken over are
 * already. Failure is logged: capture works, but will begin anew after a restart.
 */
void capture_kept_put_maps(const struct capture_kept *kept, const struct bpf_object *object);
void capture_kept_put_gate(const struct capture_kept *kept, const char *program, int gate_fd,
			   int link_fd);

/* That gate is not: it is detached when its last copy is closed. */
void capture_kept_drop_gate(const struct capture_kept *kept, const char *program);

#endif
