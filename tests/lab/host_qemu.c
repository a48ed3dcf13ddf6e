/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Options appended to QEMU's command line, its end included. */
#define EXTRA_ARGS 10

static void __attribute__((noreturn))
become_qemu(char *const *argv, int channel, int console, pid_t parent)
{
	char channel_option[64], console_option[64];
	size_t count = 0;
	sigset_t none;
	char **all;

	/* Set after the fork, so the parent may be gone already: then nobody would ever kill us. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(console, STDOUT_FILENO);
	dup2(console, STDERR_FILENO);
	fcntl(channel, F_SETFD, 0);
	fcntl(console, F_SETFD, 0);

	while (argv[count])
		count++;
	all = calloc(count + EXTRA_ARGS, sizeof(*all));
	if (!all)
		_exit(126);
	memcpy(all, argv, count * sizeof(*all));
	snprintf(channel_option, sizeof(channel_option), "socket,id=labchannel,fd=%d", channel);
	snprintf(console_option, sizeof(console_option), "socket,id=labconsole,fd=%d", console);
	all[count++] = "-chardev";
	all[count++] = channel_option;
	all[count++] = "-device";
	all[count++] = "pci-serial,chardev=labchannel";
	all[count++] = "-chardev";
	all[count++] = console_option;
	all[count++] = "-serial";
	all[count++] = "chardev:labconsole";
	execvp(all[0], all);
	fprintf(stderr, "cannot run %s: %s\n", all[0], strerror(errno));
	_exit(127);
}

int host_qemu_start(struct host_qemu *qemu, char *const *argv)
{
	int channel[2], console[2];
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel))
		return -errno;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, console))
		return -errno;
	qemu->pid = fork();
	if (qemu->pid < 0)
		return -errno;
	if (qemu->pid == 0)
		become_qemu(argv, channel[1], console[1], parent);
	close(channel[1]);
	close(console[1]);
	qemu->channel = channel[0];
	qemu->console = console[0];
	return 0;
}

void host_qemu_kill(struct host_qemu *qemu)
{
	kill(qemu->pid, SIGKILL);
	while (waitpid(qemu->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
