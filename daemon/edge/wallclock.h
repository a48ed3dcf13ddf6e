/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_WALLCLOCK_H
#define NISVD_WALLCLOCK_H

/*
 * Inside, time is nanoseconds since 1970 as CLOCK_MONOTONIC counts them on from the daemon's start,
 * which is what BPF stamps; people get ISO 8601 in UTC. A clock that is stepped afterwards shifts
 * what this daemon saw with it rather than tearing it apart.
 *
 * What saved files tell is left alone: it was told by the clock as it was set then, and without a
 * clock of its own a board may start before any of it. Times of files are marked as such: they go
 * with each other and with wallclock_now_of_files_ns(), never with those of this daemon. Offline
 * all times are of files, and there is no mark.
 */

#include <stdbool.h>
#include <stdint.h>

#define WALLCLOCK_ISO_MAX 32

uint64_t wallclock_now_ns(void);

/* The present as a time of a file. */
uint64_t wallclock_now_of_files_ns(void);

/* What is to be added to CLOCK_MONOTONIC: this boot began then, by the clock at the first call. 0
 * offline. */
uint64_t wallclock_base_ns(void);

/* Goes on with the base of an earlier daemon of this boot, whose stamps are still about: not 0. */
void wallclock_take_base(uint64_t base_ns);

/* From now on time inside is CLOCK_REALTIME: nothing is stamped by BPF. */
void wallclock_go_offline(void);

/*
 * From now on time inside is that of a trace, whose clock nobody can tell the date of: it is
 * written and read as seconds, "1234.567890". @now_ns: its end, which the present is then.
 */
void wallclock_go_trace(uint64_t now_ns);
bool wallclock_is_trace(void);

/* "2026-01-31T12:34:56.123456Z"; @buf is returned. */
const char *wallclock_iso(uint64_t ns, char buf[WALLCLOCK_ISO_MAX]);

/* How far the clock was stepped since the base was taken; 0 offline. */
int64_t wallclock_stepped_ns(void);

/*
 * Until it is said otherwise, what is parsed was written by this daemon, or by the one before it
 * that it goes on from, when the clock was @stepped_ns: it is a time as those inside are.
 */
void wallclock_read_own(int64_t stepped_ns);
void wallclock_read_files(void);

/* The reverse: a time of a file. -EINVAL, also for times before 1970 and after 2255. */
int wallclock_parse(const char *iso, uint64_t *ret_ns);

#endif
