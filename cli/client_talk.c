/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/client_internal.h"
#include "cli/json_make.h"
#include "cli/nearest_vm.h"
#include "cli/remote_error.h"
#include "cli/reply.h"

#define READ_CHUNK 65536

static void send_call(struct client *client, const char *method, struct json_object *params,
		      bool more)
{
	struct json_object *call = json_make_object();
	const char *text;
	size_t len = 0, done = 0;

	json_add(call, "method", json_make_string(method));
	json_add(call, "parameters", params ? params : json_make_object());
	if (more)
		json_add(call, "more", json_make_bool(true));
	text = json_text(call, JSON_C_TO_STRING_PLAIN, &len);
	/* An error here is met again when the reply is read, with what the other side said. */
	while (done <= len) {
		ssize_t n = send(client->transport.fd, text + done, len + 1 - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		done += (size_t)n;
	}
	json_object_put(call);
}

void client_start(struct client *client, const char *method, struct json_object *params)
{
	send_call(client, method, params, true);
}

static bool grow(struct client *client)
{
	char *buffer;

	if (client->buffer && client->start > 0) {
		memmove(client->buffer, client->buffer + client->start,
			client->end - client->start);
		client->end -= client->start;
		client->start = 0;
	}
	if (client->size - client->end >= READ_CHUNK)
		return true;
	buffer = realloc(client->buffer, client->size * 2 + READ_CHUNK);
	if (!buffer)
		return false;
	client->buffer = buffer;
	client->size = client->size * 2 + READ_CHUNK;
	return true;
}

/* False where nobody reads our output any more: a pipe without a reader polls as an error. */
static bool await_reply(const struct client *client)
{
	struct pollfd fds[2] = {
		{.fd = client->transport.fd, .events = POLLIN},
		{.fd = STDOUT_FILENO},
	};

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return !(fds[1].revents & (POLLERR | POLLNVAL));
}

#define TOO_LARGE (-100) /* beside CLIENT_LOST and CLIENT_UNREAD */

/* One whole message, NUL included; NULL: why not in @ret_status, untold. */
static const char *read_message(struct client *client, int *ret_status)
{
	size_t scanned = 0;

	*ret_status = CLIENT_LOST;
	for (;;) {
		char *text = client->buffer ? client->buffer + client->start : NULL, *nul = NULL;
		size_t len = client->end - client->start;
		ssize_t n;

		if (text && len > scanned)
			nul = memchr(text + scanned, 0, len - scanned);
		if (nul) {
			client->start += (size_t)(nul - text) + 1;
			return text;
		}
		scanned = len;
		if (len >= NISV_MESSAGE_MAX || !grow(client)) {
			*ret_status = TOO_LARGE;
			return NULL;
		}
		if (client->watch_output && !await_reply(client)) {
			*ret_status = CLIENT_UNREAD;
			return NULL;
		}
		n = read(client->transport.fd, client->buffer + client->end,
			 client->size - client->end);
		if (n == 0 || (n < 0 && errno != EINTR))
			return NULL;
		client->end += n > 0 ? (size_t)n : 0;
		client->heard = true;
	}
}

/* A whole reply; NULL: why not in @ret_status, untold. It may be anything that JSON can be. */
static struct json_object *read_reply(struct client *client, int *ret_status)
{
	const char *text = read_message(client, ret_status);
	struct json_object *reply, *error;

	if (!text)
		return NULL;
	reply = json_tokener_parse(text);
	if (client->options->json == JSON_OFF &&
	    (!client->raw || json_object_object_get_ex(reply, "error", &error)))
		reply_clean(reply);
	*ret_status = NISV_EXIT_OK;
	return reply;
}

/* The name of a VM that is near to the one that is not there, to be freed; NULL: none. */
static char *suggest(struct client *client, struct json_object *error_params)
{
	struct json_object *params = json_make_object(), *reply;
	const char *nearest;
	char *copy = NULL;
	int status;

	json_add(params, "all", json_make_bool(true));
	send_call(client, NISV_METHOD_LIST_VMS, params, false);
	reply = read_reply(client, &status);
	nearest = nearest_vm(reply_string(error_params, "vm"),
			     reply_array(reply_object(reply, "parameters"), "vms"));
	if (nearest)
		copy = strdup(nearest);
	json_object_put(reply);
	return copy;
}

static int tell_error(struct client *client, const char *name, struct json_object *params)
{
	bool gone = strcmp(name, NISV_ERROR_NO_SUCH_VM) == 0;
	char *nearest = NULL;
	int status;

	if (gone && client->allow_gone)
		return NISV_EXIT_NO_SUCH_VM;
	if (gone)
		nearest = suggest(client, params);
	status = remote_error_report(client->options, name, params, nearest);
	free(nearest);
	return status;
}

int client_next(struct client *client, struct json_object **ret, bool *ret_more)
{
	struct json_object *reply, *params, *error = NULL;
	int status;

	reply = read_reply(client, &status);
	if (status == TOO_LARGE)
		return error_report(client->options, NISV_EXIT_FAILURE, NULL, NULL,
				    "the reply is too large: over %u MiB",
				    NISV_MESSAGE_MAX / 1024 / 1024);
	if (status != NISV_EXIT_OK)
		return status;
	if (!json_object_is_type(reply, json_type_object)) {
		json_object_put(reply);
		return error_report(
			client->options, NISV_EXIT_FAILURE, NULL, NULL,
			"the reply is no varlink message: is it nisvd that listens there?");
	}
	params = reply_object(reply, "parameters");
	*ret_more = reply_bool(reply, "continues");
	if (json_object_object_get_ex(reply, "error", &error) && error)
		status = tell_error(client, json_object_get_string(error), params);
	else
		*ret = params ? json_object_get(params) : json_make_object();
	json_object_put(reply);
	return status;
}

int client_attempt(struct client *client, const char *method, struct json_object *params,
		   struct json_object **ret)
{
	bool more;

	send_call(client, method, params, false);
	return client_next(client, ret, &more);
}

int client_call(struct client *client, const char *method, struct json_object *params,
		struct json_object **ret)
{
	int status = client_attempt(client, method, params, ret);

	return status == CLIENT_LOST ? client_lost(client) : status;
}
