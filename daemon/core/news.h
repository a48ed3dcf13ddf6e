/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_NEWS_H
#define NISVD_NEWS_H

/*
 * What is worth telling about a VM that was not told before: a new finding, a new site of a known
 * one, a worse outcome, an answer of the VMM, a storm. Never one entry per fault. Times:
 * nanoseconds of one clock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/diagnose.h"

#define NEWS_KNOWN_MAX \
	32 /* findings remembered per VM; later ones are told, but may be told again */
#define NEWS_SITES_MAX 4    /* sites of one finding that get an item of their own */
#define NEWS_STORM     1000 /* faults of one finding that make a storm */
#define NEWS_MAX       16   /* items per call */

enum news_type {
	NEWS_FINDING,
	NEWS_SITE,
	NEWS_OUTCOME,
	NEWS_ANSWER, /* the first that was seen, if the finding was told without */
	NEWS_STORM_BEGAN
};

struct news_item {
	enum news_type type;
	const struct finding *finding; /* borrowed from the findings given */
	const struct site *site;       /* the one it is about, borrowed; never NULL */
	uint64_t count;		       /* of the finding so far: faults, and accesses of MMIO */
};

/* What was told of one finding. */
struct news_known {
	char signature[33];
	enum severity severity; /* the worst one told */
	struct news_site {
		enum nisv_kind kind;
		uint64_t page, pc;
	} sites[NEWS_SITES_MAX]; /* told; they change their order in the finding */
	size_t n_sites;
	bool answer, storm;
};

/* Kept with the VM; starts as zeroes. */
struct news_state {
	struct news_known *known; /* owned, NEWS_KNOWN_MAX; NULL before the first finding */
	size_t n_known;
	uint64_t window_ns; /* start of the current minute */
	unsigned int in_window;
	uint64_t withheld; /* items that the limit kept back, since the beginning */
};

void news_clear(struct news_state *state); /* back to zeroes */

/*
 * Compares @findings with what @state says was told, remembers what it returns. At most @per_minute
 * items a minute; what exceeds that is counted as withheld and not told later. Returns the number
 * of @items set; none where memory for the first one is lacking: it is tried again.
 */
size_t news_collect(struct news_state *state, const struct findings *findings, uint64_t now_ns,
		    unsigned int per_minute, struct news_item items[NEWS_MAX]);

#endif
