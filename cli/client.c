/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/client.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/remote_error.h"
#include "cli/reply.h"
#include "cli/transport.h"

#define READ_CHUNK 65536

struct client {
	const struct options *options;
	struct transport transport;
	bool offline;	   /* the child is `nisvd --offline` */
	bool failed;	   /* an error was told that the child's own words are part of */
	char *buffer;	   /* [start, end) was read and not yet understood */
	bool raw;	   /* replies are kept as they came */
	bool watch_output; /* see client_watch_output() */
	size_t size, start, end;
};

/* ---- opening ----------------------------------------------------------------------------- */

int client_connect(const struct options *options)
{
	struct transport transport;
	int r = transport_socket(options, &transport);

	return r < 0 ? r : transport.fd;
}

int client_unreachable(const struct options *options, int error)
{
	const struct passwd *user;

	switch (-error) {
	case ENOENT:
	case ECONNREFUSED:
		return error_report(options, NISV_EXIT_UNREACHABLE, NULL, NULL,
				    "nisvd is not running (nobody listens at %s): start it with "
				    "\"systemctl start nisvd\"",
				    options->socket);
	case EACCES:
	case EPERM:
		user = getpwuid(geteuid());
		return error_report(options, NISV_EXIT_UNREACHABLE, NULL, NULL,
				    "no permission to ask nisvd at %s: use sudo, or join its group "
				    "with \"usermod -aG nisv %s\" and log in again",
				    options->socket, user ? user->pw_name : "USER");
	default:
		return error_report(options, NISV_EXIT_UNREACHABLE, NULL, NULL,
				    "cannot reach nisvd at %s: %s", options->socket,
				    strerror(-error));
	}
}

static int open_transport(struct client *client, enum client_need need)
{
	const struct options *options = client->options;
	int r;

	if (options->host) {
		r = transport_ssh(options, &client->transport);
		return r == 0 ? 0
			      : error_report(options, NISV_EXIT_UNREACHABLE, NULL, NULL,
					     "cannot run ssh: %s", strerror(-r));
	}
	if (options->file && access(options->file, R_OK) < 0)
		return error_report(options, NISV_EXIT_FAILURE, NULL, NULL,
				    "cannot read the file %s: %s", options->file, strerror(errno));
	if (!options->file) {
		r = transport_socket(options, &client->transport);
		if (r == 0)
			return 0;
		if (need == CLIENT_DAEMON)
			return client_unreachable(options, r);
	}
	client->offline = true;
	r = transport_offline(options, &client->transport);
	return r == 0 ? 0
		      : error_report(options, NISV_EXIT_FAILURE, NULL, NULL,
				     "cannot run nisvd --offline: %s", strerror(-r));
}

static struct client *client_new(const struct options *options)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->options = options;
	client->transport = (struct transport){.fd = -1, .errors = -1};
	return client;
}

int client_open(const struct options *options, enum client_need need, struct client **ret)
{
	struct client *client = client_new(options);
	int status;

	if (!client) {
		error_report(options, NISV_EXIT_FAILURE, NULL, NULL, "out of memory");
		return NISV_EXIT_FAILURE;
	}
	status = open_transport(client, need);
	if (status != NISV_EXIT_OK)
		free(client);
	else
		*ret = client;
	return status;
}

int client_try(const struct options *options, struct client **ret)
{
	struct client *client = client_new(options);
	int r = client ? transport_socket(options, &client->transport) : -ENOMEM;

	if (r < 0)
		free(client);
	else
		*ret = client;
	return r;
}

struct client *client_close(struct client *client)
{
	char *errors;

	if (!client)
		return NULL;
	transport_close(&client->transport);
	errors = client->failed ? NULL : transport_errors(&client->transport);
	if (errors)
		error_note(client->options, "%s", errors);
	free(errors);
	if (client->transport.errors >= 0)
		close(client->transport.errors);
	free(client->buffer);
	free(client);
	return NULL;
}

