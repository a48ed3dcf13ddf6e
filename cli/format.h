/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_FORMAT_H
#define NISVCTL_FORMAT_H

/* Values as people read them. Each writes to @buf, which it returns. */

#include <stdint.h>
#include <time.h>

#define FORMAT_MAX 48

/* "512 B", "4 KiB", "1.5 GiB"; INT64_MAX, which stands for all the rest, as "the rest". */
const char *format_bytes(uint64_t bytes, char buf[FORMAT_MAX]);

/* "7 s", "12 min", "3 h 20 min", "5 d 2 h". */
const char *format_duration(uint64_t seconds, char buf[FORMAT_MAX]);

/*
 * Of an ISO 8601 time in UTC, as the daemon sends them: "12 min ago" ("now" below one second), and
 * local time with microseconds. Of a trace, whose clock has no date, "at
 * 1234.567890" and the seconds alone. "-" if it is neither.
 */
const char *format_ago(const char *iso, char buf[FORMAT_MAX]);
const char *format_clock(const char *iso, char buf[FORMAT_MAX]);

/* Such a time: "2026-01-31T12:34:56.123456Z"; "" for one beyond the calendar. */
const char *format_iso(time_t seconds, unsigned int usec, char buf[FORMAT_MAX]);

/* Local time, "2026-01-31 12:34:56"; "-". */
const char *format_time(const char *iso, char buf[FORMAT_MAX]);

/* "2026-01-31 12:34:56 (12 min ago)", "1234.567890 of the trace's clock". */
const char *format_since(const char *iso, char buf[FORMAT_MAX * 2]);

/* The time from @since to @until: "350 us", "3 ms", "1.2 s", "12 min"; "-" if one is no time. */
const char *format_between(const char *since, const char *until, char buf[FORMAT_MAX]);

/* "12 reads", "1 read" of "read". */
const char *format_counted(int64_t count, const char *noun, char buf[FORMAT_MAX]);

/* "12 times", "once". */
const char *format_times(int64_t count, char buf[FORMAT_MAX]);

/* How often a second: "0", "0.5", "1234", "12.3M". */
const char *format_rate(double per_second, char buf[FORMAT_MAX]);

/* "certain" (>= 0.9), "likely" (>= 0.7), "possible". */
const char *format_confidence(double confidence);

#endif
