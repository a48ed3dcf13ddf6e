/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/nearest.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

enum option_section {
	OPTION_VERB, /* of single verbs */
	OPTION_SOURCE,
	OPTION_OUTPUT,
	OPTION_OTHER,
	_OPTION_SECTION_MAX
};

static const char *const section_names[_OPTION_SECTION_MAX] = {
	[OPTION_VERB] = "Options of verbs",
	[OPTION_SOURCE] = "Whom to ask",
	[OPTION_OUTPUT] = "Output",
	[OPTION_OTHER] = "Other",
};

struct option_spec {
	char letter; /* 0: none */
	const char *name, *arg;
	int has_arg;
	enum option_section section;
	size_t member; /* of struct options: a bool, or, with a required argument, a const char * */
	const char *help;
};

#define MEMBER(name) offsetof(struct options, name)

static const struct option_spec specs[] = {
	{'a', "all", NULL, no_argument, OPTION_VERB, MEMBER(all), "list: every VM that ended, too"},
	{'f', "follow", NULL, no_argument, OPTION_VERB, MEMBER(follow),
	 "events: go on, and wait for a restarted daemon"},
	{'d', "delay", "SECONDS", required_argument, OPTION_VERB, MEMBER(delay),
	 "top: time between two rounds (2)"},
	{'n', "lines", "NUMBER", required_argument, OPTION_VERB, MEMBER(lines),
	 "top: rounds; history: entries"},
	{'o', "output", "FILE", required_argument, OPTION_VERB, MEMBER(output),
	 "metrics: into a file, which is replaced at once and as a whole"},
	{0, "since", "TIME", required_argument, OPTION_VERB, MEMBER(since),
	 "history: from then on: today, 12:00, -1h, ..."},
	{0, "until", "TIME", required_argument, OPTION_VERB, MEMBER(until), "history: up to then"},
	{'r', "reverse", NULL, no_argument, OPTION_VERB, MEMBER(reverse),
	 "history: the newest first"},
	{0, "directory", "DIR", required_argument, OPTION_VERB, MEMBER(directory),
	 "history: from the journal files there"},
	{0, "merge", NULL, no_argument, OPTION_VERB, MEMBER(merge),
	 "history: also of other hosts whose journals are here"},
	{0, "cause", "CAUSE", required_argument, OPTION_VERB, MEMBER(cause),
	 "history: of this cause only"},
	{0, "kind", "KIND", required_argument, OPTION_VERB, MEMBER(kind),
	 "history: of this kind of fault only"},
	{0, "redact", NULL, no_argument, OPTION_VERB, MEMBER(redact),
	 "export: without the guest's registers and memory, and secrets of the VMM"},
	{0, "symbols", "FILE", required_argument, OPTION_VERB, MEMBER(symbols),
	 "explain: name the guest kernel's functions, from its System.map or /proc/kallsyms"},
	{0, "list-causes", NULL, no_argument, OPTION_VERB, MEMBER(list_causes),
	 "explain: every cause that there is; with one as argument, all about it"},
	{'v', "verbose", NULL, no_argument, OPTION_VERB, MEMBER(verbose),
	 "explain, verify, decode: with the meaning of the terms in the answer"},
	{'H', "host", "HOST", required_argument, OPTION_SOURCE, MEMBER(host),
	 "the nisvd of another host, over ssh (nisvctl must be there)"},
	{0, "socket", "PATH", required_argument, OPTION_SOURCE, MEMBER(socket),
	 "its socket (" NISV_SOCKET_PATH ")"},
	{0, "file", "FILE", required_argument, OPTION_SOURCE, MEMBER(file),
	 "no daemon: answer from a dossier that export or nisvd wrote, or from the text of a trace "
	 "of kvm's tracepoints"},
	{0, "bridge", NULL, no_argument, OPTION_SOURCE, MEMBER(bridge),
	 "carry bytes between standard input and output and the socket"},
	{0, "json", "MODE", optional_argument, OPTION_OUTPUT, MEMBER(json),
	 "pretty, short or off: JSON in place of text"},
	{'j', NULL, NULL, no_argument, OPTION_OUTPUT, MEMBER(json),
	 "JSON: pretty on a terminal, else short"},
	{0, "no-pager", NULL, no_argument, OPTION_OUTPUT, MEMBER(no_pager),
	 "write straight to standard output"},
	{0, "no-legend", NULL, no_argument, OPTION_OUTPUT, MEMBER(no_legend),
	 "no headings and no sums"},
	{'q', "quiet", NULL, no_argument, OPTION_OUTPUT, MEMBER(quiet),
	 "no remarks; list: only a name or id for each VM"},
	{0, "exit-code", NULL, no_argument, OPTION_OUTPUT, MEMBER(exit_code),
	 "list, explain, verify: exit with 5 where there are findings"},
	{'h', "help", NULL, no_argument, OPTION_OTHER, MEMBER(help), "this text"},
	{0, "version", NULL, no_argument, OPTION_OTHER, MEMBER(version), "the version"},
};

