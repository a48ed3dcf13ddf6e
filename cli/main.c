/* SPDX-License-Identifier: GPL-2.0-or-later */

/* nisvctl: options and verbs. Both tables make the parser and --help. */

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/nearest.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

struct verb {
	const char *name, *args;
	int min, max;	     /* arguments */
	const char *options; /* the names of the options of OPTION_VERB that it takes */
	verb_run_t run;
	const char *help;
};

static const struct verb verbs[] = {
	{"list", "", 0, 0, "all", verb_list,
	 "running VMs, and those that ended with a finding in the last 24 hours (the default)"},
	{"show", "VM", 1, 1, "", verb_show, "one VM: identity, memory layout, what was captured"},
	{"map", "VM", 1, 1, "", verb_map, "its fault map in address order: regions, holes, faults"},
	{"explain", "[VM [ADDRESS]]", 0, 2, "symbols list-causes", verb_explain,
	 "why it faults, with evidence and what to do; without VM, all findings of the host"},
	{"verify", "[VM]", 0, 1, "", verb_verify,
	 "what will fail in its memory map before it does; without VM, of all running VMs"},
	{"events", "[VM]", 0, 1, "follow", verb_events, "the faults, one by one"},
	{"decode", "[ESR [FAR [IPA]]]", 0, 4096, "", verb_decode,
	 "a syndrome in words; or a text, as arguments or on standard input: lines of a kernel's "
	 "or VMM's log, of a trace, an oops, a register dump"},
	{"status", "", 0, 0, "", verb_status, "the daemon: what it sees, what it has lost"},
	{"export", "VM", 1, 1, "", verb_export,
	 "the dossier: everything known about a VM, as JSON Lines for --file"},
};

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

/* Values of getopt_long() for what has no letter. */
enum {
	OPT_SOCKET = 256,
	OPT_FILE,
	OPT_SYMBOLS,
	OPT_LIST_CAUSES,
	OPT_BRIDGE,
	OPT_JSON,
	OPT_NO_PAGER,
	OPT_NO_LEGEND,
	OPT_EXIT_CODE,
	OPT_VERSION,
};

struct option_spec {
	int code; /* a letter or OPT_* */
	const char *name, *arg;
	int has_arg;
	enum option_section section;
	const char *help;
};

static const struct option_spec specs[] = {
	{'a', "all", NULL, no_argument, OPTION_VERB, "list: every VM that ended, too"},
	{'f', "follow", NULL, no_argument, OPTION_VERB,
	 "events: go on, and wait for a restarted daemon"},
	{OPT_SYMBOLS, "symbols", "FILE", required_argument, OPTION_VERB,
	 "explain: name the guest kernel's functions, from its System.map or /proc/kallsyms"},
	{OPT_LIST_CAUSES, "list-causes", NULL, no_argument, OPTION_VERB,
	 "explain: every cause that there is; with one as argument, all about it"},
	{'H', "host", "HOST", required_argument, OPTION_SOURCE,
	 "the nisvd of another host, over ssh (nisvctl must be there)"},
	{OPT_SOCKET, "socket", "PATH", required_argument, OPTION_SOURCE,
	 "its socket (" NISV_SOCKET_PATH ")"},
	{OPT_FILE, "file", "FILE", required_argument, OPTION_SOURCE,
	 "no daemon: answer from a dossier that export or nisvd wrote, or from the text of a trace "
	 "of kvm's tracepoints"},
	{OPT_BRIDGE, "bridge", NULL, no_argument, OPTION_SOURCE,
	 "carry bytes between standard input and output and the socket"},
	{OPT_JSON, "json", "MODE", optional_argument, OPTION_OUTPUT,
	 "pretty, short or off: JSON in place of text"},
	{'j', NULL, NULL, no_argument, OPTION_OUTPUT, "JSON: pretty on a terminal, else short"},
	{OPT_NO_PAGER, "no-pager", NULL, no_argument, OPTION_OUTPUT,
	 "write straight to standard output"},
	{OPT_NO_LEGEND, "no-legend", NULL, no_argument, OPTION_OUTPUT, "no headings and no sums"},
	{'q', "quiet", NULL, no_argument, OPTION_OUTPUT,
	 "no remarks; list: only a name or id for each VM"},
	{OPT_EXIT_CODE, "exit-code", NULL, no_argument, OPTION_OUTPUT,
	 "list, explain, verify: exit with 5 where there are findings"},
	{'h', "help", NULL, no_argument, OPTION_OTHER, "this text"},
	{OPT_VERSION, "version", NULL, no_argument, OPTION_OTHER, "the version"},
};

