/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "daemon/edge/log.h"
#include "daemon/edge/varlink_internal.h"
#include "include/nisv_api.h"

#define READ_CHUNK 4096

static void count_cut(struct varlink_connection *conn, const char *why)
{
	uint64_t n = ++conn->server->stats.cut;

	/* A client that does it in a loop must not fill the log: 1st, 2nd, 4th, 8th, ... */
	if ((n & (n - 1)) == 0)
		log_notice(
			"varlink: closing the connection of pid %d (uid %u): %s (%llu cut so far)",
			(int)conn->peer.pid, (unsigned int)conn->peer.uid, why,
			(unsigned long long)n);
}

void varlink_connection_end(struct varlink_connection *conn, const char *why)
{
	count_cut(conn, why);
	varlink_connection_free(conn);
}

void varlink_connection_cut(struct varlink_connection *conn, const char *why)
{
	count_cut(conn, why);
	conn->dead = true;
	varlink_connection_poke(conn);
}

void varlink_connection_refuse(struct varlink_connection *conn, const char *member, const char *why)
{
	count_cut(conn, why);
	conn->closing = true;
	varlink_send(conn, NULL, VARLINK_ERROR_INVALID_PARAMETER,
		     varlink_one_string("parameter", member), false);
}

/* ---- calls ---- */

/* A call is taken only when the one before it is answered and its answer is on the way: a client
 * that does not read its replies is not asked for more calls. */
static bool may_dispatch(const struct varlink_connection *conn)
{
	return !conn->dead && !conn->closing && !conn->call && !conn->head;
}

/* Waits for the client: all that came is known to hold no whole message. */
static bool may_read(const struct varlink_connection *conn)
{
	return may_dispatch(conn) && !conn->eof && conn->scanned == conn->end - conn->start;
}

static void drop_buffer(struct varlink_connection *conn)
{
	free(conn->buffer);
	conn->buffer = NULL;
	conn->server->buffered -= conn->size;
	conn->size = conn->start = conn->end = 0;
}

static void process(struct varlink_connection *conn)
{
	bool had_its_turn = false;

	while (may_dispatch(conn) && conn->start < conn->end) {
		char *text = conn->buffer + conn->start;
		size_t len = conn->end - conn->start;
		char *nul = memchr(text + conn->scanned, 0, len - conn->scanned);

		if (!nul) {
			conn->scanned = len;
			if (len >= conn->server->limits.message_in)
				varlink_connection_refuse(conn, "message",
							  "it sent a message that is too large");
			return;
		}
		if (had_its_turn) {
			conn->dead |=
				sd_event_source_set_enabled(conn->defer, SD_EVENT_ONESHOT) < 0;
			return;
		}
		len = (size_t)(nul - text) + 1;
		conn->start += len;
		conn->scanned = 0;
		conn->timing = false; /* the next message has a time of its own */
		varlink_call_dispatch(conn, text, len);
		had_its_turn = true;
	}
	if (conn->start == conn->end) /* an idle client holds no buffer */
		drop_buffer(conn);
}

static void read_some(struct varlink_connection *conn)
{
	ssize_t n;

	if (conn->start > 0) {
		memmove(conn->buffer, conn->buffer + conn->start, conn->end - conn->start);
		conn->end -= conn->start;
		conn->start = 0;
	}
	if (conn->size == conn->end) {
		size_t max = conn->server->limits.message_in;
		size_t size = conn->size ? conn->size * 2 : READ_CHUNK;
		char *buffer;

		size = size < max ? size : max;
		buffer = realloc(conn->buffer, size);
		if (!buffer) {
			varlink_connection_cut(conn, "out of memory");
			return;
		}
		conn->buffer = buffer;
		conn->server->buffered += size - conn->size;
		conn->size = size;
		varlink_share_input(conn->server);
		if (conn->dead)
			return;
	}
	n = read(conn->fd_in, conn->buffer + conn->end, conn->size - conn->end);
	if (n > 0)
		conn->end += (size_t)n;
	else if (n == 0)
		conn->eof = true;
	else if (errno != EAGAIN && errno != EINTR)
		conn->dead = true;
}

/* ---- events ---- */

static int on_half_message(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct varlink_connection *conn = userdata;

	(void)source, (void)usec;
	varlink_connection_end(conn, "it sent half a message and no more");
	return 0;
}

static int set_timer(struct varlink_connection *conn, bool half)
{
	int r = 0;

	if (half == conn->timing && (half || !conn->timer))
		return 0;
	conn->timing = half;
	if (!half)
		return sd_event_source_set_enabled(conn->timer, SD_EVENT_OFF);
	if (!conn->timer)
		return sd_event_add_time_relative(conn->server->event, &conn->timer,
						  CLOCK_MONOTONIC, conn->server->limits.half_usec,
						  0, on_half_message, conn);
	r = sd_event_source_set_time_relative(conn->timer, conn->server->limits.half_usec);
	return r < 0 ? r : sd_event_source_set_enabled(conn->timer, SD_EVENT_ONESHOT);
}

