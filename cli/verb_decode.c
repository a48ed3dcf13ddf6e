/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/reply.h"
#include "cli/table.h"
#include "cli/vm_text.h"

#define LINE_BYTES_MAX 65536

enum value {
	VALUE_ESR,
	VALUE_FAR,
	VALUE_IPA,
	_VALUE_MAX
};

/* As the kernel's tracepoints, oops texts and VMMs name them; the parameter of Decode first. */
static const char *const names[_VALUE_MAX][5] = {
	[VALUE_ESR] = {"esr", "hsr", "esr_el2", "esr_el1", NULL},
	[VALUE_FAR] = {"far", "hxfar", "far_el2", "far_el1", NULL},
	[VALUE_IPA] = {"ipa", "gpa", "fault_ipa", NULL},
};

struct syndrome_line {
	char hex[_VALUE_MAX][20]; /* "0x...", "": not there */
};

static int named_value(const char *word, size_t len)
{
	for (int value = 0; value < _VALUE_MAX; value++)
		for (size_t i = 0; names[value][i]; i++)
			if (strlen(names[value][i]) == len &&
			    strncasecmp(names[value][i], word, len) == 0)
				return value;
	return _VALUE_MAX;
}

static bool read_hex(const char *word, size_t len, char hex[20])
{
	size_t skip = len > 2 && word[0] == '0' && (word[1] | 0x20) == 'x' ? 2 : 0;

	len -= skip;
	for (size_t i = 0; i < len; i++)
		if (!isxdigit((unsigned char)word[skip + i]))
			return false;
	if (len == 0 || len > 16)
		return false;
	snprintf(hex, 20, "0x%.*s", (int)len, word + skip);
	return true;
}

/*
 * Takes values that are named in @text ("esr 0x...", "ESR_EL2=0x..."). If there is no name at all,
 * numbers alone: ESR, FAR and IPA in this order. Numbers are hexadecimal, with 0x or without.
 */
static bool parse_line(const char *text, struct syndrome_line *ret)
{
	struct syndrome_line named = {0}, bare = {0};
	int value = _VALUE_MAX, n_bare = 0;
	bool only_numbers = true;

	while (*text) {
		size_t len = 0;
		char hex[20];

		while (isalnum((unsigned char)text[len]) || text[len] == '_')
			len++;
		if (len == 0) {
			text++;
			continue;
		}
		if (!read_hex(text, len, hex)) {
			only_numbers = false;
			value = named_value(text, len);
		} else if (value != _VALUE_MAX) {
			memcpy(named.hex[value], hex, sizeof(hex));
			value = _VALUE_MAX;
		} else if (n_bare < _VALUE_MAX) {
			memcpy(bare.hex[n_bare++], hex, sizeof(hex));
		}
		text += len;
	}
	*ret = only_numbers ? bare : named;
	return ret->hex[VALUE_ESR][0];
}

static void print_text(const struct options *options, struct json_object *reply, bool first)
{
	static const struct table_column columns[] = {
		{.name = "FIELD"},
		{.name = "VALUE"},
		{.name = "MEANING", .wrap = true},
	};
	struct json_object *fields = reply_array(reply, "fields");
	struct table *table;
	struct term term;

	term_open(&term, options, false);
	if (!first)
		putc('\n', term.out);
	fprintf(term.out, "%sESR %s: %s%s\n", term_colour(&term, COLOUR_BOLD),
		reply_string(reply, "esr"), reply_string(reply, "exception"),
		term_colour(&term, COLOUR_NONE));
	term_wrap(&term, "", 0, reply_string(reply, "summary"));
	print_field(&term, "FAR", reply_string(reply, "far"));
	print_field(&term, "IPA", reply_string(reply, "ipa"));
	putc('\n', term.out);
	table = table_new(&term, columns, sizeof(columns) / sizeof(columns[0]),
			  !options->no_legend);
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

static int decode(const struct options *options, struct client *client,
		  const struct syndrome_line *line, bool first)
{
	struct json_object *params = json_object_new_object(), *reply;
	int status;

	for (int value = 0; value < _VALUE_MAX; value++)
		if (line->hex[value][0])
			json_object_object_add(params, names[value][0],
					       json_object_new_string(line->hex[value]));
	status = client_call(client, NISV_METHOD_DECODE, params, &reply);
	if (status != NISV_EXIT_OK)
		return status;
	if (options->json != JSON_OFF)
		reply_print(stdout, options->json, reply);
	else
		print_text(options, reply, first);
	json_object_put(reply);
	return NISV_EXIT_OK;
}

static int no_syndrome(const struct options *options, const char *text)
{
	return error_report(
		options, NISV_EXIT_USAGE, NULL, NULL,
		"no syndrome in \"%.200s\": expected \"ESR [FAR [IPA]]\" in hexadecimal, "
		"or a line with \"esr\" or \"hsr\" and its value",
		text);
}

/* Lines without a syndrome are common in what is pasted: an error only if none has one. */
static int decode_stdin(const struct options *options, struct client *client)
{
	static char text[LINE_BYTES_MAX];
	struct options lines = *options;
	int status = NISV_EXIT_OK;
	struct syndrome_line line;
	size_t decoded = 0;

	if (lines.json == JSON_PRETTY)
		lines.json = JSON_SHORT; /* a stream: one object per line */
	while (status == NISV_EXIT_OK && fgets(text, sizeof(text), stdin)) {
		if (strlen(text) == sizeof(text) - 1)
			return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
					    "a line on standard input is longer than %d bytes",
					    LINE_BYTES_MAX - 2);
		if (parse_line(text, &line)) {
			status = decode(&lines, client, &line, decoded == 0);
			decoded++;
		}
	}
	if (status == NISV_EXIT_OK && decoded == 0)
		status = no_syndrome(options, "standard input");
	return status;
}

static char *join(int argc, char **argv)
{
	size_t size = 1;
	char *text, *to;

	for (int i = 0; i < argc; i++)
		size += strlen(argv[i]) + 1;
	text = to = malloc(size);
	if (!text)
		return NULL;
	*to = 0;
	for (int i = 0; i < argc; i++)
		to = stpcpy(stpcpy(to, i ? " " : ""), argv[i]);
	return text;
}

int verb_decode(const struct options *options, int argc, char **argv)
{
	char *text = join(argc, argv);
	struct syndrome_line line;
	struct client *client = NULL;
	int status;

	if (!text)
		return error_report(options, NISV_EXIT_FAILURE, NULL, NULL, "out of memory");
	if (argc == 0 && isatty(STDIN_FILENO))
		status =
			error_report(options, NISV_EXIT_USAGE, NULL, NULL,
				     "decode needs a syndrome: \"nisvctl decode ESR [FAR [IPA]]\", "
				     "or lines on standard input");
	else if (argc > 0 && !parse_line(text, &line))
		status = no_syndrome(options, text);
	else
		status = client_open(options, CLIENT_RULES, &client);
	free(text);
	if (status != NISV_EXIT_OK)
		return status;
	status = argc > 0 ? decode(options, client, &line, true) : decode_stdin(options, client);
	client_close(client);
	return status == NISV_EXIT_OK ? term_flush_stdout(options) : status;
}
