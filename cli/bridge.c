/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The other side of `nisvctl -H`: carries bytes between standard input and output, which are ssh's,
 * and the socket. It does not look at them: what the varlink messages may hold is not its matter.
 */

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/client.h"

struct pipe_half {
	int from, to;
	char buffer[65536];
	size_t start, end;
	bool eof;
};

/* Never blocks in one direction while the other has work: poll(2) promises PIPE_BUF bytes. */
static ssize_t write_some(int fd, const char *text, size_t len)
{
	ssize_t n = send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno == ENOTSOCK)
		n = write(fd, text, len < PIPE_BUF ? len : PIPE_BUF);
	return n;
}

static int pump(struct pipe_half *half, bool readable, bool writable)
{
	ssize_t n;

	if (readable && half->start == half->end) {
		n = read(half->from, half->buffer, sizeof(half->buffer));
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		half->eof = n == 0;
		half->start = 0;
		half->end = n > 0 ? (size_t)n : 0;
	} else if (writable && half->start < half->end) {
		n = write_some(half->to, half->buffer + half->start, half->end - half->start);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		half->start += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static void poll_half(const struct pipe_half *half, struct pollfd *in, struct pollfd *out)
{
	bool full = half->start < half->end;

	*in = (struct pollfd){.fd = full || half->eof ? -1 : half->from, .events = POLLIN};
	*out = (struct pollfd){.fd = full ? half->to : -1, .events = POLLOUT};
}

int bridge_run(const struct options *options)
{
	static struct pipe_half up = {.from = STDIN_FILENO}, down = {.to = STDOUT_FILENO};
	int fd = client_connect(options), r = 0;
	struct pollfd p[4];
	bool shut = false;

	if (fd < 0)
		return client_unreachable(options, fd);
	signal(SIGPIPE, SIG_IGN);
	up.to = down.from = fd;
	/* nisvd has the last word: what it still answers after the end of the questions is carried.
	 */
	while (r == 0 && !(down.eof && down.start == down.end)) {
		poll_half(&up, &p[0], &p[1]);
		poll_half(&down, &p[2], &p[3]);
		p[3].fd = down.to; /* ssh may end while a subscription is silent */
		p[3].events = down.start < down.end ? POLLOUT : 0;
		if (poll(p, 4, -1) < 0 && errno != EINTR)
			r = -errno;
		if (r == 0)
			r = pump(&up, p[0].revents, p[1].revents);
		if (r == 0)
			r = p[3].revents & POLLERR ? -EPIPE
						   : pump(&down, p[2].revents, p[3].revents);
		if (up.eof && up.start == up.end && !shut) {
			shutdown(fd, SHUT_WR);
			shut = true;
		}
	}
	close(fd);
	return r == 0 || r == -EPIPE || r == -ECONNRESET ? NISV_EXIT_OK : NISV_EXIT_FAILURE;
}
