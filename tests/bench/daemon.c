/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/edge/log.h"
#include "scratch.h"

#define START_TIMEOUT_MS 30000
#define MAX_ARGUMENTS	 8

struct bench_daemon {
	char nisvd[PATH_MAX], nisvctl[PATH_MAX];
	char dir[SCRATCH_PATH_MAX]; /* of socket and state */
	char socket[80], state[80], notify[80];
	int notify_fd;
	pid_t pid; /* 0: not running */
};

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

	int r = scratch_make(d->dir);

	if (r < 0)
		return r;
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

static int daemon_run(struct bench_daemon *d)
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

void bench_daemon_stop(struct bench_daemon *d)
{
	if (!d)
		return;
	if (d->pid) {
		kill(d->pid, SIGTERM);
		waitpid(d->pid, NULL, 0);
	}
	if (d->notify_fd >= 0)
		close(d->notify_fd);
	scratch_remove(d->dir);
	free(d);
}

int bench_daemon_start(struct bench_daemon **ret)
{
	struct bench_daemon *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return log_error_errno(ENOMEM, "Cannot start nisvd");
	d->notify_fd = -1;
	programs_find(d);
	r = directory_make(d);
	if (r >= 0)
		r = daemon_run(d);
	if (r < 0) {
		bench_daemon_stop(d);
		return r;
	}
	*ret = d;
	return 0;
}

pid_t bench_daemon_pid(const struct bench_daemon *d)
{
	return d->pid;
}

long bench_daemon_rss_kib(const struct bench_daemon *d)
{
	char path[32], line[128];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", d->pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %ld kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

/* ---- asking it ---- */

/*
 * Not by fork(): that would copy the address space, and KVM has to be told of each page for each VM
 * that this process has made.
 */
static int ask_spawn(const struct bench_daemon *d, const char *const *arguments, int out,
		     pid_t *ret)
{
	const char *argv[MAX_ARGUMENTS + 4] = {"nisvctl", "--socket", d->socket};
	posix_spawn_file_actions_t actions;
	int r;

	for (int i = 0; i < MAX_ARGUMENTS && arguments[i]; i++)
		argv[3 + i] = arguments[i];
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	r = posix_spawnp(ret, d->nisvctl, &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Reads to the end, so that the writer is not stopped by what there is no room for. */
static void answer_read(int fd, char *answer, size_t size)
{
	char rest[1 << 16];
	size_t used = 0;
	ssize_t n;

	do {
		size_t room = size - 1 - used;

		n = room ? read(fd, answer + used, room) : read(fd, rest, sizeof(rest));
		used += room && n > 0 ? n : 0;
	} while (n > 0);
	answer[used] = 0;
}

int bench_daemon_ask(const struct bench_daemon *d, const char *const *arguments, char *answer,
		     size_t size)
{
	int pipe_fd[2], status, r;
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC))
		return -errno;
	r = ask_spawn(d, arguments, pipe_fd[1], &pid);
	close(pipe_fd[1]);
	if (r >= 0)
		answer_read(pipe_fd[0], answer, size);
	close(pipe_fd[0]);
	if (r < 0)
		return r;
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}
