/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/vm_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "cli/format.h"
#include "cli/reply.h"

#define FIELD_WIDTH 12

int64_t counters_sum(struct json_object *counters)
{
	int64_t sum = 0;

	if (!counters)
		return 0;
	json_object_object_foreach (counters, name, value) {
		(void)name;
		sum = reply_sum(sum, json_object_get_int64(value));
	}
	return sum;
}

const char *counters_text(struct json_object *counters, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = 0;
	if (!counters)
		return NULL;
	json_object_object_foreach (counters, name, value) {
		int64_t count = json_object_get_int64(value);

		if (count && n < size)
			n += (size_t)snprintf(buf + n, size - n, "%s%s %" PRId64, n ? ", " : "",
					      name, count);
	}
	/* Members of the interface have underscores where people write hyphens, and nothing that
	 * harms a terminal; unlike strings, they are not cleaned. */
	for (char *c = buf; *c; c++)
		if (*c == '_')
			*c = '-';
		else if (!isalnum((unsigned char)*c) && !strchr(" -,", *c))
			*c = '?';
	return n ? buf : NULL;
}

const char *vm_aborts_text(struct json_object *aborts, char buf[VM_TEXT_MAX])
{
	if (!counters_text(aborts, buf, VM_TEXT_MAX))
		snprintf(buf, VM_TEXT_MAX, "none");
	return buf;
}

const char *vm_title(struct json_object *vm, char buf[VM_TEXT_MAX])
{
	snprintf(buf, VM_TEXT_MAX, "%.100s (%.40s)", reply_string(vm, "name"),
		 reply_string(vm, "id"));
	return buf;
}

bool vm_is_unwatched(struct json_object *vm)
{
	return strcmp(reply_string(vm, "end_reason"), "not-watched") == 0;
}

const char *vm_state(struct json_object *vm, char buf[VM_TEXT_MAX])
{
	const char *reason = reply_string(vm, "end_reason");
	char ago[FORMAT_MAX];

	if (vm_is_unwatched(vm))
		snprintf(buf, VM_TEXT_MAX, "last seen %s (not-watched)",
			 format_ago(reply_string(vm, "ended"), ago));
	else if (strcmp(reply_string(vm, "state"), "ended") != 0)
		snprintf(buf, VM_TEXT_MAX, "%.60s", reply_string(vm, "state"));
	else
		snprintf(buf, VM_TEXT_MAX, "ended %s%s%.60s%s",
			 format_ago(reply_string(vm, "ended"), ago), *reason ? " (" : "", reason,
			 *reason ? ")" : "");
	return buf;
}

bool sources_are_traced(struct json_object *sources)
{
	for (size_t i = 0; i < reply_length(sources); i++)
		if (strcmp(reply_string(reply_at(sources, i), "state"), "in-trace") == 0)
			return true;
	return false;
}

const char *sources_text(struct json_object *sources, char *buf, size_t size)
{
	bool traced = sources_are_traced(sources);
	size_t there = 0;

	for (size_t i = 0; i < reply_length(sources); i++)
		there += strcmp(reply_string(reply_at(sources, i), "state"),
				traced ? "in-trace" : "attached") == 0;
	snprintf(buf, size, "%zu of %zu %s", there, reply_length(sources),
		 traced ? "in the trace" : "attached");
	return buf;
}

bool site_has_address(struct json_object *site)
{
	return reply_address(site, "ipa") || strcmp(reply_string(site, "kind"), "emulation") != 0;
}

const char *site_address(struct json_object *site)
{
	return site_has_address(site) ? reply_string(site, "ipa") : "-";
}

const char *site_outcome(struct json_object *site, char buf[VM_TEXT_MAX])
{
	bool injected = strcmp(reply_string(site, "vmm_answer"), "abort-injected") == 0;

	snprintf(buf, VM_TEXT_MAX, "%.40s%s", reply_string(site, "outcome"),
		 injected ? " (VMM injected an abort)" : "");
	return buf;
}

void print_heading(const struct term *term, const char *text)
{
	fprintf(term->out, "\n%s%s%s\n", term_colour(term, COLOUR_BOLD), text,
		term_colour(term, COLOUR_NONE));
}

void print_field(const struct term *term, const char *name, const char *text)
{
	char first[FIELD_WIDTH + 16];

	if (!*text)
		return;
	snprintf(first, sizeof(first), "%-*s", FIELD_WIDTH, name);
	term_wrap(term, first, FIELD_WIDTH, text);
}
