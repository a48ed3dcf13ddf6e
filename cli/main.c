/* SPDX-License-Identifier: GPL-2.0-or-later */

/* nisvctl: its verbs. The table makes the parser and their part of --help. */

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/nearest.h"
#include "cli/options.h"
#include "cli/term.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

struct verb {
	const char *name, *args;
	int min, max;	     /* arguments */
	const char *options; /* the long names of those of single verbs that it takes */
	verb_run_t run;
	const char *help;
};

static const struct verb verbs[] = {
	{"list", "", 0, 0, "all", verb_list,
	 "running VMs, and those that ended with a finding in the last 24 hours (the default)"},
	{"top", "", 0, 0, "delay lines", verb_top,
	 "MMIO and aborts per second, by VM and place, live"},
	{"show", "VM", 1, 1, "", verb_show, "one VM: identity, memory layout, what was captured"},
	{"map", "VM", 1, 1, "", verb_map, "its fault map in address order: regions, holes, faults"},
	{"explain", "[VM [ADDRESS]]", 0, 2, "symbols list-causes verbose", verb_explain,
	 "why it faults, with evidence and what to do; without VM, all findings of the host"},
	{"verify", "[VM]", 0, 1, "verbose", verb_verify,
	 "what will fail in its memory map before it does; without VM, of all running VMs"},
	{"events", "[VM]", 0, 1, "follow", verb_events, "the faults, one by one"},
	{"history", "[VM]", 0, 1, "since until lines reverse directory merge cause kind",
	 verb_history, "findings of the past, from the journal; needs no daemon"},
	{"decode", "[ESR [FAR [IPA]]]", 0, 4096, "verbose", verb_decode,
	 "a syndrome in words; or a text, as arguments or on standard input: lines of a kernel's "
	 "or VMM's log, of a trace, an oops, a register dump"},
	{"status", "", 0, 0, "", verb_status, "the daemon: what it sees, what it has lost"},
	{"metrics", "", 0, 0, "output", verb_metrics,
	 "counts and states in the text format of Prometheus"},
	{"export", "VM", 1, 1, "redact", verb_export,
	 "the dossier: everything known about a VM, as JSON Lines for --file"},
};

/* ---- help -------------------------------------------------------------------------------- */

static void print_help(void)
{
	char left[64];

	puts("Usage: nisvctl [OPTION]... [VERB [ARGUMENT]...]\n"
	     "Ask nisvd which VMs touch memory that is not there, where, and why.\n"
	     "\n"
	     "Verbs");
	for (size_t i = 0; i < LENGTH(verbs); i++) {
		snprintf(left, sizeof(left), "%s %s", verbs[i].name, verbs[i].args);
		options_print_row(left, verbs[i].help);
	}
	options_print_help();
	puts("\n"
	     "A VM is named by its name, id (PID-FD), key, UUID or PID.\n"
	     "Exit status: 0 done, 1 failure, 2 wrong usage, 3 no such VM, 4 no daemon,\n"
	     "5 findings (with --exit-code). More: nisvctl(1).");
}

/* ---- running ------------------------------------------------------------------------------ */

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

static int run_verb(const struct options *options, int argc, char **argv)
{
	const struct verb *verb = argc ? find_verb(options, argv[0]) : &verbs[0];

	if (!verb || options_refuse(options, verb->name, verb->options))
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

/*
 * Whoever closed a standard stream wants nothing of it; a socket that took its number would get
 * what is written there. What is opened in its place cannot be used either, and that is told.
 */
static void keep_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return;
}

int main(int argc, char **argv)
{
	struct options options = {.socket = NISV_SOCKET_PATH};
	int first;

	keep_standard_streams();
	setlocale(LC_ALL, "");
	first = options_parse(argc, argv, &options);
	if (first < 0)
		return NISV_EXIT_USAGE;
	if (options.help) {
		print_help();
		return term_flush_stdout(&options);
	}
	if (options.version) {
		puts("nisvctl " NISV_VERSION);
		return term_flush_stdout(&options);
	}
	if (options.host && options.file)
		return error_report(&options, NISV_EXIT_USAGE, NULL, NULL,
				    "--host and --file exclude each other: try \"nisvctl --help\"");
	if (options.bridge && (first < argc || options.host || options.file))
		return error_report(&options, NISV_EXIT_USAGE, NULL, NULL,
				    "--bridge goes with --socket only: try \"nisvctl --help\"");
	return options.bridge ? bridge_run(&options)
			      : run_verb(&options, argc - first, argv + first);
}
