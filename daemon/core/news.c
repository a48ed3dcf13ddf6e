/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/news.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_NS	  60000000000ULL
#define ITEMS_PER_FINDING (NEWS_SITES_MAX + 3) /* sites, outcome, answer, storm */

/* Of its sites; MMIO is traffic, and counts as faults of nothing. */
static uint64_t count_of(const struct finding *finding, bool only_faults)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < finding->n_sites && i < FINDING_SITES_MAX; i++)
		if (!only_faults || finding->sites[i]->kind < _NISV_KIND_MAX)
			sum += finding->sites[i]->count;
	return sum;
}

static size_t find_known(const struct news_state *state, const char *signature)
{
	size_t i;

	for (i = 0; i < state->n_known; i++)
		if (!strcmp(state->known[i].signature, signature))
			break;
	return i;
}

static bool is_over(const struct news_state *state, uint64_t now_ns)
{
	return !state->window_ns || now_ns - state->window_ns >= MINUTE_NS;
}

void news_withhold(struct news_state *state)
{
	state->withheld++;
	state->untold++;
}

uint64_t news_sum_up(struct news_state *state, uint64_t now_ns, bool at_once)
{
	uint64_t n = state->untold;

	if (!n || (!at_once && !is_over(state, now_ns)))
		return 0;
	state->untold = 0;
	return n;
}

static bool allowed(struct news_state *state, uint64_t now_ns, unsigned int per_minute)
{
	if (is_over(state, now_ns)) {
		state->window_ns = now_ns;
		state->in_window = 0;
	}
	if (state->in_window >= per_minute)
		return false;
	state->in_window++;
	return true;
}

/* Is @site news of a known finding? It is remembered if so. */
static bool is_new_site(struct news_known *known, const struct site *site)
{
	for (size_t i = 0; i < known->n_sites; i++)
		if (known->sites[i].kind == site->kind && known->sites[i].page == site->page &&
		    known->sites[i].pc == site->pc)
			return false;
	if (known->n_sites == NEWS_SITES_MAX)
		return false;
	known->sites[known->n_sites++] = (struct news_site){site->kind, site->page, site->pc};
	return true;
}

static const struct site *find_answered(const struct finding *finding)
{
	for (size_t i = 0; i < finding->n_sites && i < FINDING_SITES_MAX; i++)
		if (finding->sites[i]->answers)
			return finding->sites[i];
	return NULL;
}

/* One that is seen late is told once, however often it grew ten times as large. */
static bool has_grown(struct news_known *known, uint64_t faults)
{
	uint64_t at = known->storm_at ? known->storm_at : NEWS_STORM;
	bool grown = faults >= at;

	while (faults >= at && at <= UINT64_MAX / 10)
		at *= 10;
	known->storm_at = at;
	return grown;
}

/* What is new about a finding that was told before, its first time included. */
static size_t compare(struct news_known *known, const struct finding *finding, bool is_first,
		      uint64_t count, struct news_item found[ITEMS_PER_FINDING])
{
	const struct site *answered = known->answer ? NULL : find_answered(finding);
	size_t n = 0;

	for (size_t i = 0; i < finding->n_sites && i < FINDING_SITES_MAX; i++)
		if (is_new_site(known, finding->sites[i]) && !is_first)
			found[n++] =
				(struct news_item){NEWS_SITE, finding, finding->sites[i], count, 0};
	/* Only what is worse: a rate around the limit of a hang would go up and down for ever. */
	if (!is_first && finding->severity > known->severity)
		found[n++] = (struct news_item){NEWS_OUTCOME, finding, finding->sites[0], count, 0};
	if (is_first || finding->severity > known->severity)
		known->severity = finding->severity;
	if (answered && !is_first)
		found[n++] = (struct news_item){NEWS_ANSWER, finding, answered, count, 0};
	known->answer |= answered != NULL;
	if (has_grown(known, count_of(finding, true)))
		found[n++] =
			(struct news_item){NEWS_STORM_GREW, finding, finding->sites[0], count, 0};
	return n;
}

/* The faults that no item has told. A finding can lose sites to another one, and be less than it
 * was. */
static uint64_t tell(struct news_known *known, uint64_t count)
{
	uint64_t since = count > known->told ? count - known->told : 0;

	if (since)
		known->told = count;
	return since;
}

void news_clear(struct news_state *state)
{
	free(state->known);
	*state = (struct news_state){};
}

size_t news_collect(struct news_state *state, const struct findings *findings, uint64_t now_ns,
		    unsigned int per_minute, struct news_item items[NEWS_MAX])
{
	size_t n = 0;

	if (findings->n && !state->known)
		state->known = calloc(NEWS_KNOWN_MAX, sizeof(*state->known));
	for (size_t f = 0; f < findings->n && state->known; f++) {
		const struct finding *finding = &findings->list[f];
		size_t at = find_known(state, finding->signature), n_found = 0;
		struct news_item found[1 + ITEMS_PER_FINDING];
		uint64_t count = count_of(finding, false);
		bool is_first = at == state->n_known;

		if (!finding->n_sites)
			continue;
		if (is_first)
			found[n_found++] = (struct news_item){NEWS_FINDING, finding,
							      finding->sites[0], count, 0};
		if (is_first && at < NEWS_KNOWN_MAX) {
			state->known[at] = (struct news_known){};
			snprintf(state->known[at].signature, sizeof(state->known[at].signature),
				 "%s", finding->signature);
			state->n_known++;
		}
		if (at < NEWS_KNOWN_MAX)
			n_found += compare(&state->known[at], finding, is_first, count,
					   found + n_found);
		for (size_t i = 0; i < n_found; i++) {
			if (n >= NEWS_MAX || !allowed(state, now_ns, per_minute)) {
				news_withhold(state);
				continue;
			}
			found[i].since_last =
				at < NEWS_KNOWN_MAX ? tell(&state->known[at], count) : count;
			items[n++] = found[i];
		}
	}
	return n;
}
