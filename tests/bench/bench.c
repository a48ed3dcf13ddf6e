/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * make bench: what nisvd adds to each kind of exit, beside an empty program on the same
 * tracepoints and beside the tracers of others. Ratios carry over to other machines, times do not.
 */

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <unistd.h>

#include "answers.h"
#include "daemon/edge/log.h"
#include "table.h"
#include "tool.h"
#include "tracefs.h"
#include "workload.h"

#define MS		1000000ULL
#define BLOCK_NS	(40 * MS)
#define ROUNDS		30
#define QUICK_BLOCK_NS	(20 * MS)
#define QUICK_ROUNDS	5
#define MAX_ROUNDS	1000
#define TRIES		10
#define QUICK_TRIES	3
#define NICE		(-5)
#define QUIET_TRIES	60 /* times half a second */
#define EXIT_CANNOT_RUN 77

struct options {
	unsigned int rounds;
	unsigned int tries;
	const char *only; /* rows with this in their names; NULL: all */
	bool is_icount;	  /* a nanosecond is an instruction */
	bool tools;	  /* those of others, too */
	struct measuring how;
};

static const char help[] =
	"Measures what nisvd adds to each exit of a guest, beside an empty BPF "
	"program on the same\n"
	"tracepoints and beside bpftrace, perf and trace-cmd. Needs root and "
	"KVM.\n"
	"\n"
	"Usage: bench [OPTIONS]\n"
	"  --rounds N   rounds of blocks for each row (30)\n"
	"  --quick      5 rounds of short blocks: does it work?\n"
	"  --only TEXT  only the rows and tables with TEXT in their names\n"
	"  --no-tools   not those of others\n"
	"  --icount     a nanosecond of this machine is an instruction: tables of "
	"these alone\n"
	"  --force      even where somebody else's BPF program is attached\n"
	"  -h, --help   this text\n";

/* ---- options ---- */

static void usage_exit(const char *what)
{
	fprintf(stderr, "bench: %s; try \"bench --help\"\n", what);
	exit(2);
}

static void parse_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{"rounds", required_argument, NULL, 'r'}, {"quick", no_argument, NULL, 'q'},
		{"only", required_argument, NULL, 'o'},	  {"force", no_argument, NULL, 'f'},
		{"no-tools", no_argument, NULL, 't'},	  {"icount", no_argument, NULL, 'i'},
		{"help", no_argument, NULL, 'h'},	  {},
	};
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "h", names, NULL)) >= 0) {
		switch (c) {
		case 'r':
			options->rounds = strtoul(optarg, &end, 10);
			if (*end || !options->rounds || options->rounds > MAX_ROUNDS)
				usage_exit("--rounds takes a number from 1 to 1000");
			break;
		case 'q':
			options->rounds = QUICK_ROUNDS;
			options->how.block_ns = QUICK_BLOCK_NS;
			options->tries = QUICK_TRIES;
			break;
		case 'o':
			options->only = optarg;
			break;
		case 'f':
			options->how.force = true;
			break;
		case 't':
			options->tools = false;
			break;
		case 'i':
			options->is_icount = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			usage_exit("unknown option");
		}
	}
	if (optind < argc)
		usage_exit("unexpected argument");
}

/* ---- what is printed ---- */

static void print_cpu(void)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		char *model = strstr(line, ": ");

		if (strncmp(line, "model name", strlen("model name")) != 0 || !model)
			continue;
		printf("%.*s, ", (int)strcspn(model + 2, "\n"), model + 2);
		break;
	}
	if (f)
		fclose(f);
}

static void print_machine(const struct options *options)
{
	struct utsname uts;
	double load = 0;

	uname(&uts);
	getloadavg(&load, 1);
	print_cpu();
	printf("%ld CPUs\n", sysconf(_SC_NPROCESSORS_ONLN));
	printf("Linux %s %s; load %.1f before the bench\n", uts.release, uts.machine, load);
	if (options->is_icount)
		puts("QEMU -icount: a nanosecond of this machine's is an instruction");
	printf("%u interleaved rounds, blocks of %llu ms\n\n", options->rounds,
	       (unsigned long long)(options->how.block_ns / MS));
	if (options->how.force && variants_disturbed())
		puts("OTHER BPF PROGRAMS ARE ATTACHED to KVM's tracepoints.\n");
}

/* ---- measuring ---- */

