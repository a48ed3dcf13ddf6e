/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client_internal.h"
#include "cli/json_make.h"
#include "cli/refusal.h"

/* ssh(1): 255 is its own exit status, every other one is that of what ran there; sh(1): 127. */
#define SSH_FAILED    255
#define SSH_NOT_FOUND 127

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
		refusal_note(options->socket);
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
		r = transport_ssh(options, client->again, &client->transport);
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

static int open_client(const struct options *options, enum client_need need, bool again,
		       struct client **ret)
{
	struct client *client = client_new(options);
	int status;

	if (!client) {
		error_report(options, NISV_EXIT_FAILURE, NULL, NULL, "out of memory");
		return NISV_EXIT_FAILURE;
	}
	client->again = again;
	status = open_transport(client, need);
	if (status != NISV_EXIT_OK)
		free(client);
	else
		*ret = client;
	return status;
}

int client_open(const struct options *options, enum client_need need, struct client **ret)
{
	return open_client(options, need, false, ret);
}

int client_open_again(const struct options *options, struct client **ret)
{
	return open_client(options, CLIENT_DAEMON, true, ret);
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

static int ssh_failed(const struct options *options, bool again, int exit_status,
		      const char *errors)
{
	const char *host = options->host, *colon = errors ? ": " : "";

	errors = errors ? errors : "";
	switch (exit_status) {
	case 0:
		return error_report(options, NISV_EXIT_UNREACHABLE, NULL, NULL,
				    "nisvd on %s ended the conversation: \"journalctl -u nisvd\" "
				    "there says why%s%s",
				    host, colon, errors);
	case NISV_EXIT_UNREACHABLE:
		return error_report(options, NISV_EXIT_UNREACHABLE, NULL, NULL,
				    "nisvctl on %s cannot reach nisvd there%s%s", host, colon,
				    errors);
	case SSH_NOT_FOUND:
		return error_report(
			options, NISV_EXIT_UNREACHABLE, NULL, NULL,
			"there is no nisvctl on %s: install nisvd there, or put nisvctl "
			"into the PATH of its ssh logins%s%s",
			host, colon, errors);
	case SSH_FAILED:
		return error_report(options, NISV_EXIT_UNREACHABLE, NULL, NULL,
				    "cannot log in to %s%s: first \"ssh%s %s true\" must work%s%s",
				    host, again ? " again" : "", again ? " -oBatchMode=yes" : "",
				    host, colon, errors);
	default:
		return error_report(options, NISV_EXIT_UNREACHABLE, NULL, NULL,
				    "the conversation with nisvd on %s ended (ssh exit status "
				    "%d)%s%s",
				    host, exit_status, colon, errors);
	}
}

bool client_can_return(struct client *client)
{
	int exit_status = transport_close(&client->transport);

	client->failed = true;
	if (!client->options->host)
		return true;
	switch (exit_status) {
	case 0:
		return true;
	case NISV_EXIT_UNREACHABLE:
		return client->again;
	case SSH_FAILED:
		return client->heard;
	default:
		return false;
	}
}

int client_lost(struct client *client)
{
	const struct options *options = client->options;
	int exit_status = transport_close(&client->transport);
	char *errors = transport_errors(&client->transport);
	int status;

	client->failed = true;
	if (client->offline)
		status = error_report(options, NISV_EXIT_FAILURE, NULL, NULL,
				      "nisvd --offline gave no answer (exit status %d)%s%s",
				      exit_status, errors ? ": " : "", errors ? errors : "");
	else if (options->host)
		status = ssh_failed(options, client->again, exit_status, errors);
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

void client_allow_gone(struct client *client)
{
	client->allow_gone = true;
}

struct json_object *client_params(const char *name, const char *value)
{
	struct json_object *params = json_make_object();

	if (value)
		json_add(params, name, json_make_string(value));
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
