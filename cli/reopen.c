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
static int watch(const char *socket)
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
int client_reopen(const struct options *options, struct client **ret)
{
	int wait = WAIT_FIRST_MS;

	for (;;) {
		struct pollfd p = {.fd = watch(options->socket), .events = POLLIN};
		int r = client_try(options, ret);

		if (r == 0 || (r != -ENOENT && r != -ECONNREFUSED && r != -ENOTDIR)) {
			if (p.fd >= 0)
				close(p.fd);
			return r == 0 ? NISV_EXIT_OK : client_unreachable(options, r);
		}
		poll(&p, 1, wait);
		if (p.fd >= 0)
			close(p.fd);
		wait = wait * 2 < WAIT_MAX_MS ? wait * 2 : WAIT_MAX_MS;
	}
}
