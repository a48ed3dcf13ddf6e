/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TRACEWORDS_H
#define NISVD_TRACEWORDS_H

/* What one event of a trace means, for people. */

#include "daemon/core/traceline.h"

struct trace_words {
	const char *meaning, *next, *caution; /* next, caution: NULL where there is none */
	enum nisv_outcome outcome;
	const char *source,
		*revision; /* file and function of the kernel, and what it was read at */
};

/* The words for @event; meaning is NULL for an event that tells nothing about faults. */
struct trace_words trace_words_of(const struct trace_event *event);

#endif