/* ---- help -------------------------------------------------------------------------------- */

#define HELP_INDENT 24
#define HELP_WIDTH  79

void options_print_row(const char *left, const char *text)
{
	int at = printf("  %-*s", HELP_INDENT - 3, left);

	at = at < HELP_INDENT ? at + printf(" ") : printf("\n%*s", HELP_INDENT, "") - 1;
	for (bool begun = false; *text; begun = true) {
		int len = (int)strcspn(text, " ");

		if (begun && at + 1 + len > HELP_WIDTH)
			at = printf("\n%*s", HELP_INDENT, "") - 1;
		else if (begun)
			at += printf(" ");
		at += printf("%.*s", len, text);
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_option(const struct option_spec *spec)
{
	char left[64], equals[32] = "";

	if (spec->arg)
		snprintf(equals, sizeof(equals),
			 spec->has_arg == optional_argument ? "[=%s]" : " %s", spec->arg);
	if (spec->letter)
		snprintf(left, sizeof(left), "-%c%s%s%s", spec->letter, spec->name ? ", --" : "",
			 spec->name ? spec->name : "", equals);
	else
		snprintf(left, sizeof(left), "    --%s%s", spec->name, equals);
	options_print_row(left, spec->help);
}

void options_print_help(void)
{
	for (int section = 0; section < _OPTION_SECTION_MAX; section++) {
		printf("\n%s\n", section_names[section]);
		for (size_t i = 0; i < LENGTH(specs); i++)
			if ((int)specs[i].section == section)
				print_option(&specs[i]);
	}
}

/* ---- parsing ----------------------------------------------------------------------------- */

/* What getopt_long() is to return for specs[i]. */
#define CODE_FIRST 256

static bool parse_json_mode(const char *text, enum json_mode *ret)
{
	enum json_mode automatic = isatty(STDOUT_FILENO) ? JSON_PRETTY : JSON_SHORT;

	*ret = automatic;
	if (!text)
		return true;
	*ret = strcmp(text, "pretty") == 0  ? JSON_PRETTY
	       : strcmp(text, "short") == 0 ? JSON_SHORT
					    : JSON_OFF;
	if (*ret != JSON_OFF || strcmp(text, "off") == 0)
		return true;
	*ret = automatic; /* some JSON was meant, so the error is JSON */
	return false;
}

/* Returns false for a --json=MODE that is none. */
static bool set(struct options *options, size_t i)
{
	const struct option_spec *spec = &specs[i];
	void *member = (char *)options + spec->member;

	if (spec->section == OPTION_VERB)
		options->given |= 1u << i;
	if (member == &options->json)
		return parse_json_mode(optarg, &options->json);
	if (spec->has_arg == required_argument)
		*(const char **)member = optarg;
	else
		*(bool *)member = true;
	return true;
}

/* The index of the option that getopt_long() returned as @code, LENGTH(specs): of none. */
static size_t find(int code)
{
	size_t i = 0;

	if (code >= CODE_FIRST)
		return (size_t)(code - CODE_FIRST);
	while (i < LENGTH(specs) && (!specs[i].letter || specs[i].letter != code))
		i++;
	return i;
}

/* What is wrong with an option, from the return of getopt_long(), which it keeps in globals. */
struct mistake {
	int code; /* 0: nothing, '?': unknown, or a value that it does not take, ':': no value */
	int option;
	const char *word; /* of an unknown long one */
};

static int unknown_option(const struct options *options, const char *word)
{
	const char *names[LENGTH(specs)], *nearest;
	char given[48];
	size_t n = 0;

	for (size_t i = 0; i < LENGTH(specs); i++)
		if (specs[i].name)
			names[n++] = specs[i].name;
	snprintf(given, sizeof(given), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	nearest = nearest_word(given, names, n);
	if (nearest)
		return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
				    "\"%s\" is no option: did you mean \"--%s\"?", word, nearest);
	return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
			    "\"%s\" is no option: \"nisvctl --help\" lists them", word);
}

static int tell(const struct options *options, const struct mistake *mistake)
{
	size_t i = find(mistake->option);
	const struct option_spec *spec = i < LENGTH(specs) ? &specs[i] : NULL;
	char name[32], letter[] = {'-', (char)mistake->option, 0};

	if (!spec)
		return unknown_option(options, mistake->option ? letter : mistake->word);
	snprintf(name, sizeof(name), "%s%s", mistake->option < CODE_FIRST ? "" : "--",
		 mistake->option < CODE_FIRST ? letter : spec->name);
	if (mistake->code == ':')
		return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
				    "%s needs a value: \"%s %s\"", name, name, spec->arg);
	return error_report(options, NISV_EXIT_USAGE, NULL, NULL, "%s takes no value", name);
}

