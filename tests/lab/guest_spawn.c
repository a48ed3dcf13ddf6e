/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *const environment[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root",
	"USER=root",
	"SHELL=/bin/sh",
	"LANG=C.UTF-8",
};

static void enter_child(const struct guest_child *child)
{
	/* Kernels before 5.11 charge BPF maps to this limit; the unit sets LimitMEMLOCK=infinity.
	 */
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	int in = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(child->out, STDOUT_FILENO) < 0 ||
	    dup2(child->err, STDERR_FILENO) < 0)
		_exit(126);
	if (in > STDERR_FILENO)
		close(in);
	if (chdir("/root"))
		_exit(126);
	clearenv();
	for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]); i++)
		putenv((char *)environment[i]);
	if (child->notify)
		setenv("NOTIFY_SOCKET", child->notify, 1);
}

pid_t guest_spawn(const struct guest_child *child)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid)
		return pid;
	enter_child(child);
	execvp(child->argv[0], (char *const *)child->argv);
	dprintf(STDERR_FILENO, "lab: cannot run %s in the guest: %s\n", child->argv[0],
		strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}
