/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cell.h"
#include "cli/format.h"
#include "cli/history.h"
#include "cli/json_make.h"
#include "cli/nearest.h"
#include "cli/reply.h"
#include "cli/table.h"
#include "cli/timespec.h"
#include "cli/vm_text.h"

/* ---- what was asked for ---- */

/* Returns an exit status; errors are told. */
static int take_time(const struct options *options, const char *name, const char *text,
		     uint64_t *ret_usec)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!text ||
	    !timespec_parse(text, (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000,
			    ret_usec))
		return NISV_EXIT_OK;
	return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
			    "%s does not understand \"%s\": it takes " TIMESPEC_FORMS, name, text);
}

/* Returns an exit status; errors are told. */
static int check_kind(const struct options *options, const char *kind)
{
	/* The names that nisvd's kind_name() gives. */
	static const char *const kinds[] = {
		"nisv",	     "exec",	     "walk",	"beyond-ipa", "backing",
		"emulation", "memory-fault", "ldst64b", "mmio-read",  "mmio-write",
	};
	const size_t n = sizeof(kinds) / sizeof(kinds[0]);
	const char *nearest;
	char all[256] = "";

	for (size_t i = 0; i < n; i++) {
		if (!kind || strcmp(kind, kinds[i]) == 0)
			return NISV_EXIT_OK;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "",
			 kinds[i]);
	}
	nearest = nearest_word(kind, kinds, n);
	if (nearest)
		return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
				    "\"%s\" is no kind of fault: did you mean \"%s\"?", kind,
				    nearest);
	return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
			    "\"%s\" is no kind of fault: the kinds are %s", kind, all);
}

static int take_query(const struct options *options, const char *vm, struct history_query *ret)
{
	int status;

	*ret = (struct history_query){
		.directory = options->directory,
		.merge = options->merge,
		.vm = vm,
		.cause = options->cause,
		.kind = options->kind,
		.until_usec = UINT64_MAX,
		.lines = SIZE_MAX,
	};
	if (options->host)
		return error_report(
			options, NISV_EXIT_USAGE, NULL, NULL,
			"history reads the journal of the host that it runs on: \"ssh %s "
			"nisvctl history\"",
			options->host);
	if (options->file)
		return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
				    "history reads a journal, not a dossier: --directory names its "
				    "folder");
	if (options->directory && options->merge)
		return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
				    "--directory and --merge exclude each other: all of a folder's "
				    "journals are read");
	status = take_time(options, "--since", options->since, &ret->since_usec);
	if (status == NISV_EXIT_OK)
		status = take_time(options, "--until", options->until, &ret->until_usec);
	if (status == NISV_EXIT_OK && ret->since_usec > ret->until_usec)
		status = error_report(options, NISV_EXIT_USAGE, NULL, NULL,
				      "--since is later than --until");
	if (status == NISV_EXIT_OK && !parse_count(options, &ret->lines))
		status = NISV_EXIT_USAGE;
	if (status == NISV_EXIT_OK)
		status = check_kind(options, options->kind);
	return status;
}

/* ---- the table ---- */

enum column {
	COLUMN_TIME,
	COLUMN_HOST,
	COLUMN_BOOT,
	COLUMN_VM,
	COLUMN_TYPE,
	COLUMN_SEVERITY,
	COLUMN_CAUSE,
	COLUMN_ADDRESS,
	COLUMN_COUNT,
	COLUMN_DOSSIER,
	_COLUMN_MAX
};

static const struct table_column all_columns[_COLUMN_MAX] = {
	[COLUMN_TIME] = {.name = "TIME"},
	[COLUMN_HOST] = {.name = "HOST", .truncate = true},
	[COLUMN_BOOT] = {.name = "BOOT"},
	[COLUMN_VM] = {.name = "VM"},
	[COLUMN_TYPE] = {.name = "TYPE"},
	[COLUMN_SEVERITY] = {.name = "SEVERITY"},
	[COLUMN_CAUSE] = {.name = "CAUSE", .truncate = true},
	[COLUMN_ADDRESS] = {.name = "ADDRESS", .right = true},
	[COLUMN_COUNT] = {.name = "COUNT", .right = true},
	[COLUMN_DOSSIER] = {.name = "DOSSIER"},
};

