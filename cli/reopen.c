/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cli/client.h"

#define WAIT_FIRST_MS 250
#define WAIT_MAX_MS   5000

/* The nearest folder of the socket that is there: a stopped service may have lost all of /run/...
 */
static int watch_for(const char *socket)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char *path = strdup(socket), *dir = path;

	while (fd >= 0 && dir) {
		dir = dirname(dir);
		if (inotify_add_watch(fd, dir,
				      IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF) >= 0 ||
		    errno != ENOENT || strcmp(dir, "/") == 0 || strcmp(dir, ".") == 0)
			break;
	}
	free(path);
	return fd;
}

/*
 * A change in the folder wakes us at once; the timeout, which grows, is for what inotify does not
 * tell (listen(2) after the socket was made) and for where it cannot be had.
 */
int client_reopen(const struct options *options, int watch, struct client **ret)
{
	int wait = WAIT_FIRST_MS;

	for (;;) {
		struct pollfd p[2] = {
			{.fd = watch_for(options->socket), .events = POLLIN},
			{.fd = watch, .events = POLLIN},
		};
		int r = client_try(options, ret);
		bool absent = r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR;

		if (absent)
			poll(p, 2, wait);
		if (p[0].fd >= 0)
			close(p[0].fd);
		if (!absent)
			return r == 0 ? NISV_EXIT_OK : client_unreachable(options, r);
		if (p[1].revents)
			return CLIENT_DISTURBED;
		wait = wait * 2 < WAIT_MAX_MS ? wait * 2 : WAIT_MAX_MS;
	}
}
