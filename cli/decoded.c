/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/decoded.h"

#include <inttypes.h>
#include <string.h>

#include "cli/glossary.h"
#include "cli/reply.h"
#include "cli/table.h"
#include "cli/vm_text.h"

#define TEXT_MAX 1024

static void separate(const struct term *term, bool *begun)
{
	if (*begun)
		putc('\n', term->out);
	*begun = true;
}

static bool is_kind(struct json_object *line, const char *kind)
{
	return strcmp(reply_string(line, "kind"), kind) == 0;
}

/* "esr 0x92000007, ipa 0x9000000" */
static const char *values_text(struct json_object *values, char buf[TEXT_MAX])
{
	size_t n = 0;

	*buf = 0;
	for (size_t i = 0; i < reply_length(values) && n < TEXT_MAX - 1; i++) {
		struct json_object *value = reply_at(values, i);

		n += (size_t)snprintf(buf + n, TEXT_MAX - n, "%s%.20s %.40s", i ? ", " : "",
				      reply_string(value, "name"), reply_string(value, "value"));
	}
	return buf;
}

/* A message or an event: who says it, what it means, what happens next. */
static void print_line(const struct term *term, struct json_object *line)
{
	char values[TEXT_MAX], who[TEXT_MAX];
	bool is_event = reply_has(line, "event");

	fputs(term_colour(term, COLOUR_BOLD), term->out);
	term_wrap(term, "", 0, reply_string(line, "text"));
	fputs(term_colour(term, COLOUR_NONE), term->out);
	snprintf(who, sizeof(who), "%.80s%s%.80s%s%.160s", reply_string(line, "source"),
		 is_event ? ", tracepoint " : "", reply_string(line, "event"),
		 reply_has(line, "versions") ? ": " : "", reply_string(line, "versions"));
	print_field(term, "Who", who);
	print_field(term, "Meaning", reply_string(line, "meaning"));
	print_field(term, "Next", reply_string(line, "next"));
	print_field(term, "Caution", reply_string(line, "caution"));
	print_field(term, "Outcome", reply_string(line, "outcome"));
	print_field(term, "Values", values_text(reply_array(line, "values"), values));
	print_field(term, "Source", reply_string(line, "reference"));
}

/* Equal lines come in swarms: what is known of them is said once. */
static bool is_said(struct json_object *lines, size_t i)
{
	struct json_object *line = reply_at(lines, i);

	for (size_t k = 0; k < i; k++)
		if (strcmp(reply_string(reply_at(lines, k), "meaning"),
			   reply_string(line, "meaning")) == 0 &&
		    strcmp(reply_string(reply_at(lines, k), "event"),
			   reply_string(line, "event")) == 0)
			return true;
	return false;
}

static void print_again(const struct term *term, struct json_object *line)
{
	char values[TEXT_MAX], text[TEXT_MAX + 64];

	snprintf(text, sizeof(text), "%.60s again: %s",
		 reply_has(line, "event") ? reply_string(line, "event")
					  : reply_string(line, "source"),
		 values_text(reply_array(line, "values"), values));
	term_wrap(term, "", 2, text);
}

static void print_lines(const struct term *term, struct json_object *lines, bool *begun)
{
	bool again = false;

	for (size_t i = 0; i < reply_length(lines); i++) {
		struct json_object *line = reply_at(lines, i);

		if (!is_kind(line, "message") && !is_kind(line, "trace"))
			continue;
		if (!again || !is_said(lines, i))
			separate(term, begun);
		again = is_said(lines, i);
		if (again)
			print_again(term, line);
		else
			print_line(term, line);
	}
}

/* Lines of a dump make one list. */
static void print_registers(const struct term *term, struct json_object *lines, bool *begun)
{
	char values[TEXT_MAX];
	bool some = false;

	for (size_t i = 0; i < reply_length(lines); i++) {
		struct json_object *line = reply_at(lines, i);

		if (!is_kind(line, "registers"))
			continue;
		if (!some)
			separate(term, begun);
		print_field(term, some ? "" : "Registers",
			    values_text(reply_array(line, "values"), values));
		some = true;
	}
}