/* ---- help -------------------------------------------------------------------------------- */

#define HELP_INDENT 24
#define HELP_WIDTH  79

static void print_help_line(const char *left, const char *text)
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

static void print_help(void)
{
	char left[64], equals[32];

	puts("Usage: nisvctl [OPTION]... [VERB [ARGUMENT]...]\n"
	     "Ask nisvd which VMs touch memory that is not there, where, and why.\n"
	     "\n"
	     "Verbs");
	for (size_t i = 0; i < LENGTH(verbs); i++) {
		snprintf(left, sizeof(left), "%s %s", verbs[i].name, verbs[i].args);
		print_help_line(left, verbs[i].help);
	}
	for (int section = 0; section < _OPTION_SECTION_MAX; section++) {
		printf("\n%s\n", section_names[section]);
		for (size_t i = 0; i < LENGTH(specs); i++) {
			const struct option_spec *s = &specs[i];

			if ((int)s->section != section)
				continue;
			equals[0] = 0;
			if (s->arg)
				snprintf(equals, sizeof(equals),
					 s->has_arg == optional_argument ? "[=%s]" : " %s", s->arg);
			if (s->code < 256)
				snprintf(left, sizeof(left), "-%c%s%s%s", s->code,
					 s->name ? ", --" : "", s->name ? s->name : "", equals);
			else
				snprintf(left, sizeof(left), "    --%s%s", s->name, equals);
			print_help_line(left, s->help);
		}
	}
	puts("\n"
	     "A VM is named by its name, id (PID-FD), key, UUID or PID.\n"
	     "Exit status: 0 done, 1 failure, 2 wrong usage, 3 no such VM, 4 no daemon,\n"
	     "5 findings (with --exit-code). More: nisvctl(1).");
}

/* ---- parsing ----------------------------------------------------------------------------- */

static int usage_error(const struct options *options, const char *what, const char *value,
		       const char *hint)
{
	return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
			    "%s%s%s%s: try \"nisvctl --help\"", what, value ? value : "",
			    value ? "\"" : "", hint ? hint : "");
}

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

struct parsed {
	struct options options;
	bool help, version, bridge;
	const struct option_spec *given[8]; /* of OPTION_VERB, up to a NULL */
	const char *wrong;		    /* the first argument that was not understood */
	const char *wrong_json;
};

/* Notes an option of single verbs, once. */
static void note_given(struct parsed *p, int code)
{
	size_t i = 0;

	while (i < LENGTH(specs) && specs[i].code != code)
		i++;
	if (i == LENGTH(specs) || specs[i].section != OPTION_VERB)
		return;
	for (size_t k = 0; k + 1 < LENGTH(p->given); k++) {
		if (!p->given[k])
			p->given[k] = &specs[i];
		if (p->given[k] == &specs[i])
			return;
	}
}

static void parse_option(struct parsed *p, int code, char **argv)
{
	note_given(p, code);
	switch (code) {
	case 'a':
		p->options.all = true;
		break;
	case 'f':
		p->options.follow = true;
		break;
	case 'H':
		p->options.host = optarg;
		break;
	case OPT_SOCKET:
		p->options.socket = optarg;
		break;
	case OPT_FILE:
		p->options.file = optarg;
		break;
	case OPT_SYMBOLS:
		p->options.symbols = optarg;
		break;
	case OPT_LIST_CAUSES:
		p->options.list_causes = true;
		break;
	case OPT_BRIDGE:
		p->bridge = true;
		break;
	case OPT_JSON:
	case 'j':
		if (!parse_json_mode(code == 'j' ? NULL : optarg, &p->options.json))
			p->wrong_json = optarg;
		break;
	case OPT_NO_PAGER:
		p->options.no_pager = true;
		break;
	case OPT_NO_LEGEND:
		p->options.no_legend = true;
		break;
	case 'q':
		p->options.quiet = true;
		break;
	case OPT_EXIT_CODE:
		p->options.exit_code = true;
		break;
	case 'h':
		p->help = true;
		break;
	case OPT_VERSION:
		p->version = true;
		break;
	default:
		if (!p->wrong)
			p->wrong = argv[optind - 1];
	}
}

