/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/edge/wallclock.h"

#define CHUNK 65536U

void aside_send(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1);
		at += n;
		size -= (size_t)n;
	}
}

/* A child that hangs must not keep programs attached, nor clients connected. */
static void close_others(int fd)
{
	if (fd > 3)
		syscall(SYS_close_range, 3U, (unsigned int)fd - 1, 0U);
	syscall(SYS_close_range, (unsigned int)fd + 1, ~0U, 0U);
}

/* 1 when there is something to read or it has ended; 0 at the deadline. */
static int await(int fd, uint64_t deadline_ns)
{
	for (;;) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		uint64_t now_ns = wallclock_now_ns();
		int r;

		if (now_ns >= deadline_ns)
			return 0;
		r = poll(&poll_fd, 1, (int)((deadline_ns - now_ns) / 1000000 + 1));
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r > 0)
			return 1;
	}
}

static int collect(int fd, uint64_t deadline_ns, size_t max, char **data, size_t *len)
{
	size_t room = 0;

	for (;;) {
		int r = await(fd, deadline_ns);
		char *more;
		ssize_t n;

		if (r <= 0)
			return r < 0 ? r : -ETIMEDOUT;
		if (*len == room) {
			if (*len >= max)
				return -EFBIG;
			room += CHUNK;
			more = realloc(*data, room);
			if (!more)
				return -ENOMEM;
			*data = more;
		}
		n = read(fd, *data + *len, room - *len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		if (n > 0)
			*len += (size_t)n;
	}
}

int aside_run(aside_work_t work, void *userdata, size_t max, void **ret, size_t *ret_len)
{
	uint64_t deadline_ns = wallclock_now_ns() + ASIDE_NS;
	char *data = NULL;
	size_t len = 0;
	int fds[2], r;
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child < 0) {
		r = -errno;
		close(fds[0]);
		close(fds[1]);
		return r;
	}
	if (!child) {
		close_others(fds[1]);
		work(fds[1], userdata);
		_exit(0);
	}
	close(fds[1]);
	r = collect(fds[0], deadline_ns, max, &data, &len);
	close(fds[0]);
	if (r < 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, WNOHANG);
		free(data);
		return r;
	}
	/* It has closed its end, and so is ending: a zombie where SIGCHLD is not ignored. */
	waitpid(child, NULL, 0);
	*ret = data;
	*ret_len = len;
	return 0;
}
