/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/journal_send.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 20 /* a burst is more than its queue may take at once */

/* "NAME=value\n"; a value of several lines goes as "NAME\n", its size (LE64), itself, "\n". */
static void put_field(FILE *f, const char *field, size_t len)
{
	const char *equals = memchr(field, '=', len);
	uint64_t size;

	if (!equals)
		return;
	if (memchr(field, '\n', len)) {
		size = htole64(len - (size_t)(equals + 1 - field));
		fwrite(field, 1, (size_t)(equals - field), f);
		fputc('\n', f);
		fwrite(&size, sizeof(size), 1, f);
		fwrite(equals + 1, 1, len - (size_t)(equals + 1 - field), f);
	} else {
		fwrite(field, 1, len, f);
	}
	fputc('\n', f);
}

/* A new one where journald has a new one, too. */
static int connect_journald(int *fd)
{
	static const struct sockaddr_un address = {
		.sun_family = AF_UNIX,
		.sun_path = "/run/systemd/journal/socket",
	};

	if (*fd >= 0)
		close(*fd);
	*fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0 || connect(*fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return 0;
}

static int send_datagram(const char *data, size_t size)
{
	static int fd = -1;
	static bool stalled; /* it took none in time: it is not waited for again until it does */
	struct pollfd room = {.events = POLLOUT};
	int r = 0;

	if (fd < 0 || send(fd, data, size, MSG_NOSIGNAL) < 0)
		r = fd < 0 ? -ENOTCONN : -errno;
	if (r == -ENOTCONN || r == -ECONNREFUSED) {
		r = connect_journald(&fd);
		if (r >= 0 && send(fd, data, size, MSG_NOSIGNAL) < 0)
			r = -errno;
	}
	room.fd = fd;
	if (r == -EAGAIN && !stalled && poll(&room, 1, PATIENCE_MS) > 0)
		r = send(fd, data, size, MSG_NOSIGNAL) < 0 ? -errno : 0;
	stalled = r == -EAGAIN;
	return r == -ENOENT ? 0 : r;
}

int journal_send(const struct iovec *fields, size_t n)
{
	char *data = NULL;
	size_t size;
	FILE *f = open_memstream(&data, &size);
	int r;

	if (!f)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		put_field(f, fields[i].iov_base, fields[i].iov_len);
	fputs("SYSLOG_IDENTIFIER=nisvd\n", f);
	r = fclose(f) ? -ENOMEM : send_datagram(data, size);
	free(data);
	return r;
}
