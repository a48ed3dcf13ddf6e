/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/transport.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ERRORS_MAX 4096

int transport_socket(const struct options *options, struct transport *ret)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd, r;

	if (strlen(options->socket) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, options->socket, strlen(options->socket) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	*ret = (struct transport){.fd = fd, .errors = -1};
	return 0;
}

/* Both ends of a conversation are one socket: writing to a dead child is an error, no signal. */
static int start_child(char *const argv[], bool keep_errors, struct transport *ret)
{
	int fds[2], errors = -1, r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	if (keep_errors)
		errors = memfd_create("nisvctl-errors", MFD_CLOEXEC);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDIN_FILENO);
		dup2(fds[1], STDOUT_FILENO);
		if (errors >= 0)
			dup2(errors, STDERR_FILENO);
		execvp(argv[0], argv);
		dprintf(STDERR_FILENO, "cannot run %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	r = -errno;
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		if (errors >= 0)
			close(errors);
		return r;
	}
	*ret = (struct transport){.fd = fds[0], .pid = pid, .errors = errors};
	return 0;
}

/* ssh hands its arguments to a shell on the other side. */
static char *shell_quote(const char *text)
{
	char *quoted = malloc(4 * strlen(text) + 3), *to = quoted;

	if (!quoted)
		return NULL;
	*to++ = '\'';
	for (; *text; text++) {
		if (*text == '\'')
			to = mempcpy(to, "'\\''", 4);
		else
			*to++ = *text;
	}
	*to++ = '\'';
	*to = 0;
	return quoted;
}

int transport_ssh(const struct options *options, bool again, struct transport *ret)
{
	char *socket = shell_quote(options->socket);
	char *argv[] = {(char *)"ssh",
			(char *)(again ? "-xToBatchMode=yes" : "-xT"),
			(char *)"--",
			(char *)options->host,
			(char *)"nisvctl",
			(char *)"--bridge",
			(char *)"--socket",
			socket,
			NULL};
	int r = -ENOMEM;

	/* In text, ssh and the other side speak for themselves. */
	if (socket)
		r = start_child(argv, again || options->json != JSON_OFF, ret);
	free(socket);
	return r;
}

/* Beside nisvctl (a build tree), in the sbin beside its bin (installed), else by PATH. */
static void find_nisvd(char path[PATH_MAX])
{
	static const char *const beside[] = {"nisvd", "../sbin/nisvd"};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = 0;
		dirname(self);
		for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
			if (snprintf(path, PATH_MAX, "%s/%s", self, beside[i]) < PATH_MAX &&
			    access(path, X_OK) == 0)
				return;
	}
	snprintf(path, PATH_MAX, "nisvd");
}

int transport_offline(const struct options *options, struct transport *ret)
{
	char path[PATH_MAX];
	char *argv[] = {path, (char *)"--offline", NULL, NULL, NULL};

	find_nisvd(path);
	if (options->file) {
		argv[2] = (char *)"--replay";
		argv[3] = (char *)options->file;
	}
	return start_child(argv, true, ret);
}

int transport_close(struct transport *transport)
{
	int status = 0;
	pid_t pid;

	if (transport->fd >= 0)
		close(transport->fd);
	transport->fd = -1;
	if (!transport->pid)
		return transport->status;
	do {
		pid = waitpid(transport->pid, &status, 0);
	} while (pid < 0 && errno == EINTR);
	transport->pid = 0;
	if (pid >= 0)
		transport->status =
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return transport->status;
}

char *transport_errors(const struct transport *transport)
{
	off_t end = transport->errors < 0 ? 0 : lseek(transport->errors, 0, SEEK_END);
	size_t len = end > ERRORS_MAX ? ERRORS_MAX : end > 0 ? (size_t)end : 0;
	char *text = len ? malloc(len + 1) : NULL;
	ssize_t n;

	if (!text)
		return NULL;
	n = pread(transport->errors, text, len, end - (off_t)len);
	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (n <= 0) {
		free(text);
		return NULL;
	}
	text[n] = 0;
	return text;
}
