/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_CLIENT_H
#define NISVCTL_CLIENT_H

/*
 * One varlink conversation with a nisvd: over its socket, over `ssh HOST nisvctl --bridge`, or with
 * a child `nisvd --offline` that answers from a file. Functions return an exit status (enum
 * nisv_exit) and have told every error themselves, unless they say otherwise.
 */

#include "cli/cli.h"

struct client;

enum client_need {
	CLIENT_DAEMON, /* the live state, or the file of --file */
	CLIENT_RULES,  /* only what nisvd knows: without a running one, a child answers */
};

int client_open(const struct options *options, enum client_need need, struct client **ret);

/* From now on replies are not made safe for a terminal: for what is printed as JSON anyway. */
void client_keep_raw(struct client *client);

/* Ends the conversation; warnings of a child go to standard error. Takes NULL, returns NULL. */
struct client *client_close(struct client *client);

/*
 * Calls @method (of include/nisv_api.h) with @params (owned, NULL: {}) and waits for the one reply.
 * @ret, to be put, holds its parameters; with text output its strings are safe for a terminal.
 */
int client_call(struct client *client, const char *method, struct json_object *params,
		struct json_object **ret);

/* The same, but returns CLIENT_LOST, untold, where the other side ended the conversation. */
int client_attempt(struct client *client, const char *method, struct json_object *params,
		   struct json_object **ret);

/* Calls a method that answers more than once. @params is taken over, may be NULL. What fails is met
 * when the reply is read. */
void client_start(struct client *client, const char *method, struct json_object *params);

#define CLIENT_LOST	 (-1)
#define CLIENT_UNREAD	 (-2) /* only after client_watch_output() */
#define CLIENT_DISTURBED (-3) /* only of client_reopen() */

/* From now on the end of whoever reads our standard output ends client_next(), too. */
void client_watch_output(struct client *client);

/* From now on it is not told that a VM is not there (NISV_EXIT_NO_SUCH_VM): it was listed before.
 */
void client_allow_gone(struct client *client);

/*
 * Waits for the next reply of it. @ret_more: further replies follow. Returns CLIENT_LOST, and tells
 * nothing, where the other side ended the conversation: see client_lost().
 */
int client_next(struct client *client, struct json_object **ret, bool *ret_more);

/* Tells why the conversation ended early. */
int client_lost(struct client *client);

/* After CLIENT_LOST: was nisvd there, and may it come back? By ssh it was where the other side
 * ended in order; where ssh failed, if an answer had come. What ssh said is told by client_lost()
 * only. */
bool client_can_return(struct client *client);

/* Over the network as client_open(), but without asking the user anything. */
int client_open_again(const struct options *options, struct client **ret);

/* Opens a conversation over the socket. 0, or -errno, not told: see client_unreachable(). */
int client_try(const struct options *options, struct client **ret);

/* Connects to the socket of @options, for the bridge. A file descriptor, or -errno, not told. */
int client_connect(const struct options *options);

/* Tells why client_connect() failed. Returns NISV_EXIT_UNREACHABLE. */
int client_unreachable(const struct options *options, int error);

/*
 * Waits until a lost nisvd listens at the socket again, here or at the other end of ssh. The new
 * conversation, or an error; a login that fails is one. @watch:
 * a file descriptor that ends the waiting when there is something to read, -1: none;
 * CLIENT_DISTURBED then, untold.
 */
int client_reopen(const struct options *options, int watch, struct client **ret);

/* {name: value}, {} where @value is NULL. */
struct json_object *client_params(const char *name, const char *value);

/* Opens, calls, closes: what most verbs need. */
int client_ask(const struct options *options, const char *method, struct json_object *params,
	       struct json_object **ret);

#endif
