/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_STORED_H
#define NISVD_STORED_H

/* The findings that a dossier came with: what the nisvd that wrote it made of the same VM. */

#include <stdbool.h>
#include <stddef.h>

#include "daemon/core/diagnose.h"

#define STORED_TEXT_MAX 64

struct stored_finding {
	char cause[STORED_TEXT_MAX]; /* printable; of its rules, not ours */
	enum severity severity;
	double confidence;
};

struct stored {
	char version[STORED_TEXT_MAX]; /* of that nisvd, and so of its rules; "": there is no
					  dossier */
	bool redacted;		       /* registers and guest memory were left out of it */
	struct stored_finding *list;   /* owned, worst first */
	size_t n;		       /* at most FINDINGS_MAX */
};

/* -ENOMEM; past FINDINGS_MAX they are dropped, as the one who wrote them did. */
int stored_add(struct stored *stored, const struct stored_finding *finding);
void stored_clear(struct stored *stored);

/* Are causes and severities of @findings others than those that were stored? */
bool stored_differ(const struct stored *stored, const struct findings *findings);

#endif
