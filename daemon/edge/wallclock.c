/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/wallclock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NSEC	     1000000000LL
#define SECONDS_MAX  9000000000LL /* in the year 2255: nanoseconds of it fit 64 bits */
#define TOLERANCE_NS 1000000LL

/* Of a time that a saved file tells: it is told as it was. Times until 2255 leave the bit free. */
#define OF_FILE (1ULL << 63)

static bool offline, is_trace, reads_own;
static int64_t own_stepped_ns;
static uint64_t trace_now_ns;
static int64_t base; /* 0: not taken yet */

static int64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

void wallclock_go_offline(void)
{
	offline = true;
	is_trace = false;
}

void wallclock_go_trace(uint64_t now_ns)
{
	is_trace = true;
	trace_now_ns = now_ns;
}

bool wallclock_is_trace(void)
{
	return is_trace;
}

void wallclock_take_base(uint64_t base_ns)
{
	base = (int64_t)base_ns;
}

uint64_t wallclock_base_ns(void)
{
	if (offline)
		return 0;
	if (!base)
		base = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC);
	/* Without a clock of its own a board boots in 1970. */
	if (base < 1)
		base = 1;
	return (uint64_t)base;
}

uint64_t wallclock_now_ns(void)
{
	if (is_trace)
		return trace_now_ns;
	if (offline)
		return (uint64_t)now_ns(CLOCK_REALTIME);
	return (uint64_t)now_ns(CLOCK_MONOTONIC) + wallclock_base_ns();
}

/*
 * Two readings of two clocks are never quite the same: without the tolerance one moment would be
 * printed now as this microsecond, now as the next.
 */
int64_t wallclock_stepped_ns(void)
{
	static int64_t kept;
	int64_t before, real, fresh;

	if (offline)
		return 0;
	before = now_ns(CLOCK_MONOTONIC);
	real = now_ns(CLOCK_REALTIME);
	/* Another process had the CPU between the readings: they tell nothing of the clock. */
	if (now_ns(CLOCK_MONOTONIC) - before > TOLERANCE_NS)
		return kept;
	fresh = real - before - (int64_t)wallclock_base_ns();
	if (fresh > kept + TOLERANCE_NS || fresh < kept - TOLERANCE_NS)
		kept = fresh;
	return kept;
}

uint64_t wallclock_now_of_files_ns(void)
{
	return offline ? wallclock_now_ns() : OF_FILE | (uint64_t)now_ns(CLOCK_REALTIME);
}

void wallclock_read_own(int64_t stepped_ns)
{
	reads_own = true;
	own_stepped_ns = stepped_ns;
}

void wallclock_read_files(void)
{
	reads_own = false;
}

const char *wallclock_iso(uint64_t ns, char buf[WALLCLOCK_ISO_MAX])
{
	int64_t stepped = ns & OF_FILE ? 0 : wallclock_stepped_ns();
	/* Rounded to the microsecond that is shown: what is printed parses back to itself. */
	int64_t usec = ((int64_t)(ns & ~OF_FILE) + stepped + 500) / 1000;
	time_t seconds = usec / 1000000;
	char date[24];
	struct tm tm;

	if (is_trace) {
		snprintf(buf, WALLCLOCK_ISO_MAX, "%" PRIu64 ".%06" PRIu64, ns / (uint64_t)NSEC,
			 ns % (uint64_t)NSEC / 1000);
		return buf;
	}
	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, WALLCLOCK_ISO_MAX, "%s.%06uZ", date,
		 (unsigned int)(usec % 1000000) % 1000000U);
	return buf;
}

/* "1234.567890" */
static int parse_trace(const char *text, uint64_t *ret_ns)
{
	uint64_t seconds, usec;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	seconds = strtoull(text, &end, 10);
	if (*end != '.' || seconds > SECONDS_MAX || strspn(end + 1, "0123456789") != 6 || end[7])
		return -EINVAL;
	usec = strtoull(end + 1, NULL, 10);
	*ret_ns = seconds * NSEC + usec * 1000;
	if (!*ret_ns)
		*ret_ns = 1;
	return 0;
}

int wallclock_parse(const char *iso, uint64_t *ret_ns)
{
	struct tm tm = {};
	const char *rest = strptime(iso, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t ns, usec = 0;
	time_t seconds;
	char *end;

	if (is_trace)
		return parse_trace(iso, ret_ns);
	if (!rest || *rest != '.')
		return -EINVAL;
	usec = strtol(rest + 1, &end, 10);
	if (end != rest + 7 || strcmp(end, "Z") != 0 || usec < 0)
		return -EINVAL;
	seconds = timegm(&tm);
	if (seconds < 0 || seconds > SECONDS_MAX)
		return -EINVAL;
	ns = seconds * NSEC + usec * 1000 - (reads_own ? own_stepped_ns : 0);
	*ret_ns = (ns < 1 ? 1 : (uint64_t)ns) | (offline || reads_own ? 0 : OF_FILE);
	return 0;
}