/* Every handler ends here: frees the connection if it is over, else waits for the right events. */
static void settle(struct varlink_connection *conn)
{
	bool reading = may_read(conn);
	uint32_t writing = conn->head ? EPOLLOUT : 0;
	bool over = conn->dead || (conn->closing && !conn->head) ||
		    (conn->eof && may_dispatch(conn) && conn->scanned == conn->end - conn->start);
	int r;

	if (over) {
		varlink_connection_free(conn);
		return;
	}
	r = set_timer(conn, reading && conn->end > conn->start);
	if (r >= 0 && !conn->out) {
		r = sd_event_source_set_io_events(conn->in, (reading ? EPOLLIN : 0) | writing);
	} else if (r >= 0) {
		r = sd_event_source_set_enabled(conn->in, reading ? SD_EVENT_ON : SD_EVENT_OFF);
		if (r >= 0)
			r = sd_event_source_set_io_events(conn->out, writing);
	}
	if (r < 0) {
		log_error_errno(r, "varlink: cannot wait for a client");
		varlink_connection_free(conn);
	}
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct varlink_connection *conn = userdata;

	(void)fd;
	conn->in_handler = true;
	if (revents & EPOLLOUT)
		varlink_connection_flush(conn);
	if (source == conn->in && may_read(conn))
		read_some(conn);
	else if (revents & (EPOLLHUP | EPOLLERR) && (source == conn->out || !may_dispatch(conn)))
		conn->dead = true; /* nobody is left to read what is to come */
	process(conn);
	conn->in_handler = false;
	settle(conn);
	return 0;
}

static int on_defer(sd_event_source *source, void *userdata)
{
	struct varlink_connection *conn = userdata;

	(void)source;
	conn->in_handler = true;
	process(conn);
	conn->in_handler = false;
	settle(conn);
	return 0;
}

/* Not settled here and now: the caller may be walking a list that closed callbacks change. */
void varlink_connection_poke(struct varlink_connection *conn)
{
	int r;

	if (conn->in_handler)
		return;
	r = sd_event_source_set_enabled(conn->defer, SD_EVENT_ONESHOT);
	/* After its last round the loop takes nothing new; freeing the server ends the connection.
	 */
	if (r < 0 && r != -ESTALE)
		log_error_errno(r, "varlink: cannot schedule a client");
}

/* ---- making and freeing ---- */

static int add_sources(struct varlink_connection *conn)
{
	sd_event *event = conn->server->event;
	int r = sd_event_add_io(event, &conn->in, conn->fd_in, EPOLLIN, on_io, conn);

	if (r >= 0)
		r = sd_event_source_set_priority(conn->in, VARLINK_PRIORITY);
	if (r >= 0 && conn->fd_in != conn->fd_out) {
		r = sd_event_add_io(event, &conn->out, conn->fd_out, 0, on_io, conn);
		if (r >= 0)
			r = sd_event_source_set_priority(conn->out, VARLINK_PRIORITY);
	}
	if (r >= 0)
		r = sd_event_add_defer(event, &conn->defer, on_defer, conn);
	if (r >= 0)
		r = sd_event_source_set_priority(conn->defer, VARLINK_PRIORITY);
	return r < 0 ? r : sd_event_source_set_enabled(conn->defer, SD_EVENT_OFF);
}

static void drop_sources(struct varlink_connection *conn)
{
	sd_event_source_disable_unref(conn->in);
	sd_event_source_disable_unref(conn->out);
	sd_event_source_disable_unref(conn->defer);
	sd_event_source_disable_unref(conn->timer);
}

int varlink_connection_new(struct varlink_server *server, int fd_in, int fd_out, bool attached)
{
	struct varlink_connection *conn = calloc(1, sizeof(*conn));
	socklen_t len = sizeof(conn->peer);
	int r;

	if (!conn)
		return -ENOMEM;
	conn->server = server;
	conn->fd_in = fd_in;
	conn->fd_out = fd_out;
	conn->flags_in = conn->flags_out = -1;
	conn->attached = attached;
	conn->tail = &conn->head;
	if (getsockopt(fd_in, SOL_SOCKET, SO_PEERCRED, &conn->peer, &len) < 0)
		conn->peer = (struct ucred){.pid = getpid(), .uid = getuid(), .gid = getgid()};
	conn->user = varlink_user_get(server, conn->peer.uid);
	r = conn->user ? add_sources(conn) : -ENOMEM;
	if (r < 0) {
		drop_sources(conn);
		if (conn->user)
			varlink_user_put(server, conn->user);
		free(conn);
		return r;
	}
	if (attached) { /* both read before either is set: they may be one open file */
		conn->flags_in = fcntl(fd_in, F_GETFL);
		conn->flags_out = fcntl(fd_out, F_GETFL);
		fcntl(fd_in, F_SETFL, conn->flags_in | O_NONBLOCK);
		fcntl(fd_out, F_SETFL, conn->flags_out | O_NONBLOCK);
	}
	conn->next = server->connections;
	if (conn->next)
		conn->next->prev = conn;
	server->connections = conn;
	server->stats.clients++;
	return 0;
}

struct varlink_connection *varlink_connection_free(struct varlink_connection *conn)
{
	struct varlink_server *server = conn->server;
	struct varlink_call *call = conn->call;

	if (conn->prev)
		conn->prev->next = conn->next;
	else
		server->connections = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	server->stats.clients--;
	if (call) {
		call->conn = NULL;
		if (call->closed)
			call->closed(call, call->closed_userdata);
	}
	drop_sources(conn);
	varlink_connection_drop_queue(conn);
	if (conn->flags_in >= 0)
		fcntl(conn->fd_in, F_SETFL, conn->flags_in);
	if (conn->flags_out >= 0)
		fcntl(conn->fd_out, F_SETFL, conn->flags_out);
	if (conn->fd_out != conn->fd_in)
		close(conn->fd_out);
	close(conn->fd_in);
	if (conn->attached)
		sd_event_exit(server->event, 0);
	drop_buffer(conn);
	varlink_user_put(server, conn->user);
	free(conn);
	return NULL;
}
