/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * make bench: what nisvd adds to each kind of exit, beside an empty program on the same
 * tracepoints. Ratios carry over to other machines, times do not.
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

#include "daemon/edge/log.h"
#include "explain.h"
#include "judgement.h"
#include "latency.h"
#include "scale.h"
#include "walk.h"
#include "workload.h"

#define MS		1000000ULL
#define BLOCK_NS	(40 * MS)
#define ROUNDS		100
#define QUICK_BLOCK_NS	(20 * MS)
#define QUICK_ROUNDS	5
#define MAX_ROUNDS	1000
#define TRIES		10
#define QUICK_TRIES	3
#define NICE		(-5)
#define QUIET_TRIES	60 /* times half a second */
#define EXIT_CANNOT_RUN 77

#define SCANS "scan of the host"
#define SCALE "1,000 VMs"
#define SITES "10,000 sites of one VM"

struct options {
	unsigned int rounds;
	uint64_t block_ns;
	unsigned int tries;
	const char *only; /* rows with this in their names; NULL: all */
	bool force;	  /* whoever else's program is attached */
};

static const char help[] = "Measures what nisvd adds to each exit of a guest, beside an empty BPF "
			   "program on the same\n"
			   "tracepoints. Needs root and KVM.\n"
			   "\n"
			   "Usage: bench [OPTIONS]\n"
			   "  --rounds N   rounds of five blocks per row (100)\n"
			   "  --quick      5 rounds of short blocks: does it work?\n"
			   "  --only TEXT  only the rows with TEXT in their names\n"
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
			options->block_ns = QUICK_BLOCK_NS;
			options->tries = QUICK_TRIES;
			break;
		case 'o':
			options->only = optarg;
			break;
		case 'f':
			options->force = true;
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
	printf("ns per access: median [quartiles] of %u interleaved rounds, blocks of %llu ms\n\n",
	       options->rounds, (unsigned long long)(options->block_ns / MS));
	if (options->force && variants_disturbed())
		puts("OTHER BPF PROGRAMS ARE ATTACHED to KVM's tracepoints.\n");
}

static const char *format_quartiles(const struct quartiles *q, char text[static 32])
{
	snprintf(text, 32, "%.0f [%.0f..%.0f]", q->median, q->low, q->high);
	return text;
}

/*
 * With its error, if both medians err as far as they may. An empty program that is lost in the
 * noise is no measure for another one.
 */
static const char *format_ratio(const struct quartiles *empty, const struct quartiles *nisvd,
				char text[static 32])
{
	double ratio = nisvd->median / empty->median;

	if (empty->median > empty->error)
		snprintf(text, 32, "%.1f+-%.1f", ratio,
			 (nisvd->error + ratio * empty->error) / empty->median);
	else
		snprintf(text, 32, "-");
	return text;
}

static void print_row(struct workload *w)
{
	struct quartiles base = sample_quartiles(&w->base);
	struct quartiles empty = sample_quartiles(&w->empty);
	struct quartiles nisvd = sample_quartiles(&w->nisvd);
	char empty_text[32], nisvd_text[32], ratio[32];

	printf("%-31s%8.0f %15s %15s %8s\n", w->name, base.median,
	       format_quartiles(&empty, empty_text), format_quartiles(&nisvd, nisvd_text),
	       format_ratio(&empty, &nisvd, ratio));
}

static void print_rows(void)
{
	printf("%-31s%8s %15s %15s %8s\n", "", "untraced", "empty adds", "nisvd adds", "ratio");
	for (unsigned int i = 0; i < n_workloads; i++)
		if (workloads[i].machine)
			print_row(&workloads[i]);
}

/* Some x86 hosts emulate the guest's every instruction, its stores to RAM included. */
static void print_emulation(const struct workload *w)
{
	for (size_t e = 0; e < variants_n_events(); e++)
		if (w->machine && w->setup.ram && w->events[e] >= 0.5 &&
		    !strcmp(variants_event_name(e), "kvm_emulate_insn"))
			printf("This KVM emulates the guest's code: \"%s\" is an emulated store.\n",
			       w->name);
}

static const char *short_name(size_t event)
{
	return variants_event_name(event) + strlen("kvm_");
}

static void print_events(void)
{
	printf("\n%-32s", "kvm_* events per access");
	for (size_t i = 0; i < variants_n_events(); i++)
		printf("  %s", short_name(i));
	putchar('\n');
	for (unsigned int i = 0; i < n_workloads; i++) {
		if (!workloads[i].machine)
			continue;
		printf("%-32s", workloads[i].name);
		for (size_t e = 0; e < variants_n_events(); e++)
			printf("  %*.2f", (int)strlen(short_name(e)), workloads[i].events[e]);
		putchar('\n');
	}
	for (unsigned int i = 0; i < n_workloads; i++)
		print_emulation(&workloads[i]);
}

/* ---- measuring ---- */

/* Somebody else's BPF program on the tracepoints would be measured as ours: let it end. */
static int quiet_await(const struct options *options)
{
	if (options->force)
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
			r = workload_round(w, variants, options->block_ns, options->force);
	} while (r == -EAGAIN);
	return r;
}

