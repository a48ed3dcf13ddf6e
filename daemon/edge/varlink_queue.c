/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Messages that clients have not taken yet. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/edge/varlink_internal.h"

struct varlink_message {
	struct varlink_message *next;
	size_t len, sent;
	char data[];
};

static void queue_pop(struct varlink_connection *conn, struct varlink_message **at)
{
	struct varlink_message *m = *at;

	*at = m->next;
	if (!*at)
		conn->tail = at;
	conn->queued -= m->len;
	conn->server->queued -= m->len;
	free(m);
}

void varlink_connection_drop_queue(struct varlink_connection *conn)
{
	while (conn->head)
		queue_pop(conn, &conn->head);
}

void varlink_connection_flush(struct varlink_connection *conn)
{
	while (conn->head && !conn->dead) {
		struct varlink_message *m = conn->head;
		ssize_t n = send(conn->fd_out, m->data + m->sent, m->len - m->sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == ENOTSOCK)
			n = write(conn->fd_out, m->data + m->sent, m->len - m->sent);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			conn->dead = errno != EAGAIN;
			return;
		}
		m->sent += (size_t)n;
		conn->progress = ++conn->server->progress;
		if (m->sent == m->len)
			queue_pop(conn, &conn->head);
	}
}

/* A message always finds room in an empty queue, up to limits.message_out. */
static bool queue_has_room(const struct varlink_connection *conn, size_t len)
{
	const struct varlink_server *server = conn->server;

	return !conn->head || (conn->queued + len <= server->limits.queue_bytes &&
			       server->queued + len <= server->limits.total_bytes);
}

static void count_drop(struct varlink_connection *conn, struct varlink_call *call)
{
	call->dropped++;
	conn->server->stats.dropped++;
}

/* What has been sent in part must be sent whole; everything behind it is the call's. */
static void queue_drop_oldest(struct varlink_connection *conn, struct varlink_call *call,
			      size_t len)
{
	while (!queue_has_room(conn, len)) {
		struct varlink_message **at = conn->head->sent ? &conn->head->next : &conn->head;

		if (!*at)
			return;
		queue_pop(conn, at);
		count_drop(conn, call);
	}
}

/* Past limits.total_bytes those clients are cut that have read nothing for longest. */
static void make_room(struct varlink_connection *conn, size_t len)
{
	struct varlink_server *server = conn->server;

	while (server->queued + len > server->limits.total_bytes) {
		struct varlink_connection *stalest = NULL;

		for (struct varlink_connection *at = server->connections; at; at = at->next)
			if (at != conn && at->head &&
			    (!stalest || at->progress < stalest->progress))
				stalest = at;
		if (!stalest)
			return;
		varlink_connection_drop_queue(stalest);
		varlink_connection_cut(stalest, "it does not read its replies, and others need "
						"the room");
	}
}

int varlink_connection_queue(struct varlink_connection *conn, struct varlink_call *call,
			     const char *text, size_t len)
{
	struct varlink_message *m;

	if (len > conn->server->limits.message_out)
		return -EMSGSIZE;
	if (call && call->lossy)
		queue_drop_oldest(conn, call, len);
	else
		make_room(conn, len);
	if (!queue_has_room(conn, len)) {
		if (call && call->lossy) {
			count_drop(conn, call);
			return 0;
		}
		varlink_connection_cut(conn, "it does not read its replies");
		return -ENOBUFS;
	}
	m = malloc(sizeof(*m) + len);
	if (!m)
		return -ENOMEM;
	*m = (struct varlink_message){.len = len};
	memcpy(m->data, text, len);
	*conn->tail = m;
	conn->tail = &m->next;
	conn->queued += len;
	conn->server->queued += len;
	if (conn->head == m)
		varlink_connection_flush(conn);
	return 0;
}
