/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_CLI_H
#define NISVCTL_CLI_H

/* What every part of nisvctl shares: the options as parsed, the verbs, and how an error is told. */

#include <json-c/json.h>
#include <stdbool.h>

#include "include/nisv_api.h"

enum json_mode {
	JSON_OFF = 0,
	JSON_SHORT,
	JSON_PRETTY
};

struct options {
	const char *host;   /* -H: ask nisvd on another host, NULL: on this one */
	const char *socket; /* never NULL */
	const char *file;   /* --file: a dossier or a trace, NULL: ask a daemon */
	enum json_mode json;
	const char *since, *until, *directory, *cause, *kind; /* of history; NULL */
	const char *lines;				      /* -n, NULL: without a limit */
	const char *symbols; /* --symbols: a System.map of the guest, or NULL */
	const char *delay;   /* -d, NULL: as the verb has it */
	const char *output;  /* -o: a file for the output, NULL: standard output */
	bool no_pager, no_legend, quiet, exit_code, all, follow, list_causes, verbose, reverse,
		merge, redact;
	bool help, version, bridge;
	unsigned int
		given; /* a bit for each option of single verbs, as in the table in options.c */
};

/*
 * A verb gets its arguments (their number is checked) and returns an exit status (enum nisv_exit);
 * it has told every error itself.
 */
typedef int (*verb_run_t)(const struct options *options, int argc, char **argv);

int verb_list(const struct options *options, int argc, char **argv);
int verb_show(const struct options *options, int argc, char **argv);
int verb_map(const struct options *options, int argc, char **argv);
int verb_explain(const struct options *options, int argc, char **argv);
int verb_verify(const struct options *options, int argc, char **argv);
int verb_events(const struct options *options, int argc, char **argv);
int verb_history(const struct options *options, int argc, char **argv);
int verb_decode(const struct options *options, int argc, char **argv);
int verb_status(const struct options *options, int argc, char **argv);
int verb_export(const struct options *options, int argc, char **argv);
int verb_top(const struct options *options, int argc, char **argv);
int verb_metrics(const struct options *options, int argc, char **argv);

/* --bridge: carries bytes between standard input and output and the socket until either ends. */
int bridge_run(const struct options *options);

/*
 * Tells an error on standard error, as text or, with --json, as {"error", "message", "parameters"}.
 * @name: the varlink error, NULL if it is none; @parameters: its parameters, borrowed, may be NULL.
 * The message says what is wrong and what to do, without a full stop or newline. Returns @status.
 */
int error_report(const struct options *options, int status, const char *name,
		 struct json_object *parameters, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* A remark on standard error; none with --quiet or --json. */
void error_note(const struct options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Parses a guest address for people: 0x and hexadecimal, or decimal digits. 0, -EINVAL or -ERANGE.
 */
int parse_address(const char *text, unsigned long long *ret);

/*
 * The value of -n, a number of at least 1; @ret stays as it is where the option was not given.
 * False (told): it is none.
 */
bool parse_count(const struct options *options, size_t *ret);

#endif
