/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_WALLCLOCK_H
#define NISVD_WALLCLOCK_H

/*
 * Inside, time is CLOCK_MONOTONIC nanoseconds, as BPF stamps it; people get ISO 8601 in UTC. The
 * offset between the clocks is compared at each conversion, so a stepped clock shifts old times
 * with it rather than tearing them apart.
 */

#include <stdbool.h>
#include <stdint.h>

#define WALLCLOCK_ISO_MAX 32

uint64_t wallclock_monotonic_ns(void);

/*
 * From now on time inside is CLOCK_REALTIME: nothing is stamped by BPF, and the times of a saved
 * file, which may be older than this boot, come out as they went in.
 */
void wallclock_go_offline(void);

/*
 * From now on time inside is that of a trace, whose clock nobody can tell the date of: it is
 * written and read as seconds, "1234.567890". @now_ns: its end, which the present is then.
 */
void wallclock_go_trace(uint64_t now_ns);
bool wallclock_is_trace(void);

/* "2026-01-31T12:34:56.123456Z"; @buf is returned. */
const char *wallclock_iso(uint64_t monotonic_ns, char buf[WALLCLOCK_ISO_MAX]);

/* The reverse, for saved files. Times before this boot come out as 1 ("long ago", not "never")
 * unless offline. -EINVAL, also for times before 1970 and after 2255. */
int wallclock_parse(const char *iso, uint64_t *ret_monotonic_ns);

#endif
