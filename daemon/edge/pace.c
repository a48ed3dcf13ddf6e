/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/pace.h"

#include "daemon/edge/wallclock.h"

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void pace_begin(struct pace *pace, clockid_t clock)
{
	pace->clock = clock;
	pace->begun_ns = clock_ns(clock);
}

void pace_end(struct pace *pace)
{
	pace->cost_ns = clock_ns(pace->clock) - pace->begun_ns;
	pace->saved_ns -= (int64_t)pace->cost_ns;
	pace->ended_ns = wallclock_now_ns();
}

uint64_t pace_rest_ns(const struct pace *pace, unsigned int part)
{
	return pace->cost_ns * part;
}

bool pace_allows(struct pace *pace, unsigned int part, uint64_t burst_ns)
{
	uint64_t now_ns = wallclock_now_ns();

	pace->saved_ns += (int64_t)((now_ns - pace->asked_ns) / part);
	if (pace->saved_ns > (int64_t)burst_ns)
		pace->saved_ns = (int64_t)burst_ns;
	pace->asked_ns = now_ns;
	return pace->saved_ns >= 0;
}
