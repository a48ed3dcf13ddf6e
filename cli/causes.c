/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/causes.h"

#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/json_make.h"
#include "cli/nearest.h"
#include "cli/reply.h"
#include "cli/table.h"
#include "cli/vm_text.h"

#define TEXT_MAX 1200

/* Up to the end of its first sentence. */
static const char *first_sentence(const char *text, char buf[TEXT_MAX])
{
	const char *end = strstr(text, ". ");
	size_t len = end ? (size_t)(end - text) + 1 : strlen(text);

	snprintf(buf, TEXT_MAX, "%.*s", (int)(len < TEXT_MAX ? len : TEXT_MAX - 1), text);
	return buf;
}

static const char *architecture(struct json_object *cause)
{
	return reply_has(cause, "architecture") ? reply_string(cause, "architecture") : "all";
}

static int print_table(const struct options *options, struct json_object *causes)
{
	static const struct table_column columns[] = {
		{.name = "CAUSE"},
		{.name = "ARCH"},
		{.name = "WHAT IT IS", .wrap = true},
	};
	char buf[TEXT_MAX];
	struct table *table;
	struct term term;

	term_open(&term, options, true);
	table = table_new(&term, columns, sizeof(columns) / sizeof(columns[0]),
			  !options->no_legend);
	for (size_t i = 0; i < reply_length(causes); i++) {
		struct json_object *cause = reply_at(causes, i);
		struct libscols_line *row = table_row(table);

		table_set(table, row, 0, reply_string(cause, "id"), COLOUR_NONE);
		table_set(table, row, 1, architecture(cause), COLOUR_NONE);
		table_set(table, row, 2, first_sentence(reply_string(cause, "what"), buf),
			  COLOUR_NONE);
	}
	table_print(table);
	table_free(table);
	return term_close(&term, options);
}

static int print_ids(const struct options *options, struct json_object *causes)
{
	struct term term;

	term_open(&term, options, true);
	for (size_t i = 0; i < reply_length(causes); i++)
		fprintf(term.out, "%s\n", reply_string(reply_at(causes, i), "id"));
	return term_close(&term, options);
}

/* ---- one of them ---------------------------------------------------------------------------- */

/* "at a fault, or from MMIO; in the memory map, before anything fails (nisvctl verify)" */
static const char *found_text(struct json_object *found, char buf[TEXT_MAX])
{
	static const struct {
		const char *name, *text;
	} texts[] = {
		{"fault", "at a fault, or from MMIO"},
		{"map", "in the memory map, before anything fails (nisvctl verify)"},
		{"overlay", "beside the cause of a finding"},
	};

	buf[0] = '\0';
	for (size_t i = 0; i < reply_length(found); i++)
		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
			if (strcmp(reply_string_at(found, i), texts[k].name) == 0)
				snprintf(buf + strlen(buf), TEXT_MAX - strlen(buf), "%s%s",
					 *buf ? "; " : "", texts[k].text);
	return buf;
}

static const char *join(struct json_object *list, char buf[TEXT_MAX])
{
	buf[0] = '\0';
	for (size_t i = 0; i < reply_length(list); i++)
		snprintf(buf + strlen(buf), TEXT_MAX - strlen(buf), "%s%.60s", *buf ? ", " : "",
			 reply_string_at(list, i));
	return buf;
}

static void print_advice(const struct term *term, struct json_object *rows)
{
	char text[TEXT_MAX];

	if (reply_length(rows) == 0)
		return;
	print_heading(term, "What to do");
	for (size_t i = 0; i < reply_length(rows); i++) {
		struct json_object *row = reply_at(rows, i);
		bool is_for_one = reply_has(row, "whose");

		snprintf(text, sizeof(text), "%s%.40s%s%.640s (%.240s)", is_for_one ? "[" : "",
			 reply_string(row, "whose"), is_for_one ? "] " : "",
			 reply_string(row, "text"), reply_string(row, "source"));
		term_wrap(term, term_glyph(term, "  • ", "  - "), 4, text);
	}
}

static int print_cause(const struct options *options, struct json_object *cause)
{
	char buf[TEXT_MAX];
	struct term term;

	term_open(&term, options, true);
	fprintf(term.out, "%s%s%s\n", term_colour(&term, COLOUR_BOLD), reply_string(cause, "id"),
		term_colour(&term, COLOUR_NONE));
	term_wrap(&term, "", 0, reply_string(cause, "what"));
	putc('\n', term.out);
	print_field(&term, "Known by", reply_string(cause, "known_by"));
	print_field(&term, "Found", found_text(reply_array(cause, "found"), buf));
	print_field(&term, "On", reply_string(cause, "architecture"));
	print_field(&term, "Example", reply_string(cause, "example"));
	print_field(&term, "Less exact", join(reply_array(cause, "general"), buf));
	print_advice(&term, reply_array(cause, "advice"));
	putc('\n', term.out);
	print_field(&term, "More", reply_string(cause, "documentation"));
	return term_close(&term, options);
}

static int no_such_cause(const struct options *options, struct json_object *causes, const char *id)
{
	size_t n = reply_length(causes);
	const char **ids = calloc(n + 1, sizeof(*ids)), *nearest = NULL;

	for (size_t i = 0; ids && i < n; i++)
		ids[i] = reply_string(reply_at(causes, i), "id");
	if (ids)
		nearest = nearest_word(id, ids, n);
	free(ids);
	if (nearest)
		return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
				    "\"%s\" is no cause: did you mean \"%s\"?", id, nearest);
	return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
			    "\"%s\" is no cause: \"nisvctl explain --list-causes\" lists them", id);
}

/* ---- all ------------------------------------------------------------------------------------ */

static struct json_object *find(struct json_object *causes, const char *id)
{
	for (size_t i = 0; i < reply_length(causes); i++)
		if (strcmp(reply_string(reply_at(causes, i), "id"), id) == 0)
			return reply_at(causes, i);
	return NULL;
}

/* The reply as it came, or with one cause alone. */
static int print_json(const struct options *options, struct json_object *reply,
		      struct json_object *cause)
{
	if (cause) {
		struct json_object *list = json_make_array();

		json_append(list, json_object_get(cause));
		json_add(reply, "causes", list);
	}
	reply_print(stdout, options->json, reply);
	return term_flush_stdout(options);
}

static int show(const struct options *options, struct json_object *reply, const char *id)
{
	struct json_object *causes = reply_array(reply, "causes"), *cause = NULL;

	if (id) {
		cause = find(causes, id);
		if (!cause)
			return no_such_cause(options, causes, id);
	}
	if (options->json != JSON_OFF)
		return print_json(options, reply, cause);
	if (cause)
		return print_cause(options, cause);
	return options->quiet ? print_ids(options, causes) : print_table(options, causes);
}

int causes_run(const struct options *options, int argc, char **argv)
{
	struct client *client = NULL;
	struct json_object *reply;
	int status;

	if (argc > 1)
		return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
				    "explain --list-causes takes no further argument \"%s\": "
				    "\"nisvctl explain --list-causes [CAUSE]\"",
				    argv[1]);
	status = client_open(options, CLIENT_RULES, &client);
	if (status != NISV_EXIT_OK)
		return status;
	status = client_call(client, NISV_METHOD_LIST_CAUSES, NULL, &reply);
	client_close(client);
	if (status != NISV_EXIT_OK)
		return status;
	status = show(options, reply, argc > 0 ? argv[0] : NULL);
	json_object_put(reply);
	return status;
}
