/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "cli/client.h"
#include "cli/format.h"
#include "cli/reply.h"
#include "cli/table.h"
#include "cli/vm_text.h"

static void print_way_out(const struct term *term, struct json_object *source)
{
	if (reply_has(source, "how_to_get"))
		term_wrap(term, "  to get it: ", 4, reply_string(source, "how_to_get"));
}

static void print_absent(const struct term *term, struct json_object *source)
{
	fprintf(term->out, "\n%s:\n", reply_string(source, "name"));
	term_wrap(term, "  why not: ", 4, reply_string(source, "reason"));
	if (reply_has(source, "loses"))
		term_wrap(term, "  lost: ", 4, reply_string(source, "loses"));
	print_way_out(term, source);
}

/* As when the kvm module is not loaded. */
static bool are_absent_alike(struct json_object *sources)
{
	const char *reason = reply_string(reply_at(sources, 0), "reason");

	for (size_t i = 1; i < reply_length(sources); i++)
		if (strcmp(reply_string(reply_at(sources, i), "reason"), reason) != 0)
			return false;
	return *reason && reply_length(sources) > 1;
}

static void print_all_absent(const struct term *term, struct json_object *source)
{
	fputs("\nall of them:\n", term->out);
	term_wrap(term, "  why not: ", 4, reply_string(source, "reason"));
	print_way_out(term, source);
}

static void print_sources(const struct term *term, const struct options *options,
			  struct json_object *sources)
{
	static const struct table_column columns[] = {
		{.name = "SOURCE"},
		{.name = "STATE"},
		{.name = "GIVES", .wrap = true},
	};
	struct table *table =
		table_new(term, columns, sizeof(columns) / sizeof(columns[0]), !options->no_legend);

	for (size_t i = 0; i < reply_length(sources); i++) {
		struct json_object *source = reply_at(sources, i);
		struct libscols_line *row = table_row(table);
		const char *state = reply_string(source, "state");

		table_set(table, row, 0, reply_string(source, "name"), COLOUR_NONE);
		table_set(table, row, 1, state,
			  strcmp(state, "attached") == 0 || strcmp(state, "in-trace") == 0
				  ? COLOUR_GREEN
			  : strcmp(state, "failed") == 0 ? COLOUR_RED
							 : COLOUR_YELLOW);
		table_set(table, row, 2, reply_string(source, "gives"), COLOUR_NONE);
	}
	table_print(table);
	table_free(table);
	if (are_absent_alike(sources)) {
		print_all_absent(term, reply_at(sources, 0));
		return;
	}
	for (size_t i = 0; i < reply_length(sources); i++)
		if (reply_has(reply_at(sources, i), "reason"))
			print_absent(term, reply_at(sources, i));
}

/* What became of dossiers as it was configured, which is no loss. */
static void print_dossiers(const struct term *term, struct json_object *reply)
{
	int64_t removed = reply_int(reply, "dossiers_removed"),
		left_out = reply_int(reply, "dossiers_left_out");
	char text[160] = "";

	if (removed)
		snprintf(text, sizeof(text),
			 "%" PRId64 " removed to keep within MaxBytes=", removed);
	if (left_out)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s%" PRId64 " not taken back at the start", removed ? ", " : "",
			 left_out);
	print_field(term, "Dossiers", text);
}

int verb_status(const struct options *options, int argc, char **argv)
{
	struct json_object *reply, *mmio;
	char buf[256], duration[FORMAT_MAX], reads[FORMAT_MAX], writes[FORMAT_MAX];
	struct term term;
	int status;

	(void)argc, (void)argv;
	status = client_ask(options, NISV_METHOD_GET_STATUS, NULL, &reply);
	if (status != NISV_EXIT_OK)
		return status;
	if (options->json != JSON_OFF) {
		reply_print(stdout, options->json, reply);
		json_object_put(reply);
		return term_flush_stdout(options);
	}
	term_open(&term, options, false);
	snprintf(buf, sizeof(buf), "%.30s, for %s, on Linux %.80s %.20s",
		 reply_string(reply, "version"),
		 format_duration((uint64_t)reply_int(reply, "uptime_seconds"), duration),
		 reply_string(reply, "kernel"), reply_string(reply, "arch"));
	print_field(&term, "nisvd", buf);
	snprintf(buf, sizeof(buf), "%" PRId64 " %s", reply_int(reply, "vms"),
		 sources_are_traced(reply_array(reply, "sources")) ? "in the trace" : "running");
	print_field(&term, "VMs", buf);
	print_field(&term, "Aborts", vm_aborts_text(reply_object(reply, "aborts"), buf));
	mmio = reply_object(reply, "mmio");
	snprintf(buf, sizeof(buf), "%s, %s, %" PRId64 " per second",
		 format_counted(reply_int(mmio, "reads"), "read", reads),
		 format_counted(reply_int(mmio, "writes"), "write", writes),
		 reply_int(mmio, "per_second"));
	print_field(&term, "MMIO", buf);
	print_field(&term, "Lost",
		    counters_text(reply_object(reply, "lost"), buf, sizeof(buf)) ? buf : "nothing");
	print_dossiers(&term, reply);
	if (reply_has(reply, "unknown_exit")) {
		snprintf(buf, sizeof(buf),
			 "the last one was KVM_EXIT %" PRId64 ", which this nisvd does not know",
			 reply_int(reply, "unknown_exit"));
		print_field(&term, "Exits", buf);
	}
	putc('\n', term.out);
	print_sources(&term, options, reply_array(reply, "sources"));
	json_object_put(reply);
	return term_close(&term, options);
}
