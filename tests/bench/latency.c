/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "latency.h"

#include <errno.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/edge/log.h"
#include "machine.h"

#define START_TIMEOUT_MS  30000
#define ANSWER_TIMEOUT_NS 10000000000ULL
#define MAX_TRIES	  64
#define ANSWER_MAX	  (1 << 16) /* more of an answer is read but not looked at */

struct bench_daemon {
	char nisvd[PATH_MAX], nisvctl[PATH_MAX];
	char dir[64]; /* of socket and state */
	char socket[80], state[80], notify[80];
	int notify_fd;
	pid_t pid; /* 0: not running */
};

/* ---- a nisvd of our own ---- */

/* This program is tests/bench/bench of the build directory; elsewhere, those on the PATH. */
static void programs_find(struct bench_daemon *d)
{
	char self[PATH_MAX - 32] = "";
	char *build = self;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		self[0] = 0;
	for (int i = 0; i < 3; i++)
		build = dirname(build);
	snprintf(d->nisvd, sizeof(d->nisvd), "%s/nisvd", build);
	snprintf(d->nisvctl, sizeof(d->nisvctl), "%s/nisvctl", build);
	if (access(d->nisvd, X_OK) || access(d->nisvctl, X_OK)) {
		snprintf(d->nisvd, sizeof(d->nisvd), "nisvd");
		snprintf(d->nisvctl, sizeof(d->nisvctl), "nisvctl");
	}
}

static int directory_make(struct bench_daemon *d)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(d->dir, sizeof(d->dir), "/tmp/nisvd-bench.XXXXXX");
	if (!mkdtemp(d->dir)) {
		d->dir[0] = 0;
		return log_error_errno(errno, "Cannot make a directory in /tmp");
	}
	snprintf(d->socket, sizeof(d->socket), "%s/socket", d->dir);
	snprintf(d->state, sizeof(d->state), "%s/state", d->dir);
	snprintf(d->notify, sizeof(d->notify), "%s/notify", d->dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", d->notify);
	d->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (d->notify_fd < 0 ||
	    bind(d->notify_fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return log_error_errno(errno, "Cannot listen at %s", d->notify);
	return 0;
}

/* As a service manager does: READY=1 comes when it is attached (sd_notify(3)). */
static int ready_await(struct bench_daemon *d)
{
	struct pollfd poll_fd = {.fd = d->notify_fd, .events = POLLIN};

	while (poll(&poll_fd, 1, START_TIMEOUT_MS) > 0) {
		char message[1024];
		ssize_t n = recv(d->notify_fd, message, sizeof(message) - 1, 0);

		if (n < 0)
			break;
		message[n] = 0;
		if (strstr(message, "READY=1"))
			return 0;
	}
	return log_error_errno(ETIMEDOUT, "nisvd is not ready after %d s", START_TIMEOUT_MS / 1000);
}

static int daemon_start(struct bench_daemon *d)
{
	pid_t parent = getpid();

	d->pid = fork();
	if (d->pid < 0) {
		d->pid = 0;
		return log_error_errno(errno, "Cannot start a process");
	}
	if (!d->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(EXIT_FAILURE);
		setenv("NOTIFY_SOCKET", d->notify, 1);
		if (!freopen("/dev/null", "w", stderr))
			_exit(EXIT_FAILURE);
		execlp(d->nisvd, "nisvd", "--socket", d->socket, "--state-dir", d->state,
		       "--no-journal", NULL);
		_exit(EXIT_FAILURE);
	}
	return ready_await(d);
}

static int file_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void daemon_stop(struct bench_daemon *d)
{
	if (d->pid) {
		kill(d->pid, SIGTERM);
		waitpid(d->pid, NULL, 0);
	}
	if (d->notify_fd >= 0)
		close(d->notify_fd);
	if (d->dir[0])
		nftw(d->dir, file_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- asking it ---- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void ask_exec(const struct bench_daemon *d, const char *vm, int out)
{
	if (dup2(out, STDOUT_FILENO) < 0 || !freopen("/dev/null", "w", stderr))
		_exit(EXIT_FAILURE);
	execlp(d->nisvctl, "nisvctl", "--socket", d->socket, "--json=short", "explain", vm, NULL);
	_exit(EXIT_FAILURE);
}

/* Runs `nisvctl explain` once: has it printed a cause? */
static bool ask(const struct bench_daemon *d, const char *vm)
{
	static char answer[ANSWER_MAX];
	size_t used = 0;
	int pipe_fd[2];
	ssize_t n = 0;
	pid_t pid;

	if (pipe(pipe_fd))
		return false;
	pid = fork();
	if (!pid)
		ask_exec(d, vm, pipe_fd[1]);
	close(pipe_fd[1]);
	while (pid > 0 && used < sizeof(answer) - 1 &&
	       (n = read(pipe_fd[0], answer + used, sizeof(answer) - 1 - used)) > 0)
		used += n;
	close(pipe_fd[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	answer[used] = 0;
	return strstr(answer, "\"cause\":") != NULL;
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
	struct bench_daemon d = {.notify_fd = -1};
	int r;

	programs_find(&d);
	r = directory_make(&d);
	if (r >= 0)
		r = daemon_start(&d);
	if (r >= 0)
		r = try_all(&d, tries, sample);
	daemon_stop(&d);
	return r;
}