static void print_syndrome(const struct term *term, const struct options *options,
			   struct json_object *syndrome)
{
	static const struct table_column columns[] = {
		{.name = "FIELD"},
		{.name = "VALUE"},
		{.name = "MEANING", .wrap = true},
	};
	struct json_object *fields = reply_array(syndrome, "fields");
	struct table *table;

	fprintf(term->out, "%sESR %s: %s%s\n", term_colour(term, COLOUR_BOLD),
		reply_string(syndrome, "esr"), reply_string(syndrome, "exception"),
		term_colour(term, COLOUR_NONE));
	term_wrap(term, "", 0, reply_string(syndrome, "summary"));
	print_field(term, "Note", reply_string(syndrome, "note"));
	print_field(term, "FAR", reply_string(syndrome, "far"));
	print_field(term, "IPA", reply_string(syndrome, "ipa"));
	print_field(term, "PC", reply_string(syndrome, "pc"));
	putc('\n', term->out);
	table = table_new(term, columns, sizeof(columns) / sizeof(columns[0]), !options->no_legend);
	for (size_t i = 0; i < reply_length(fields); i++) {
		struct json_object *field = reply_at(fields, i);
		struct libscols_line *row = table_row(table);

		table_set(table, row, 0, reply_string(field, "name"), COLOUR_NONE);
		table_set(table, row, 1, reply_string(field, "value"), COLOUR_NONE);
		table_set(table, row, 2, reply_string(field, "meaning"), COLOUR_NONE);
	}
	table_print(table);
	table_free(table);
}

static void print_instructions(const struct term *term, struct json_object *list, bool *begun)
{
	char text[TEXT_MAX];

	for (size_t i = 0; i < reply_length(list); i++) {
		struct json_object *insn = reply_at(list, i);

		if (i == 0)
			separate(term, begun);
		snprintf(text, sizeof(text), "%.20s `%.100s`%s%.200s", reply_string(insn, "word"),
			 reply_string(insn, "text"), reply_has(insn, "why") ? ": " : "",
			 reply_string(insn, "why"));
		print_field(term, i ? "" : "Instruction", text);
		if (reply_has(insn, "instead"))
			print_field(term, "Instead", reply_string(insn, "instead"));
	}
}

static void print_unknown(const struct term *term, struct json_object *reply, bool *begun)
{
	struct json_object *unknown = reply_array(reply, "unknown");
	int64_t n = reply_int(reply, "not_understood"), omitted = reply_int(reply, "omitted_lines"),
		parts = reply_int(reply, "part_lines");
	char text[TEXT_MAX];

	if (omitted > 0 || parts > 0 || n > 0)
		separate(term, begun);
	if (omitted > 0) {
		snprintf(text, sizeof(text),
			 "%" PRId64 " more lines are understood, but not listed", omitted);
		term_wrap(term, "", 0, text);
	}
	if (parts > 0) {
		snprintf(text, sizeof(text), "%" PRId64 " more line%s part of these dumps", parts,
			 parts == 1 ? " is" : "s are");
		term_wrap(term, "", 0, text);
	}
	if (n <= 0)
		return;
	snprintf(text, sizeof(text), "%" PRId64 " line%s not understood:", n,
		 n == 1 ? " is" : "s are");
	term_wrap(term, "", 0, text);
	for (size_t i = 0; i < reply_length(unknown); i++)
		term_wrap(term, "  ", 4, reply_string_at(unknown, i));
	if ((size_t)n > reply_length(unknown))
		fputs("  ...\n", term->out);
}

void decoded_print(const struct options *options, struct json_object *reply)
{
	struct json_object *lines = reply_array(reply, "lines"),
			   *syndromes = reply_array(reply, "syndromes");
	bool begun = false;
	struct term term;

	term_open(&term, options, false);
	print_lines(&term, lines, &begun);
	print_registers(&term, lines, &begun);
	print_instructions(&term, reply_array(reply, "instructions"), &begun);
	for (size_t i = 0; i < reply_length(syndromes); i++) {
		separate(&term, &begun);
		print_syndrome(&term, options, reply_at(syndromes, i));
	}
	print_unknown(&term, reply, &begun);
	if (options->verbose)
		glossary_print(&term, reply);
}
