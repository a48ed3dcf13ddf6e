/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_JUDGEMENT_H
#define NISV_BENCH_JUDGEMENT_H

/* What diagnose() takes, for a VM with as many sites as a VM may have here. */

#include <stdbool.h>

#include "sample.h"

#define JUDGEMENT_SITES	   10000U
#define JUDGEMENT_LIMIT_US 4.0 /* a site */

struct judgement {
	const char *name;
	const char *arch;
	bool full; /* as many slots, bus ranges, slot changes and regions of the guest as there can
		      be */
	struct sample us; /* of a site */
};

extern struct judgement judgements[];
extern const unsigned int n_judgements;

/* Measures them all on constructed evidence, @tries diagnoses each. 0 or -errno, logged. */
int judgements_measure(unsigned int tries);

#endif