static const char *dossier_text(struct json_object *entry)
{
	if (!reply_has(entry, "dossier"))
		return "-";
	if (!reply_has(entry, "dossier_present"))
		return "unknown";
	return reply_bool(entry, "dossier_present") ? "present" : "missing";
}

/*
 * A terminal that is narrower than WIDE has no room for the year, nor for a column of types: what
 * is no new finding is said before its cause. A name of more than VM_COLUMNS would leave none for
 * that.
 */
#define WIDE		  110
#define VM_COLUMNS	  24
#define VM_COLUMNS_NARROW 12
#define YEAR_BYTES	  5 /* "2026-" */

static bool is_narrow(const struct term *term)
{
	return term->terminal && term->width < WIDE;
}

static const char *vm_text(const struct term *term, struct json_object *entry, char buf[FORMAT_MAX])
{
	const char *name = reply_string(entry, reply_has(entry, "vm_name") ? "vm_name" : "vm");

	if (!term->terminal)
		return name;
	cell_cut(term, name, is_narrow(term) ? VM_COLUMNS_NARROW : VM_COLUMNS, buf, FORMAT_MAX);
	return buf;
}

static const char *time_text(const struct term *term, struct json_object *entry,
			     char buf[FORMAT_MAX])
{
	const char *text = format_time(reply_string(entry, "time"), buf);

	return is_narrow(term) && strlen(text) > YEAR_BYTES ? text + YEAR_BYTES : text;
}

static const char *cause_text(const struct term *term, struct json_object *entry,
			      char buf[FORMAT_MAX])
{
	const char *type = reply_string(entry, "type"), *cause = reply_string(entry, "cause");

	if (reply_has(entry, "withheld")) {
		snprintf(buf, FORMAT_MAX, "%" PRId64 " entries withheld",
			 reply_int(entry, "withheld"));
		return buf;
	}
	if (!is_narrow(term) || !*type || strcmp(type, "finding") == 0)
		return cause;
	snprintf(buf, FORMAT_MAX, "%s: %s", type, cause);
	return buf;
}

static const char *cell(const struct term *term, struct json_object *entry, enum column column,
			char buf[FORMAT_MAX])
{
	const char *text = "";

	switch (column) {
	case COLUMN_TIME:
		return time_text(term, entry, buf);
	case COLUMN_HOST:
		text = reply_string(entry, "host");
		break;
	case COLUMN_BOOT:
		snprintf(buf, FORMAT_MAX, "%.8s", reply_string(entry, "boot_id"));
		text = buf;
		break;
	case COLUMN_VM:
		text = vm_text(term, entry, buf);
		break;
	case COLUMN_TYPE:
		text = reply_string(entry, "type");
		break;
	case COLUMN_SEVERITY:
		text = reply_string(entry, "severity");
		break;
	case COLUMN_CAUSE:
		text = cause_text(term, entry, buf);
		break;
	case COLUMN_ADDRESS:
		text = reply_string(entry, "ipa");
		break;
	case COLUMN_COUNT:
		snprintf(buf, FORMAT_MAX, "%" PRId64, reply_int(entry, "count"));
		text = reply_has(entry, "count") ? buf : "";
		break;
	default:
		return dossier_text(entry);
	}
	return *text ? text : "-";
}

static enum colour colour_of(struct json_object *entry, enum column column)
{
	if (column == COLUMN_SEVERITY)
		return term_severity(reply_string(entry, "severity"));
	return column == COLUMN_DOSSIER && strcmp(dossier_text(entry), "missing") == 0
		       ? COLOUR_DIM
		       : COLOUR_NONE;
}

