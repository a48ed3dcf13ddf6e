/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cli/client_internal.h"

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

/* An ssh that begins is no nisvd that answers: only a reply tells. CLIENT_LOST: there is none yet.
 */
static int try_ssh(const struct options *options, int watch, struct client **ret)
{
	struct json_object *reply = NULL;
	struct client *client = NULL;
	int status = client_open_again(options, &client);
	struct pollfd p[2] = {
		{.events = POLLIN},
		{.fd = watch, .events = POLLIN},
	};
	bool more;

	if (status != NISV_EXIT_OK)
		return status;
	p[0].fd = client->transport.fd;
	client_start(client, NISV_METHOD_GET_STATUS, NULL);
	while (poll(p, 2, -1) < 0 && errno == EINTR)
		;
	if (p[1].revents) {
		kill(client->transport.pid, SIGTERM); /* it may be waiting for the network */
		status = CLIENT_DISTURBED;
	} else {
		status = client_next(client, &reply, &more);
	}
	json_object_put(reply);
	if (status == NISV_EXIT_OK) {
		*ret = client;
		return status;
	}
	if (status == CLIENT_LOST && !client_can_return(client))
		status = client_lost(client);
	client->failed = true; /* what a try says that is given up, or told */
	client_close(client);
	return status;
}

static int reopen_ssh(const struct options *options, int watch, struct client **ret)
{
	struct pollfd p = {.fd = watch, .events = POLLIN};
	int wait = WAIT_FIRST_MS, status;

	while ((status = try_ssh(options, watch, ret)) == CLIENT_LOST) {
		if (poll(&p, 1, wait) > 0)
			return CLIENT_DISTURBED;
		wait = wait * 2 < WAIT_MAX_MS ? wait * 2 : WAIT_MAX_MS;
	}
	return status;
}

/*
 * A change in the folder wakes us at once; the timeout, which grows, is for what inotify does not
 * tell (listen(2) after the socket was made) and for where it cannot be had.
 */
static int reopen_socket(const struct options *options, int watch, struct client **ret)
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

int client_reopen(const struct options *options, int watch, struct client **ret)
{
	return options->host ? reopen_ssh(options, watch, ret) : reopen_socket(options, watch, ret);
}
