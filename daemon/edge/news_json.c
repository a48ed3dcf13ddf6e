/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/news_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/edge/json_make.h"
#include "daemon/edge/json_read.h"
#include "daemon/edge/model_json.h"

static struct json_object *known_to_json(const struct news_known *known)
{
	struct json_object *object = json_make_object(), *sites = json_make_array();

	json_set(object, "signature", json_make_string(known->signature));
	json_set(object, "severity", json_make_int((int)known->severity));
	json_set(object, "answer", json_make_bool(known->answer));
	json_set(object, "storm_at", model_hex(known->storm_at));
	json_set(object, "told", model_hex(known->told));
	for (size_t i = 0; i < known->n_sites; i++) {
		struct json_object *site = json_make_object();

		json_set(site, "kind", json_make_int((int)known->sites[i].kind));
		json_set(site, "page", model_hex(known->sites[i].page));
		json_set(site, "pc", model_hex(known->sites[i].pc));
		json_append(sites, site);
	}
	json_set(object, "sites", sites);
	return object;
}

struct json_object *news_to_json(const struct news_state *state)
{
	struct json_object *object = json_make_object(), *list = json_make_array();

	for (size_t i = 0; i < state->n_known; i++)
		json_append(list, known_to_json(&state->known[i]));
	json_set(object, "known", list);
	json_set(object, "window", model_time(state->window_ns));
	json_set(object, "in_window", model_number(state->in_window));
	json_set(object, "withheld", model_number(state->withheld));
	json_set(object, "untold", model_number(state->untold));
	return object;
}

static void known_from_json(struct json_object *object, struct news_known *ret)
{
	struct json_object *sites = json_read_member(object, "sites", json_type_array);
	size_t n = sites ? json_object_array_length(sites) : 0;

	*ret = (struct news_known){
		.severity = (enum severity)json_read_count(object, "severity"),
		.answer = json_read_bool(object, "answer"),
		.storm_at = json_read_hex(object, "storm_at"),
		.told = json_read_hex(object, "told"),
		.n_sites = n < NEWS_SITES_MAX ? n : NEWS_SITES_MAX,
	};
	snprintf(ret->signature, sizeof(ret->signature), "%s",
		 json_read_string(object, "signature"));
	for (size_t i = 0; i < ret->n_sites; i++) {
		struct json_object *site = json_object_array_get_idx(sites, i);

		ret->sites[i] = (struct news_site){
			.kind = (enum nisv_kind)json_read_count(site, "kind"),
			.page = json_read_hex(site, "page"),
			.pc = json_read_hex(site, "pc"),
		};
	}
}

int news_from_json(struct json_object *object, struct news_state *state)
{
	struct json_object *list = json_read_member(object, "known", json_type_array);
	size_t n = list ? json_object_array_length(list) : 0;

	if (!list)
		return -EINVAL;
	news_clear(state);
	state->known = calloc(NEWS_KNOWN_MAX, sizeof(*state->known));
	if (!state->known)
		return -ENOMEM;
	state->n_known = n < NEWS_KNOWN_MAX ? n : NEWS_KNOWN_MAX;
	for (size_t i = 0; i < state->n_known; i++)
		known_from_json(json_object_array_get_idx(list, i), &state->known[i]);
	state->window_ns = json_read_time(object, "window");
	state->in_window = (unsigned int)json_read_count(object, "in_window");
	state->withheld = json_read_count(object, "withheld");
	state->untold = json_read_count(object, "untold");
	return 0;
}