/* Do the entries differ in @member? */
static bool has_several(struct json_object *entries, const char *member)
{
	for (size_t i = 1; i < reply_length(entries); i++)
		if (strcmp(reply_string(reply_at(entries, i), member),
			   reply_string(reply_at(entries, 0), member)) != 0)
			return true;
	return false;
}

static int print_table(const struct options *options, struct json_object *entries)
{
	bool hosts = has_several(entries, "host");
	bool boots = options->merge || (options->directory && has_several(entries, "boot_id"));
	struct table_column columns[_COLUMN_MAX];
	enum column shown[_COLUMN_MAX];
	char buf[FORMAT_MAX];
	struct table *table;
	struct term term;
	size_t n = 0;

	term_open(&term, options, true);
	for (enum column column = 0; column < _COLUMN_MAX; column++) {
		if ((column == COLUMN_HOST && !hosts && !options->merge) ||
		    (column == COLUMN_BOOT && !boots) ||
		    (column == COLUMN_TYPE && is_narrow(&term)))
			continue;
		columns[n] = all_columns[column];
		shown[n++] = column;
	}
	table = table_new(&term, columns, n, !options->no_legend);
	for (size_t i = 0; i < reply_length(entries); i++) {
		struct json_object *entry = reply_at(entries, i);
		struct libscols_line *row = table_row(table);

		for (size_t c = 0; c < n; c++)
			table_set(table, row, c, cell(&term, entry, shown[c], buf),
				  colour_of(entry, shown[c]));
	}
	table_print(table);
	table_free(table);
	return term_close(&term, options);
}

/* ---- the verb ---- */

/* The newest first, or last. */
static struct json_object *in_order(struct json_object *newest_first, bool reverse)
{
	struct json_object *list = json_make_array();
	size_t n = reply_length(newest_first);

	for (size_t i = 0; i < n; i++)
		json_append(list, json_object_get(reply_at(newest_first, reverse ? i : n - 1 - i)));
	json_object_put(newest_first);
	return list;
}

static void note_nothing(const struct options *options, const struct history_query *query)
{
	bool narrowed = options->since || options->until || query->cause || query->kind;
	char *nearest = query->cause ? history_nearest_cause(query) : NULL;

	error_note(options, "the journal has no finding%s%s%s%s", query->vm ? " about " : "",
		   query->vm ? query->vm : "", narrowed ? " that matches" : "",
		   !options->directory && access("/var/log/journal", F_OK) < 0
			   ? "; of earlier boots this host keeps none (Storage= in journald.conf)"
			   : "");
	if (nearest)
		error_note(options, "it has none of \"%s\" at all: did you mean \"%s\"?",
			   query->cause, nearest);
	free(nearest);
}

static int print(const struct options *options, struct json_object *entries,
		 const struct history_query *query)
{
	struct json_object *reply;

	if (options->json != JSON_OFF) {
		reply = json_make_object();
		json_add(reply, "entries", json_object_get(entries));
		reply_print(stdout, options->json, reply);
		json_object_put(reply);
		return term_flush_stdout(options);
	}
	if (!reply_length(entries)) {
		note_nothing(options, query);
		return NISV_EXIT_OK;
	}
	reply_clean(entries);
	return print_table(options, entries);
}

int verb_history(const struct options *options, int argc, char **argv)
{
	const char *vm = argc > 0 ? argv[0] : NULL;
	struct json_object *entries;
	struct history_query query;
	bool omitted;
	int status = take_query(options, vm, &query);

	if (status == NISV_EXIT_OK)
		status = history_read(options, &query, &entries, &omitted);
	if (status != NISV_EXIT_OK)
		return status;
	entries = in_order(entries, options->reverse);
	status = print(options, entries, &query);
	if (omitted)
		error_note(options, "these are the newest %d: --until or a VM tells of older ones",
			   HISTORY_MAX);
	json_object_put(entries);
	return status;
}
