/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_NEWS_H
#define NISVD_NEWS_H

/*
 * What is worth telling about a VM that was not told before: a new finding, a new site of a known
 * one, a worse outcome, an answer of the VMM, a storm. Never one item per fault. Times:
 * nanoseconds of one clock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/diagnose.h"

#define NEWS_KNOWN_MAX \
	32 /* findings remembered per VM; later ones are told, but may be told again */
#define NEWS_SITES_MAX 4 /* sites of one finding that get an item of their own */
#define NEWS_STORM \
	1000	    /* faults of one finding that make a storm; ten times as many are news again */
#define NEWS_MAX 16 /* items per call */

enum news_type {
	NEWS_FINDING,
	NEWS_SITE,
	NEWS_OUTCOME,
	NEWS_ANSWER, /* the first that was seen, if the finding was told without */
	NEWS_STORM_GREW
};

struct news_item {
	enum news_type type;
	const struct finding *finding; /* borrowed from the findings given */
	const struct site *site;       /* the one it is about, borrowed; never NULL */
	uint64_t count;		       /* of the finding so far: faults, and accesses of MMIO */
	uint64_t since_last;	       /* of these, those that no item before it had */
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
	bool answer;
	uint64_t storm_at; /* the number of faults that is news next; 0: NEWS_STORM */
	uint64_t told;	   /* the largest count that an item had */
};

/* Kept with the VM; starts as zeroes. */
struct news_state {
	struct news_known *known; /* owned, NEWS_KNOWN_MAX; NULL before the first finding */
	size_t n_known;
	uint64_t window_ns; /* start of the current minute */
	unsigned int in_window;
	uint64_t withheld; /* items that the limit kept back, since the beginning */
	uint64_t untold;   /* of these, not summed up yet: news_sum_up() */
};

void news_clear(struct news_state *state); /* back to zeroes */

/*
 * Compares @findings with what @state says was told, remembers what it returns. At most @per_minute
 * items a minute; what exceeds that is counted as withheld, and told as a number only. Returns the
 * number of @items set; none where memory for the first one is lacking: it is tried again.
 */
size_t news_collect(struct news_state *state, const struct findings *findings, uint64_t now_ns,
		    unsigned int per_minute, struct news_item items[NEWS_MAX]);

/* An item could not be told: it is one of the withheld. */
void news_withhold(struct news_state *state);

/*
 * How many items were withheld in the minute that is over; 0: none, or it is not over yet. Each is
 * told once. @at_once: also in the minute that is not.
 */
uint64_t news_sum_up(struct news_state *state, uint64_t now_ns, bool at_once);

#endif
