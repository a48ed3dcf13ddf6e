/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_FINDING_SITES_H
#define NISVCTL_FINDING_SITES_H

/* The places of a Finding: faults, and MMIO that a rule took up. */

#include "cli/context.h"

#define BUSY_TEXT_MAX 256

/* "41000 a second served by user space, for 56 s from 2026-01-31 12:34:56 (2 min ago) on"; NULL: it
 * was not so busy, or is no MMIO. */
const char *site_busy_text(struct json_object *site, char buf[BUSY_TEXT_MAX]);

/* With a heading; nothing where there are none. @total: with those that are not listed. */
void sites_print(const struct term *term, struct json_object *sites, int64_t total,
		 const struct context_names *names);

#endif