static void describe(struct option longs[LENGTH(specs) + 1], char shorts[LENGTH(specs) * 2 + 2])
{
	size_t n = 0;
	char *s = shorts;

	*s++ = ':'; /* a value that is missing is another mistake than an unknown option */
	for (size_t i = 0; i < LENGTH(specs); i++) {
		if (specs[i].letter) {
			*s++ = specs[i].letter;
			if (specs[i].has_arg == required_argument)
				*s++ = ':';
		}
		if (specs[i].name)
			longs[n++] = (struct option){specs[i].name, specs[i].has_arg, NULL,
						     CODE_FIRST + (int)i};
	}
	*s = 0;
}

int options_parse(int argc, char **argv, struct options *options)
{
	struct option longs[LENGTH(specs) + 1] = {0};
	char shorts[LENGTH(specs) * 2 + 2];
	const char *wrong_json = NULL;
	struct mistake mistake = {0};
	int code;

	_Static_assert(LENGTH(specs) <= 32, "the bits of given");
	describe(longs, shorts);
	opterr = 0; /* all are told below, once it is known whether as JSON */
	while ((code = getopt_long(argc, argv, shorts, longs, NULL)) >= 0) {
		if ((code == '?' || code == ':') && !mistake.code)
			mistake = (struct mistake){code, optopt, argv[optind - 1]};
		else if (code != '?' && code != ':' && !set(options, find(code)))
			wrong_json = optarg;
	}
	if (mistake.code)
		tell(options, &mistake);
	else if (wrong_json)
		error_report(
			options, NISV_EXIT_USAGE, NULL, NULL,
			"--json takes pretty, short or off, not \"%s\": try \"nisvctl --help\"",
			wrong_json);
	return mistake.code || wrong_json ? -1 : optind;
}

/* Is @word one of the words of @list? */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += len)
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	return false;
}

bool options_refuse(const struct options *options, const char *verb, const char *taken)
{
	for (size_t i = 0; i < LENGTH(specs); i++) {
		const struct option_spec *spec = &specs[i];
		char name[32];

		if (!(options->given & 1u << i) || has_word(taken, spec->name))
			continue;
		if (spec->letter)
			snprintf(name, sizeof(name), "-%c", spec->letter);
		else
			snprintf(name, sizeof(name), "--%s", spec->name);
		error_report(options, NISV_EXIT_USAGE, NULL, NULL,
			     "%s has no option %s: try \"nisvctl --help\"", verb, name);
		return true;
	}
	return false;
}
