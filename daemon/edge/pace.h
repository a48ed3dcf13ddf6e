/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_PACE_H
#define NISVD_PACE_H

/*
 * Work that is done again and again, and must not take more than a part of the time however much of
 * it there is: what took long is done less often. What it costs is told by a clock of its own:
 * CLOCK_THREAD_CPUTIME_ID, so that other load on the host does not count, or CLOCK_MONOTONIC where
 * it waits for something. Times are those of wallclock.h.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Zeroed: it was never done. */
struct pace {
	clockid_t clock;
	uint64_t begun_ns;	    /* of that clock */
	uint64_t ended_ns, cost_ns; /* of the last time */
	uint64_t asked_ns;	    /* pace_allows(): the last time */
	int64_t saved_ns;	    /* what it may still take */
};

void pace_begin(struct pace *pace, clockid_t clock);
void pace_end(struct pace *pace);

/* How long to wait from its end on, so that it takes 1/@part of the time. */
uint64_t pace_rest_ns(const struct pace *pace, unsigned int part);

/*
 * May it be done now? As long as it took less than 1/@part of the time of late, and once in a while
 * @burst_ns at once.
 */
bool pace_allows(struct pace *pace, unsigned int part, uint64_t burst_ns);

#endif
