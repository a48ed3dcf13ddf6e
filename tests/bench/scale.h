/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_SCALE_H
#define NISV_BENCH_SCALE_H

#include "sample.h"

#define SCALE_VMS 1000U

/* How nisvd copes with SCALE_VMS VMs. */
struct scale {
	struct sample list_ms; /* `nisvctl list` as text, from its start to its end */
	struct sample json_ms; /* `nisvctl list --json=short` */
	long rss_kib;	       /* of nisvd, after all that */
};

/* Measures it with a real nisvd, @tries answers of each. 0 or -errno, logged. */
int scale_measure(unsigned int tries, struct scale *ret);

#endif