int client_lost(struct client *client)
{
	const struct options *options = client->options;
	bool child = client->transport.pid > 0;
	int exit_status = transport_close(&client->transport);
	char *errors = transport_errors(&client->transport);
	int status;

	client->failed = true;
	if (client->offline)
		status = error_report(options, NISV_EXIT_FAILURE, NULL, NULL,
				      "nisvd --offline gave no answer (exit status %d)%s%s",
				      exit_status, errors ? ": " : "", errors ? errors : "");
	else if (child)
		status = error_report(options, NISV_EXIT_UNREACHABLE, NULL, NULL,
				      "cannot reach nisvd on %s (ssh exit status %d)%s%s",
				      options->host, exit_status, errors ? ": " : "",
				      errors ? errors : ": is nisvctl installed there?");
	else
		status = error_report(options, NISV_EXIT_UNREACHABLE, NULL, NULL,
				      "nisvd ended the conversation: \"journalctl -u nisvd\" says "
				      "why");
	free(errors);
	return status;
}

void client_keep_raw(struct client *client)
{
	client->raw = true;
}

void client_watch_output(struct client *client)
{
	client->watch_output = true;
}

/* ---- talking ----------------------------------------------------------------------------- */

static int send_call(struct client *client, const char *method, struct json_object *params,
		     bool more)
{
	struct json_object *call = json_object_new_object();
	const char *text;
	size_t len = 0, done = 0;

	json_object_object_add(call, "method", json_object_new_string(method));
	json_object_object_add(call, "parameters", params ? params : json_object_new_object());
	if (more)
		json_object_object_add(call, "more", json_object_new_boolean(true));
	text = json_object_to_json_string_length(call, JSON_C_TO_STRING_PLAIN, &len);
	/* An error here is met again when the reply is read, with what the other side said. */
	while (text && done <= len) {
		ssize_t n = send(client->transport.fd, text + done, len + 1 - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		done += (size_t)n;
	}
	json_object_put(call);
	return NISV_EXIT_OK;
}

int client_start(struct client *client, const char *method, struct json_object *params)
{
	return send_call(client, method, params, true);
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

/* One whole message, NUL included; NULL: CLIENT_LOST, or an exit status in @ret_status. */
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
			*ret_status = error_report(client->options, NISV_EXIT_FAILURE, NULL, NULL,
						   "the reply is too large: over %u MiB",
						   NISV_MESSAGE_MAX / 1024 / 1024);
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
	}
}

int client_next(struct client *client, struct json_object **ret, bool *ret_more)
{
	struct json_object *reply, *params, *error = NULL;
	const char *text;
	int status;

	text = read_message(client, &status);
	if (!text)
		return status;
	reply = json_tokener_parse(text);
	if (!json_object_is_type(reply, json_type_object)) {
		json_object_put(reply);
		return error_report(
			client->options, NISV_EXIT_FAILURE, NULL, NULL,
			"the reply is no varlink message: is it nisvd that listens there?");
	}
	json_object_object_get_ex(reply, "error", &error);
	if (client->options->json == JSON_OFF && (error || !client->raw))
		reply_clean(reply);
	params = reply_object(reply, "parameters");
	*ret_more = reply_bool(reply, "continues");
	if (error) {
		status =
			remote_error_report(client->options, json_object_get_string(error), params);
	} else {
		*ret = params ? json_object_get(params) : json_object_new_object();
		status = NISV_EXIT_OK;
	}
	json_object_put(reply);
	return status;
}

int client_call(struct client *client, const char *method, struct json_object *params,
		struct json_object **ret)
{
	bool more;
	int status = send_call(client, method, params, false);

	if (status == NISV_EXIT_OK)
		status = client_next(client, ret, &more);
	return status == CLIENT_LOST ? client_lost(client) : status;
}

struct json_object *client_params(const char *name, const char *value)
{
	struct json_object *params = json_object_new_object();

	if (params && value)
		json_object_object_add(params, name, json_object_new_string(value));
	return params;
}

int client_ask(const struct options *options, const char *method, struct json_object *params,
	       struct json_object **ret)
{
	struct client *client = NULL;
	int status = client_open(options, CLIENT_DAEMON, &client);

	if (status != NISV_EXIT_OK) {
		json_object_put(params);
		return status;
	}
	status = client_call(client, method, params, ret);
	client_close(client);
	return status;
}
