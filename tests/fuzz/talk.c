/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "talk.h"

#include <errno.h>
#include <json-c/json.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/edge/api.h"
#include "daemon/edge/log.h"
#include "daemon/edge/replay.h"
#include "daemon/edge/subscribe.h"
#include "daemon/edge/wallclock.h"
#include "fuzz.h"

struct manager *talk_manager(const char *const paths[], size_t n)
{
	const struct manager_options options = {.offline = true, .machine_path = "daemon/machines"};
	struct manager *manager = NULL;
	struct config config;

	log_set_level(-1);
	wallclock_go_offline();
	config_defaults(&config);
	MUST(manager_new(&options, &config, &manager) == 0 && manager->machines.n);
	for (size_t i = 0; i < n; i++)
		MUST(replay_file(manager, paths[i]) == 0);
	return manager;
}

void talk_open(struct talk *talk, struct manager *manager, const struct varlink_limits *limits)
{
	int fds[2];

	*talk = (struct talk){.manager = manager};
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	talk->fd = fds[0];
	MUST(sd_event_new(&talk->event) >= 0);
	MUST(varlink_server_new(talk->event, &api_interface, 1, &api_info, limits, manager,
				&manager->server) == 0);
	MUST(varlink_server_attach(manager->server, fds[1], fds[1]) == 0);
}

void talk_run(struct talk *talk)
{
	/* -ESTALE: the daemon has ended the conversation, and its loop. */
	while (sd_event_get_state(talk->event) != SD_EVENT_FINISHED &&
	       sd_event_run(talk->event, 0) > 0)
		;
}

void talk_send(struct talk *talk, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t n = send(talk->fd, at, size, MSG_NOSIGNAL);

		talk_run(talk);
		if (n < 0) {
			MUST(errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
			return;
		}
		at += n;
		size -= (size_t)n;
	}
}

static void reply_must_hold(const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *reply, *parameters;

	MUST(tokener);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	reply = json_tokener_parse_ex(tokener, text, (int)len);
	MUST(json_object_is_type(reply, json_type_object));
	MUST(json_object_object_get_ex(reply, "parameters", &parameters));
	MUST(json_object_is_type(parameters, json_type_object));
	json_object_put(reply);
	json_tokener_free(tokener);
}

static bool read_some(struct talk *talk)
{
	ssize_t n;

	if (talk->room - talk->len < 65536) {
		talk->room += 65536;
		talk->text = realloc(talk->text, talk->room);
		MUST(talk->text);
	}
	n = recv(talk->fd, talk->text + talk->len, talk->room - talk->len, 0);
	MUST(n >= 0 || errno == EAGAIN || errno == ECONNRESET);
	talk->len += n > 0 ? (size_t)n : 0;
	return n > 0;
}

void talk_hear(struct talk *talk)
{
	size_t at = 0;
	char *nul;

	talk_run(talk);
	while (read_some(talk))
		talk_run(talk);
	while ((nul = memchr(talk->text + at, 0, talk->len - at))) {
		reply_must_hold(talk->text + at, (size_t)(nul - (talk->text + at)) + 1);
		at = (size_t)(nul - talk->text) + 1;
		talk->replies++;
	}
	talk->len -= at;
	memmove(talk->text, talk->text + at, talk->len);
}

void talk_close(struct talk *talk)
{
	close(talk->fd);
	talk_run(talk);
	subscribe_stop_all(talk->manager);
	talk->manager->server = varlink_server_free(talk->manager->server);
	sd_event_unref(talk->event);
	free(talk->text);
}

void talk_ask_all(struct talk *talk, const char *name)
{
	static const struct {
		const char *method, *parameters;
		bool more;
	} calls[] = {
		{"GetStatus", "", false},
		{"ListVMs", "\"all\":true", false},
		{"GetVM", "", false},
		{"GetFaultMap", "", false},
		{"Explain", "", false},
		{"Verify", "", false},
		{"GetDossier", "\"redact\":true", true},
		{"GetDossier", "", true},
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const char *parameters = calls[i].parameters;
		size_t before = talk->replies;
		char text[256];
		int n = snprintf(text, sizeof(text),
				 "{\"method\":\"io.nisvd.Monitor.%s\",\"more\":%s,\"parameters\":{"
				 "%s%s%s%s%s}}",
				 calls[i].method, calls[i].more ? "true" : "false", parameters,
				 name && *parameters ? "," : "", name ? "\"vm\":\"" : "",
				 name ? name : "", name ? "\"" : "");

		talk_send(talk, text, (size_t)n + 1);
		talk_hear(talk);
		MUST(talk->replies > before);
	}
}

static void vm_must_hold(const struct vm *vm)
{
	must_be_printable(vm->id, sizeof(vm->id));
	must_be_printable(vm->name.name, sizeof(vm->name.name));
	must_be_printable(vm->name.uuid, sizeof(vm->name.uuid));
	MUST(strspn(vm->key, "0123456789abcdef") == VM_KEY_LEN && !vm->key[VM_KEY_LEN]);
}

void talk_of_all(struct manager *manager)
{
	struct talk talk;

	talk_open(&talk, manager, NULL);
	talk_ask_all(&talk, NULL);
	talk_close(&talk);
	for (size_t i = 0; i < manager->vms.n; i++) {
		vm_must_hold(manager->vms.list[i]);
		talk_open(&talk, manager, NULL);
		talk_ask_all(&talk, manager->vms.list[i]->key);
		talk_close(&talk);
	}
}
