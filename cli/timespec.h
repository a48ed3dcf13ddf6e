/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_TIMESPEC_H
#define NISVCTL_TIMESPEC_H

/* Moments as people write them: the forms of systemd.time(7) that journalctl's users know. */

#include <stdint.h>

/* What timespec_parse() takes, for errors. */
#define TIMESPEC_FORMS                                                                \
	"\"2026-11-30 12:00\", \"12:00\", \"2026-11-30\", \"today\", \"yesterday\", " \
	"\"now\", \"-1h\", \"1h ago\", \"@1764500000\" or \"2026-11-30T12:00:00Z\""

/*
 * Local time, unless a Z, UTC or an offset says otherwise; without a date it is of today, without a
 * time of day it is 0:00. @now_usec: the present, which relative forms count from. Both are
 * microseconds since 1970. 0, or -EINVAL with @ret_usec untouched: also for days that there are
 * not, and for moments before 1970 or after 9999.
 */
int timespec_parse(const char *text, uint64_t now_usec, uint64_t *ret_usec);

#endif