/* Somebody else's BPF program on the tracepoints would be measured as ours: let it end. */
static int quiet_await(const struct options *options)
{
	if (options->how.force)
		return 0;
	for (int i = 0; i < QUIET_TRIES; i++) {
		if (!variants_disturbed())
			return 0;
		usleep(500000);
	}
	return log_error_errno(EBUSY, "Another BPF program is attached to KVM's tracepoints: stop "
				      "it (nisvd?) first, or see --force");
}

static int measure_round(struct workload *w, struct variants *variants,
			 const struct options *options)
{
	int r;

	do {
		r = quiet_await(options);
		if (r >= 0)
			r = workload_round(w, variants, &options->how);
		if (r >= 0)
			r = workload_runs(w, variants, &options->how);
	} while (r == -EAGAIN);
	return r;
}

static bool is_wanted(const struct options *options, const char *name)
{
	return !options->only || strstr(name, options->only);
}

static bool rows_wanted(const struct options *options)
{
	bool any = false;

	for (unsigned int i = 0; i < n_workloads; i++)
		any |= is_wanted(options, workloads[i].name);
	return any;
}

static int prepare(struct variants *variants, const struct options *options)
{
	int r = quiet_await(options);

	for (unsigned int i = 0; r >= 0 && i < n_workloads; i++) {
		struct workload *w = &workloads[i];

		if (!is_wanted(options, w->name))
			continue;
		r = workload_prepare(w);
		if (r >= 0 && w->machine)
			r = workload_count(w, variants, &options->how);
	}
	return r;
}

/*
 * Rounds outside, rows inside: a noisy minute of the machine meets every row alike. The programs
 * are loaded anew for each round: where they come to lie in memory matters, too.
 */
static int measure(const struct options *options)
{
	struct variants *variants = NULL;
	int r = 0;

	for (unsigned int round = 0; r >= 0 && round < options->rounds; round++) {
		r = variants_new(&variants);
		if (r >= 0 && !round)
			r = prepare(variants, options);
		for (unsigned int i = 0; r >= 0 && i < n_workloads; i++)
			if (workloads[i].machine)
				r = measure_round(&workloads[i], variants, options);
		variants_free(variants);
		variants = NULL;
	}
	return r;
}

/* On the last CPU that we may use: the first often serves the interrupts. */
static void pin(const cpu_set_t *all)
{
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
		cpu_set_t one;

		if (!CPU_ISSET(cpu, all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

static bool answers_wanted(const struct options *options)
{
	return is_wanted(options, ANSWERS_SCANS) || is_wanted(options, ANSWERS_SCALE) ||
	       is_wanted(options, ANSWERS_SITES);
}

static int answers_measure(const struct options *options)
{
	int r = 0;

	if (is_wanted(options, ANSWERS_SCANS))
		r = answers_scans(options->rounds);
	if (r >= 0 && is_wanted(options, ANSWERS_SCALE))
		r = answers_scale(2 * options->tries);
	if (r >= 0 && is_wanted(options, ANSWERS_SITES))
		r = answers_explain(2 * options->tries);
	if (r >= 0 && is_wanted(options, ANSWERS_SITES))
		r = answers_judgements(options->rounds);
	if (r >= 0 && !options->only)
		r = answers_latency(options->tries);
	return r;
}

int main(int argc, char **argv)
{
	struct options options = {
		.rounds = ROUNDS,
		.tries = TRIES,
		.tools = true,
		.how = {.block_ns = BLOCK_NS},
	};
	cpu_set_t all;
	int r;

	parse_options(argc, argv, &options);
	log_set_level(LOG_WARNING);
	srandom(getpid());
	if (!rows_wanted(&options) && !answers_wanted(&options))
		usage_exit("--only: no row or table has that in its name");
	tracefs_mount();
	r = options.tools ? tools_begin() : 0;
	print_machine(&options);
	fflush(stdout);
	sched_getaffinity(0, sizeof(all), &all);
	pin(&all);
	setpriority(PRIO_PROCESS, 0, NICE);
	if (r >= 0 && rows_wanted(&options))
		r = measure(&options);
	if (r >= 0 && rows_wanted(&options))
		tables_print(options.is_icount);
	for (unsigned int i = 0; i < n_workloads; i++)
		workload_release(&workloads[i]);
	sched_setaffinity(0, sizeof(all), &all);
	setpriority(PRIO_PROCESS, 0, 0);
	tools_end();
	if (r >= 0 && !options.is_icount)
		r = answers_measure(&options);
	return r < 0 ? EXIT_CANNOT_RUN : 0;
}
