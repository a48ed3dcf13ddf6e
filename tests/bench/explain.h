/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_EXPLAIN_H
#define NISV_BENCH_EXPLAIN_H

#include "sample.h"

#define EXPLAIN_SITES	 10000U
#define EXPLAIN_LIMIT_MS 50.0 /* of an answer */

/* What a VM that faults at EXPLAIN_SITES places costs. */
struct explain {
	struct sample text_ms;	  /* `nisvctl explain VM`, from its start to its end */
	struct sample json_ms;	  /* with --json=short */
	double rest_ms;		  /* CPU time of nisvd per second while nothing changes */
	double rss_mib, maps_mib; /* of nisvd, after all that: its memory, and its BPF maps' */
};

/* Measures it with a real nisvd and the test VMM, @tries answers of each. 0 or -errno, logged. */
int explain_measure(unsigned int tries, struct explain *ret);

#endif
