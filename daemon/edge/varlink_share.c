/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Who has to go where there is no room for all: connections, and calls that are being sent. */

#include <stdlib.h>

#include "daemon/edge/varlink_internal.h"

struct varlink_user *varlink_user_get(struct varlink_server *server, uid_t uid)
{
	struct varlink_user *user = server->users;

	while (user && user->uid != uid)
		user = user->next;
	if (!user) {
		user = calloc(1, sizeof(*user));
		if (!user)
			return NULL;
		*user = (struct varlink_user){.next = server->users, .uid = uid};
		server->users = user;
	}
	user->clients++;
	return user;
}

void varlink_user_put(struct varlink_server *server, struct varlink_user *user)
{
	struct varlink_user **at = &server->users;

	if (--user->clients)
		return;
	while (*at != user)
		at = &(*at)->next;
	*at = user->next;
	free(user);
}

/* The oldest one that waits for no answer, else the oldest. */
static struct varlink_connection *least_useful(const struct varlink_server *server,
					       const struct varlink_user *user)
{
	struct varlink_connection *idle = NULL, *oldest = NULL;

	for (struct varlink_connection *at = server->connections; at; at = at->next) {
		if (at->user != user)
			continue;
		oldest = at;
		if (!at->call && !at->head)
			idle = at;
	}
	return idle ? idle : oldest;
}

bool varlink_share_connections(struct varlink_server *server, uid_t uid)
{
	const struct varlink_user *greediest = NULL;
	size_t own = 0;

	for (const struct varlink_user *user = server->users; user; user = user->next) {
		if (user->uid == uid)
			own = user->clients;
		if (!greediest || user->clients > greediest->clients)
			greediest = user;
	}
	if (!greediest || greediest->clients <= own + 1)
		return false;
	varlink_connection_end(least_useful(server, greediest),
			       "its user has the most connections, and others want one");
	return true;
}

void varlink_share_input(struct varlink_server *server)
{
	struct varlink_connection *largest = NULL;

	if (server->buffered <= server->limits.total_in)
		return;
	for (struct varlink_connection *at = server->connections; at; at = at->next)
		if (!at->dead && (!largest || at->size > largest->size))
			largest = at;
	if (largest)
		varlink_connection_cut(largest, "the calls of all clients are too large together");
}
