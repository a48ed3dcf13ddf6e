/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_WALK_H
#define NISV_BENCH_WALK_H

/* What a scan of the host takes: for one VM by the number of its slots, and for many VMs. */

#include "sample.h"

struct walk {
	const char *name;
	unsigned int vms, slots; /* slots of each VM; it has one vCPU */
	struct sample ms;	 /* of a whole scan, read and taken */
};

extern struct walk walks[];
extern const unsigned int n_walks;

/* Measures them all, @tries scans each. 0 or -errno, logged. */
int walks_measure(unsigned int tries);

#endif
