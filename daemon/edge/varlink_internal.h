/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_VARLINK_INTERNAL_H
#define NISVD_VARLINK_INTERNAL_H

/*
 * Shared by the files of the varlink server only: varlink.c (server, listening),
 * varlink_connection.c (bytes in, life), varlink_queue.c (bytes out), varlink_share.c (who has to
 * go where there is no room for all), varlink_leave.c (who was turned away) and varlink_call.c
 * (messages, answers).
 */

#include <json-c/json.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "daemon/edge/varlink.h"

/* Clients come after whatever feeds the daemon (SD_EVENT_PRIORITY_NORMAL): a busy client must not
 * delay it. */
#define VARLINK_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)

/* Somebody who is connected at least once. */
struct varlink_user {
	struct varlink_user *next;
	uid_t uid;
	size_t clients;
};

/* Connections that were turned away and are still open, the first to be closed first. */
#define VARLINK_LEAVERS_MAX 1024
struct varlink_leavers {
	struct varlink_leaver {
		int fd;
		uint64_t due_usec; /* CLOCK_MONOTONIC */
	} ring[VARLINK_LEAVERS_MAX];
	size_t first, n;
};

struct varlink_server {
	sd_event *event;
	const struct varlink_interface *interfaces;
	size_t n_interfaces;
	const struct varlink_info *info;
	struct varlink_limits limits;
	void *userdata;
	struct varlink_connection *connections;
	struct varlink_user *users;
	size_t queued;	   /* unsent bytes of all connections */
	size_t buffered;   /* that all connections have allocated for calls */
	uint64_t progress; /* times that a client took something of its replies */
	struct varlink_stats stats;
	varlink_access_t access; /* NULL: anybody */
	int listen_fd, spare_fd;
	sd_event_source *listen_source;
	struct varlink_leavers leavers;
	sd_event_source *leave_timer; /* NULL until somebody was turned away */
	char *path;		      /* of the socket we made, NULL if none */
	dev_t path_dev;
	ino_t path_ino;
};

struct varlink_call {
	unsigned int n_ref;
	struct varlink_connection *conn; /* NULL once answered or the client is gone */
	struct ucred peer;
	bool more, oneway, answered, lossy;
	uint64_t dropped;
	varlink_closed_t closed;
	void *closed_userdata;
};

struct varlink_message;

struct varlink_connection {
	struct varlink_server *server;
	struct varlink_connection *prev, *next;
	int fd_in, fd_out;
	int flags_in, flags_out;   /* file status flags to restore, -1: none */
	sd_event_source *in, *out; /* out is NULL where fd_out is fd_in */
	sd_event_source *defer;	   /* settles the connection after an answer from outside */
	sd_event_source *timer;	   /* NULL until the first half message */
	struct ucred peer;
	struct varlink_user *user;
	char *buffer; /* [start, end) was read and is not yet dispatched */
	size_t size, start, end;
	size_t scanned;		      /* bytes from start that are known to hold no NUL */
	struct varlink_message *head; /* unsent */
	struct varlink_message **tail;
	size_t queued;		   /* bytes in all unsent messages */
	uint64_t progress;	   /* the server's, when the client last took something */
	struct varlink_call *call; /* borrowed: the unanswered call */
	bool in_handler;	   /* the handler that runs will settle the connection itself */
	bool attached;
	bool timing;  /* the timer runs for the message that begins at start */
	bool eof;     /* the client sends no more */
	bool closing; /* a protocol error was answered: end once that is sent */
	bool dead;    /* end at once */
};

/* Owns the file descriptors on success only. */
int varlink_connection_new(struct varlink_server *server, int fd_in, int fd_out, bool attached);
struct varlink_connection *varlink_connection_free(struct varlink_connection *conn);

/* Ends the connection at once, counted as cut by us; never from within a handler of its own. */
void varlink_connection_end(struct varlink_connection *conn, const char *why);

/* Sends what the socket takes now. */
void varlink_connection_flush(struct varlink_connection *conn);

/* Forgets all that it has not read. */
void varlink_connection_drop_queue(struct varlink_connection *conn);

/* One connection more of @uid, and one less. NULL without memory. */
struct varlink_user *varlink_user_get(struct varlink_server *server, uid_t uid);
void varlink_user_put(struct varlink_server *server, struct varlink_user *user);

/* Makes room for a connection of @uid, where there is none, by ending one of the user that has the
 * most; false if @uid would then have as many itself. */
bool varlink_share_connections(struct varlink_server *server, uid_t uid);

/* Past limits.total_in the client with the largest call is cut. */
void varlink_share_input(struct varlink_server *server);

/* Owns @fd, a connection that was turned away: closes it in a second, or now, if many wait so. */
void varlink_leave(struct varlink_server *server, int fd);

/* Closes all that wait so: their files are wanted. */
void varlink_leave_now(struct varlink_server *server);

/* Ends the connection from the event loop, counted as cut by us. */
void varlink_connection_cut(struct varlink_connection *conn, const char *why);

/* As varlink_connection_cut(), with an InvalidParameter error for @member as the last word. */
void varlink_connection_refuse(struct varlink_connection *conn, const char *member,
			       const char *why);

/* Queues one message, NUL included in @len, and sends what the socket takes now. @call may be NULL.
 * Returns 0, -EMSGSIZE, -ENOMEM, or -ENOBUFS after cutting the connection. */
int varlink_connection_queue(struct varlink_connection *conn, struct varlink_call *call,
			     const char *text, size_t len);

/* To be called after an answer or a change of state from outside of the connection's handlers. */
void varlink_connection_poke(struct varlink_connection *conn);

/* Parses one message of @len bytes, NUL included, and calls its method. */
void varlink_call_dispatch(struct varlink_connection *conn, const char *text, size_t len);

/* Sends a reply or error. Takes @params (NULL: {}). @call is NULL if it answers no call. */
int varlink_send(struct varlink_connection *conn, struct varlink_call *call, const char *error,
		 struct json_object *params, bool continues);

/* {key: value}, NULL without memory. */
struct json_object *varlink_one_string(const char *key, const char *value);

/* org.varlink.service; its methods take the server as userdata. */
extern const struct varlink_interface varlink_service_interface;

#endif
