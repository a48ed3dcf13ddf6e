/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/edge/log.h"
#include "scratch.h"

/*
 * Each runs a command and traces as long as that lives, and starts it when it traces already: cat
 * then gives back what it is sent, and ends with its input.
 */
#define COMMAND "/bin/cat"
#define READY	"traced\n"

#define MAX_ARGS   9
#define OUTPUT_MAX 4096 /* of what it prints is looked at: the last */

static char scratch[SCRATCH_PATH_MAX];
static char perf_data[sizeof(scratch) + 16], trace_data[sizeof(scratch) + 16];

static struct {
	const char *name;
	const char *argv[MAX_ARGS];
	char refusal[256]; /* "": it runs */
} tools[] = {
	[TOOL_BPFTRACE] = {"bpftrace",
			   {"bpftrace", "-q", "-e",
			    "tracepoint:kvm:kvm_mmio { @[pid, args->gpa >> 9, args->type] = "
			    "count(); }",
			    "-c", COMMAND}},
	[TOOL_PERF_STAT] = {"perf stat", {"perf", "stat", "-a", "-e", "kvm:kvm_mmio", COMMAND}},
	[TOOL_PERF_RECORD] = {"perf record",
			      {"perf", "record", "-q", "-a", "-e", "kvm:kvm_mmio", "-o", perf_data,
			       COMMAND}},
	[TOOL_TRACE_CMD] = {"trace-cmd record",
			    {"trace-cmd", "record", "-q", "-e", "kvm:kvm_mmio", "-o", trace_data,
			     COMMAND}},
};

struct tool_run {
	pid_t pid;
	int in, out;
	char output[OUTPUT_MAX];
	size_t used;
};

const char *tool_name(enum tool tool)
{
	return tools[tool].name;
}

const char *tool_refusal(enum tool tool)
{
	if (!scratch[0])
		return "left out (--no-tools)";
	return tools[tool].refusal[0] ? tools[tool].refusal : NULL;
}

/* ---- one run ---- */

/* On any CPU: this thread is pinned to that of the guest. */
static int spawn(enum tool tool, int in, int out, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	cpu_set_t mine, all;
	int r;

	memset(&all, 0xff, sizeof(all)); /* those that exist are taken */
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	sched_getaffinity(0, sizeof(mine), &mine);
	sched_setaffinity(0, sizeof(all), &all);
	r = posix_spawnp(ret, tools[tool].argv[0], &actions, NULL, (char *const *)tools[tool].argv,
			 environ);
	sched_setaffinity(0, sizeof(mine), &mine);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Adds to the output, and forgets the older half of it when it is full. False at its end. */
static bool output_read(struct tool_run *run)
{
	const size_t half = sizeof(run->output) / 2;
	ssize_t n;

	if (run->used > half) {
		memmove(run->output, run->output + run->used - half, half);
		run->used = half;
	}
	n = read(run->out, run->output + run->used, sizeof(run->output) - 1 - run->used);
	if (n <= 0)
		return false;
	run->used += n;
	run->output[run->used] = 0;
	return true;
}

static int ready_await(struct tool_run *run)
{
	if (write(run->in, READY, strlen(READY)) < 0)
		return -errno;
	do {
		if (!output_read(run))
			return -ENOEXEC;
	} while (!strstr(run->output, READY));
	return 0;
}

static int run_start(enum tool tool, struct tool_run *run)
{
	int in[2], out[2], r;

	if (pipe2(in, O_CLOEXEC))
		return -errno;
	if (pipe2(out, O_CLOEXEC)) {
		r = -errno;
		close(in[0]);
		close(in[1]);
		return r;
	}
	run->in = in[1];
	run->out = out[0];
	r = spawn(tool, in[0], out[1], &run->pid);
	close(in[0]);
	close(out[1]);
	return r < 0 ? r : ready_await(run);
}

static void run_end(struct tool_run *run)
{
	if (run->in >= 0)
		close(run->in);
	if (run->out >= 0) {
		while (output_read(run))
			;
		close(run->out);
	}
	if (run->pid)
		waitpid(run->pid, NULL, 0);
}

int tool_start(enum tool tool, struct tool_run **ret)
{
	struct tool_run *run = calloc(1, sizeof(*run));
	int r = -ENOMEM;

	if (run) {
		run->in = run->out = -1;
		r = run_start(tool, run);
	}
	if (r < 0) {
		tool_stop(run);
		return log_error_errno(r, "Cannot start %s", tools[tool].name);
	}
	*ret = run;
	return 0;
}

void tool_stop(struct tool_run *run)
{
	if (run)
		run_end(run);
	free(run);
}

/* ---- which of them run ---- */

/* The last line that it printed. */
static void refusal_take(enum tool tool, struct tool_run *run, int err)
{
	char *line = NULL, *rest = NULL;

	for (char *at = strtok_r(run->output, "\n", &rest); at; at = strtok_r(NULL, "\n", &rest))
		line = strcmp(at, "traced") != 0 ? at : line;
	while (line && *line == ' ')
		line++;
	snprintf(tools[tool].refusal, sizeof(tools[tool].refusal), "%s",
		 line ? line : strerror(-err));
}

static void try(enum tool tool)
{
	struct tool_run run = {.in = -1, .out = -1};
	int r = run_start(tool, &run);

	run_end(&run);
	if (r < 0)
		refusal_take(tool, &run, r);
}

int tools_begin(void)
{
	int r = scratch_make(scratch);

	if (r < 0)
		return r;
	snprintf(perf_data, sizeof(perf_data), "%s/perf.data", scratch);
	snprintf(trace_data, sizeof(trace_data), "%s/trace.dat", scratch);
	/* Room for as many places as the largest row has, and a tool that dies is only told of. */
	setenv("BPFTRACE_MAP_KEYS_MAX", "16384", 0);
	signal(SIGPIPE, SIG_IGN);
	for (enum tool tool = 0; tool < _TOOL_MAX; tool++)
		try(tool);
	return 0;
}

void tools_end(void)
{
	scratch_remove(scratch);
}
