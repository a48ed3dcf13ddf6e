/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_ABLATION_H
#define NISVD_TESTS_ABLATION_H

/*
 * Evidence taken away, one source at a time. What is left may be less sure, or say less of the
 * same, but is never sure of another cause.
 */

#include "daemon/core/diagnose.h"

/* A copy of evidence that may be altered. Owned: the faults and their records; all else that it
 * points to is borrowed from the original, or is in here. */
struct reduced {
	struct evidence evidence;
	struct host host;
	struct vmoptions options;
	struct layout layout;
	struct guest_view guest;
	struct backings backings;
	struct slot_history slots;
	struct faultmap faults;
};

struct ablation {
	const char *of; /* "without ..." */
	void (*apply)(struct reduced *reduced);
};

extern const struct ablation ablations[];
extern const size_t n_ablations;

/* By its words; ends the program if there is none. */
const struct ablation *ablation_of(const char *of);

/* 0 or -ENOMEM, with nothing to clear. */
int reduced_make(const struct evidence *evidence, const struct ablation *ablation,
		 struct reduced *ret);
void reduced_clear(struct reduced *reduced);

/* From this confidence on a finding may not be wrong, whatever is missing. */
#define ABLATION_SURE 0.7

/* @other is a less specific cause that is right where @cause is. */
bool cause_is_general(const char *cause, const char *other);

#endif