static void parse_options(int argc, char **argv, struct parsed *p)
{
	struct option longs[LENGTH(specs) + 1] = {0};
	char shorts[LENGTH(specs) * 2 + 1] = "", *s = shorts;
	size_t n = 0;
	int code;

	for (size_t i = 0; i < LENGTH(specs); i++) {
		if (specs[i].code < 256) {
			*s++ = (char)specs[i].code;
			if (specs[i].has_arg == required_argument)
				*s++ = ':';
		}
		if (specs[i].name)
			longs[n++] = (struct option){specs[i].name, specs[i].has_arg, NULL,
						     specs[i].code};
	}
	*s = 0;
	opterr = 0; /* all are told below, once it is known whether as JSON */
	while ((code = getopt_long(argc, argv, shorts, longs, NULL)) >= 0)
		parse_option(p, code, argv);
}

static const struct verb *find_verb(const struct options *options, const char *name)
{
	const char *names[LENGTH(verbs)], *nearest;

	for (size_t i = 0; i < LENGTH(verbs); i++) {
		if (strcmp(name, verbs[i].name) == 0)
			return &verbs[i];
		names[i] = verbs[i].name;
	}
	nearest = nearest_word(name, names, LENGTH(verbs));
	if (nearest)
		error_report(options, NISV_EXIT_USAGE, NULL, NULL,
			     "\"%s\" is no verb: did you mean \"%s\"?", name, nearest);
	else
		error_report(options, NISV_EXIT_USAGE, NULL, NULL,
			     "\"%s\" is no verb: \"nisvctl --help\" lists them", name);
	return NULL;
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

static int refuse_options(const struct parsed *p, const struct verb *verb)
{
	for (size_t i = 0; p->given[i]; i++) {
		const struct option_spec *spec = p->given[i];
		char name[32];

		if (has_word(verb->options, spec->name))
			continue;
		if (spec->code < 256)
			snprintf(name, sizeof(name), "-%c", spec->code);
		else
			snprintf(name, sizeof(name), "--%s", spec->name);
		return error_report(&p->options, NISV_EXIT_USAGE, NULL, NULL,
				    "%s has no option %s: try \"nisvctl --help\"", verb->name,
				    name);
	}
	return NISV_EXIT_OK;
}

static int run_verb(const struct parsed *p, int argc, char **argv)
{
	const struct options *options = &p->options;
	const struct verb *verb = argc ? find_verb(options, argv[0]) : &verbs[0];

	if (!verb || refuse_options(p, verb) != NISV_EXIT_OK)
		return NISV_EXIT_USAGE;
	argc -= argc > 0;
	argv++;
	if (argc > verb->max)
		return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
				    "%s takes no further argument \"%s\": \"nisvctl %s%s%s\"",
				    verb->name, argv[verb->max], verb->name, *verb->args ? " " : "",
				    verb->args);
	if (argc < verb->min)
		return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
				    "%s needs a VM: \"nisvctl %s %s\"; \"nisvctl list\" shows them",
				    verb->name, verb->name, verb->args);
	if (argc && !*argv[0] && strstr(verb->args, "VM"))
		return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
				    "the VM's name is empty: \"nisvctl list\" shows them");
	return verb->run(options, argc, argv);
}

int main(int argc, char **argv)
{
	struct parsed p = {.options = {.socket = NISV_SOCKET_PATH}};

	setlocale(LC_ALL, "");
	parse_options(argc, argv, &p);
	if (p.wrong)
		return usage_error(&p.options, "option not understood or without its value: \"",
				   p.wrong, NULL);
	if (p.wrong_json)
		return usage_error(&p.options, "--json takes pretty, short or off, not \"",
				   p.wrong_json, NULL);
	if (p.help) {
		print_help();
		return NISV_EXIT_OK;
	}
	if (p.version) {
		puts("nisvctl " NISV_VERSION);
		return NISV_EXIT_OK;
	}
	if (p.options.host && p.options.file)
		return usage_error(&p.options, "--host and --file exclude each other", NULL, NULL);
	if (p.bridge) {
		if (optind < argc || p.options.host || p.options.file)
			return usage_error(&p.options, "--bridge goes with --socket only", NULL,
					   NULL);
		return bridge_run(&p.options);
	}
	return run_verb(&p, argc - optind, argv + optind);
}
