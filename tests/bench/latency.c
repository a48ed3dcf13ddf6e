/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "latency.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"
#include "daemon/edge/log.h"
#include "machine.h"

#define ANSWER_TIMEOUT_NS 10000000000ULL
#define MAX_TRIES	  64
#define ANSWER_MAX	  (1 << 16) /* of an answer is looked at */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Runs `nisvctl explain` once: has it printed a cause? */
static bool ask(const struct bench_daemon *d, const char *vm)
{
	const char *const arguments[] = {"--json=short", "explain", vm, NULL};
	static char answer[ANSWER_MAX];

	return bench_daemon_ask(d, arguments, answer, sizeof(answer)) >= 0 &&
	       strstr(answer, "\"cause\":");
}

/* One VM fails; ask until there is an answer. */
static int try_once(const struct bench_daemon *d, struct machine *machine, struct sample *sample)
{
	uint64_t failed;
	char vm[32];
	int r;

	snprintf(vm, sizeof(vm), "%d-%d", getpid(), machine_fd(machine));
	r = machine_run(machine);
	if (r < 0)
		return r;
	failed = now_ns();
	while (!ask(d, vm))
		if (now_ns() - failed > ANSWER_TIMEOUT_NS)
			return log_error_errno(ETIMEDOUT, "No answer from nisvctl explain %s", vm);
	sample_add(sample, (now_ns() - failed) / 1e6);
	return 0;
}

/* The VMs live until the last was measured, so that each has an id of its own. */
static int try_all(const struct bench_daemon *d, unsigned int tries, struct sample *sample)
{
	static const struct machine_setup setup = {PROGRAM_FAIL, .places = 1, .per_run = 1};
	struct machine *machines[MAX_TRIES] = {};
	int r = 0;

	for (unsigned int i = 0; r >= 0 && i < tries && i < MAX_TRIES; i++) {
		r = machine_new(&setup, &machines[i]);
		if (r >= 0)
			r = try_once(d, machines[i], sample);
	}
	for (unsigned int i = 0; i < MAX_TRIES; i++)
		machine_free(machines[i]);
	return r;
}

int latency_measure(unsigned int tries, struct sample *sample)
{
	struct bench_daemon *d = NULL;
	int r = bench_daemon_start(&d);

	if (r >= 0)
		r = try_all(d, tries, sample);
	bench_daemon_stop(d);
	return r;
}