static int prepare(struct variants *variants, const struct options *options)
{
	unsigned int n = 0;
	int r = quiet_await(options);

	for (unsigned int i = 0; r >= 0 && i < n_workloads; i++) {
		struct workload *w = &workloads[i];

		if (options->only && !strstr(w->name, options->only))
			continue;
		n++;
		r = workload_prepare(w);
		if (r >= 0 && w->machine)
			r = workload_count(w, variants, options->block_ns);
	}
	if (r >= 0 && !n)
		return log_error_errno(EINVAL, "No row has \"%s\" in its name", options->only);
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

static int measure_latency(const struct options *options)
{
	static struct sample sample;
	struct quartiles q;
	int r = latency_measure(options->tries, &sample);

	if (r < 0)
		return r;
	q = sample_quartiles(&sample);
	printf("\nFrom the failing KVM_RUN to the answer of nisvctl explain: %.0f ms "
	       "[%.0f..%.0f]\n",
	       q.median, q.low, q.high);
	return 0;
}

/* What the slots of a VM add to a scan is its row less that of no VM. */
static int measure_walks(const struct options *options)
{
	int r = walks_measure(options->rounds);

	if (r < 0)
		return r;
	printf("\n%-32s%s\n", SCANS, "  ms [quartiles]");
	for (unsigned int i = 0; i < n_walks; i++) {
		struct quartiles q = sample_quartiles(&walks[i].ms);

		printf("%-32s  %.3f [%.3f..%.3f]\n", walks[i].name, q.median, q.low, q.high);
	}
	return 0;
}

static int measure_scale(const struct options *options)
{
	static struct scale scale;
	struct quartiles text, json;
	int r = scale_measure(2 * options->tries, &scale);

	if (r < 0)
		return r;
	text = sample_quartiles(&scale.list_ms);
	json = sample_quartiles(&scale.json_ms);
	printf("\n%s: nisvctl list %.0f ms [%.0f..%.0f], with --json %.0f ms [%.0f..%.0f]; "
	       "nisvd's RSS is %.1f MiB\n",
	       SCALE, text.median, text.low, text.high, json.median, json.low, json.high,
	       (double)scale.rss_kib / 1024);
	return 0;
}

static int measure_explain(const struct options *options)
{
	static struct explain explain;
	struct quartiles text, json;
	int r = explain_measure(2 * options->tries, &explain);

	if (r < 0)
		return r;
	text = sample_quartiles(&explain.text_ms);
	json = sample_quartiles(&explain.json_ms);
	printf("\n%s: nisvctl explain %.0f ms [%.0f..%.0f], with --json %.0f ms [%.0f..%.0f], "
	       "limit %.0f ms;\n"
	       "at rest nisvd takes %.1f ms a second; its RSS is %.1f MiB, its BPF maps %.1f MiB\n",
	       SITES, text.median, text.low, text.high, json.median, json.low, json.high,
	       EXPLAIN_LIMIT_MS, explain.rest_ms, explain.rss_mib, explain.maps_mib);
	return 0;
}

static int measure_judgements(const struct options *options)
{
	int r = judgements_measure(options->rounds);

	if (r < 0)
		return r;
	printf("\n%-32s%s\n", SITES ", diagnosed", "  us a site [quartiles], limit");
	for (unsigned int i = 0; i < n_judgements; i++) {
		struct quartiles q = sample_quartiles(&judgements[i].us);

		printf("%-32s  %.2f [%.2f..%.2f], %.0f\n", judgements[i].name, q.median, q.low,
		       q.high, JUDGEMENT_LIMIT_US);
	}
	return 0;
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

int main(int argc, char **argv)
{
	struct options options = {.rounds = ROUNDS, .block_ns = BLOCK_NS, .tries = TRIES};
	bool scans_only, scale_only, sites_only, is_own;
	cpu_set_t all;
	int r;

	parse_options(argc, argv, &options);
	log_set_level(LOG_WARNING);
	srandom(getpid());
	print_machine(&options);
	fflush(stdout);
	sched_getaffinity(0, sizeof(all), &all);
	pin(&all);
	setpriority(PRIO_PROCESS, 0, NICE);
	/* The scans are a table of their own, and so are many VMs and many sites. */
	scans_only = options.only && strstr(SCANS, options.only);
	scale_only = options.only && strstr(SCALE, options.only);
	sites_only = options.only && strstr(SITES, options.only);
	is_own = scans_only || scale_only || sites_only;
	r = is_own ? 0 : measure(&options);
	if (r >= 0 && !is_own) {
		print_rows();
		print_events();
	}
	for (unsigned int i = 0; i < n_workloads; i++)
		workload_release(&workloads[i]);
	sched_setaffinity(0, sizeof(all), &all);
	setpriority(PRIO_PROCESS, 0, 0);
	if (r >= 0 && (!options.only || scans_only))
		r = measure_walks(&options);
	if (r >= 0 && (!options.only || scale_only))
		r = measure_scale(&options);
	if (r >= 0 && (!options.only || sites_only))
		r = measure_explain(&options);
	if (r >= 0 && (!options.only || sites_only))
		r = measure_judgements(&options);
	if (r >= 0 && !options.only)
		r = measure_latency(&options);
	return r < 0 ? EXIT_CANNOT_RUN : 0;
}
