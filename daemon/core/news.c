/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/news.h"

#include <stdio.h>
#include <string.h>

#define MINUTE_NS 60000000000ULL

static uint64_t fault_count(const struct finding *finding)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < finding->n_sites && i < FINDING_SITES_MAX; i++)
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

static bool allowed(struct news_state *state, uint64_t now_ns, unsigned int per_minute)
{
	if (!state->window_ns || now_ns - state->window_ns >= MINUTE_NS) {
		state->window_ns = now_ns;
		state->in_window = 0;
	}
	if (state->in_window >= per_minute) {
		state->withheld++;
		return false;
	}
	state->in_window++;
	return true;
}

size_t news_collect(struct news_state *state, const struct findings *findings, uint64_t now_ns,
		    unsigned int per_minute, struct news_item items[NEWS_MAX])
{
	size_t n = 0;

	for (size_t f = 0; f < findings->n; f++) {
		const struct finding *finding = &findings->list[f];
		size_t sites =
			finding->n_sites < NEWS_SITES_MAX ? finding->n_sites : NEWS_SITES_MAX;
		size_t at = find_known(state, finding->signature);
		uint64_t count = fault_count(finding);
		bool is_new = at == state->n_known;
		struct news_item found[2 + NEWS_SITES_MAX];
		size_t n_found = 0;

		if (!finding->n_sites)
			continue;
		if (is_new) {
			found[n_found++] =
				(struct news_item){NEWS_FINDING, finding, finding->sites[0], count};
			if (at < NEWS_KNOWN_MAX) {
				state->n_known++;
				snprintf(state->known[at].signature,
					 sizeof(state->known[at].signature), "%s",
					 finding->signature);
				state->known[at].severity = finding->severity;
				state->known[at].told_sites = sites;
				state->known[at].storm = false;
			}
		}
		if (at < NEWS_KNOWN_MAX && !is_new) {
			for (size_t i = state->known[at].told_sites; i < sites; i++)
				found[n_found++] = (struct news_item){NEWS_SITE, finding,
								      finding->sites[i], count};
			state->known[at].told_sites = sites;
			if (state->known[at].severity != finding->severity)
				found[n_found++] = (struct news_item){NEWS_OUTCOME, finding,
								      finding->sites[0], count};
			state->known[at].severity = finding->severity;
		}
		if (at < NEWS_KNOWN_MAX && count >= NEWS_STORM && !state->known[at].storm) {
			state->known[at].storm = true;
			found[n_found++] = (struct news_item){NEWS_STORM_BEGAN, finding,
							      finding->sites[0], count};
		}
		for (size_t i = 0; i < n_found; i++) {
			if (n < NEWS_MAX && allowed(state, now_ns, per_minute))
				items[n++] = found[i];
			else if (n >= NEWS_MAX)
				state->withheld++;
		}
	}
	return n;
}
