/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TRACELINE_INTERNAL_H
#define NISVD_TRACELINE_INTERNAL_H

/* Shared by the files of traceline only. */

#include "daemon/core/traceline.h"

/* What one of the tools puts in front of an event; ->at is then at the event's name. */
bool traceline_head(struct scan *line, struct trace_event *event);

/* A decimal thread or process id, or number of a CPU. */
bool traceline_id(struct scan *line, uint32_t *ret);

/*
 * Sets the thread's name. perf writes ":TID" for one whose name it does not know
 * (tools/perf/util/thread.c, thread__new()): then there is none.
 */
void traceline_comm(struct trace_event *event, const char *from, const char *to);

/*
 * Reads what follows the event's name; false where what the event must have is not there.
 * @decimal: perf trace's numbers.
 */
bool traceline_args(struct scan args, bool decimal, struct trace_event *event);

#endif
