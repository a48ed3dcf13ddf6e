/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_WALLCLOCK_H
#define NISVD_WALLCLOCK_H

/*
 * Inside, time is CLOCK_MONOTONIC nanoseconds, as BPF stamps it; people get ISO 8601 in UTC. The
 * offset between the clocks is read at each conversion, so a stepped clock shifts old times with it
 * rather than tearing them apart.
 */

#include <stdint.h>

#define WALLCLOCK_ISO_MAX 32

uint64_t wallclock_monotonic_ns(void);

/* "2026-01-31T12:34:56.123456Z"; @buf is returned. */
const char *wallclock_iso(uint64_t monotonic_ns, char buf[WALLCLOCK_ISO_MAX]);

/* The reverse, for saved files. Times before this boot come out as 1: "long ago", not "never".
 * -EINVAL. */
int wallclock_parse(const char *iso, uint64_t *ret_monotonic_ns);

#endif
