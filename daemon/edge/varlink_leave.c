/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Who was turned away is answered at once, and let go a second later: a crowd of clients that come
 * back as soon as they are let go would otherwise take the time that others wait for.
 */

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "daemon/edge/varlink_internal.h"

#define LEAVE_USEC 1000000

/* Files are wanted for other things, too. */
#define LEAVERS_SHARE 4

static void close_first(struct varlink_leavers *leavers)
{
	close(leavers->ring[leavers->first].fd);
	leavers->first = (leavers->first + 1) % VARLINK_LEAVERS_MAX;
	leavers->n--;
}

void varlink_leave_now(struct varlink_server *server)
{
	while (server->leavers.n)
		close_first(&server->leavers);
}

static int wait_for_first(struct varlink_server *server)
{
	const struct varlink_leavers *leavers = &server->leavers;
	int r = sd_event_source_set_time(server->leave_timer,
					 leavers->ring[leavers->first].due_usec);
	return r < 0 ? r : sd_event_source_set_enabled(server->leave_timer, SD_EVENT_ONESHOT);
}

static int on_leave(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct varlink_server *server = userdata;
	struct varlink_leavers *leavers = &server->leavers;

	(void)source;
	while (leavers->n && leavers->ring[leavers->first].due_usec <= usec)
		close_first(leavers);
	return leavers->n ? wait_for_first(server) : 0;
}

static size_t room(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 ||
	    files.rlim_cur / LEAVERS_SHARE >= VARLINK_LEAVERS_MAX)
		return VARLINK_LEAVERS_MAX;
	return files.rlim_cur / LEAVERS_SHARE;
}

/* Most servers never turn anybody away. wait_for_first() sets its time. */
static int add_timer(struct varlink_server *server)
{
	int r;

	if (server->leave_timer)
		return 0;
	r = sd_event_add_time(server->event, &server->leave_timer, CLOCK_MONOTONIC, 0, 0, on_leave,
			      server);
	if (r >= 0)
		r = sd_event_source_set_priority(server->leave_timer, VARLINK_PRIORITY);
	return r;
}

void varlink_leave(struct varlink_server *server, int fd)
{
	struct varlink_leavers *leavers = &server->leavers;
	uint64_t now;

	if (leavers->n >= room() || sd_event_now(server->event, CLOCK_MONOTONIC, &now) < 0 ||
	    add_timer(server) < 0) {
		close(fd);
		return;
	}
	leavers->ring[(leavers->first + leavers->n++) % VARLINK_LEAVERS_MAX] =
		(struct varlink_leaver){.fd = fd, .due_usec = now + LEAVE_USEC};
	if (leavers->n == 1 && wait_for_first(server) < 0)
		varlink_leave_now(server);
}
