/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_VARLINK_BENCH_H
#define NISVD_TESTS_VARLINK_BENCH_H

/*
 * A varlink server and its clients over real sockets. Server and clients share one thread: a client
 * writes, the event loop runs until the expected answer is there (or, where nothing may come, until
 * the loop has nothing left to do), the client reads. No test waits for a clock but the
 * half-message one.
 */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>
#include <systemd/sd-event.h>

#include "daemon/edge/log.h"
#include "daemon/edge/varlink.h"
#include "include/nisv_api.h"

struct bench {
	sd_event *event;
	struct varlink_server *server;
	char dir[32], path[64];
	struct varlink_call *kept; /* by Keep and Subscribe */
	unsigned int closed;	   /* times the closed callback ran */
	unsigned int pokes;	   /* times Poke was called */
};

/* ---- the service under test ---------------------------------------------------------------- */

static inline int echo(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	(void)userdata;
	return varlink_reply(call, json_object_get(parameters));
}

static inline int count(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	(void)parameters, (void)userdata;
	if (!varlink_call_wants_more(call))
		return varlink_error(call, VARLINK_ERROR_EXPECTED_MORE, NULL);
	for (int i = 0; i < 3; i++) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "n", json_object_new_int(i));
		assert_int_equal(i < 2 ? varlink_reply_more(call, o) : varlink_reply(call, o), 0);
	}
	assert_int_equal(varlink_reply(call, NULL), -EALREADY);
	return 0;
}

static inline int poke(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	struct bench *b = userdata;

	(void)parameters;
	b->pokes++;
	assert_int_equal(varlink_reply_more(call, NULL), -EINVAL);
	return varlink_reply(call, NULL);
}

static inline int fail_inside(struct varlink_call *call, struct json_object *parameters,
			      void *userdata)
{
	(void)call, (void)parameters, (void)userdata;
	return -ENOMEM;
}

static inline int forget(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	(void)call, (void)parameters, (void)userdata;
	return 0;
}

static inline int deny(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	(void)parameters, (void)userdata;
	return varlink_error(call, VARLINK_ERROR_PERMISSION_DENIED, NULL);
}

static inline void on_closed(struct varlink_call *call, void *userdata)
{
	struct bench *b = userdata;

	assert_ptr_equal(call, b->kept);
	b->kept = varlink_call_unref(call);
	b->closed++;
}

static inline int keep(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	struct bench *b = userdata;

	(void)parameters;
	b->kept = varlink_call_ref(call);
	varlink_call_set_closed_callback(call, on_closed, b);
	return 0;
}

static inline int subscribe(struct varlink_call *call, struct json_object *parameters,
			    void *userdata)
{
	varlink_call_set_lossy(call);
	return keep(call, parameters, userdata);
}

static const struct varlink_method methods[] = {
	{"Echo", echo}, {"Count", count}, {"Poke", poke},     {"Fail", fail_inside},
	{"Deny", deny}, {"Keep", keep},	  {"Forget", forget}, {"Subscribe", subscribe},
};

static const struct varlink_interface interfaces[] = {
	{"org.example.test", "interface org.example.test\n", methods,
	 sizeof(methods) / sizeof(methods[0])},
};

static const struct varlink_info info = {"Example", "test", "7", "https://example.org/",
					 "org.example.test.Busy"};

static inline void start(struct bench *b, const struct varlink_limits *limits)
{
	assert_int_equal(varlink_server_new(b->event, interfaces, 1, &info, limits, b, &b->server),
			 0);
	assert_int_equal(varlink_server_listen(b->server, b->path, 0600, (gid_t)-1), 0);
}

static inline int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	snprintf(b->dir, sizeof(b->dir), "/tmp/varlink.XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->path, sizeof(b->path), "%s/socket", b->dir);
	assert_true(sd_event_new(&b->event) >= 0);
	log_set_level(-1); /* the tests provoke every complaint on purpose */
	*state = b;
	return 0;
}

static inline int teardown(void **state)
{
	struct bench *b = *state;
	struct stat st;

	varlink_server_free(b->server);
	varlink_call_unref(b->kept);
	assert_int_equal(lstat(b->path, &st), -1);
	assert_int_equal(rmdir(b->dir), 0);
	sd_event_unref(b->event);
	free(b);
	return 0;
}

/* ---- a client ---------------------------------------------------------------------------------
 */

/* Runs the loop until it has nothing to do. */
static inline void settle(struct bench *b)
{
	while (sd_event_run(b->event, 0) > 0)
		;
}

static inline int client(struct bench *b)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(addr.sun_path, b->path, strlen(b->path) + 1);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	settle(b);
	return fd;
}

static inline void put(struct bench *b, int fd, const char *text, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = send(fd, text + done, len - done, MSG_NOSIGNAL);

		if (n < 0) {
			assert_true(errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
			if (errno != EAGAIN)
				return;
			n = 0;
		}
		done += (size_t)n;
		assert_true(sd_event_run(b->event, 0) >= 0);
	}
	settle(b);
}

static inline void say(struct bench *b, int fd, const char *text)
{
	put(b, fd, text, strlen(text) + 1);
}

/* The next message, NULL at the end of the connection, "" if there is none now. */
static inline char *hear(struct bench *b, int fd)
{
	static char text[4 * 1024 * 1024];
	size_t len = 0;

	settle(b);
	for (;;) {
		ssize_t n = recv(fd, text + len, 1, 0);

		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return NULL;
		if (n < 0) {
			assert_int_equal(errno, EAGAIN);
			assert_int_equal(len, 0); /* a message comes whole in these tests */
			return (char *)"";
		}
		if (text[len++] == 0)
			return text;
		assert_true(len < sizeof(text));
		settle(b);
	}
}

static inline void expect(struct bench *b, int fd, const char *want)
{
	char *got = hear(b, fd);

	if (want)
		assert_string_equal(got ? got : "(closed)", want);
	else
		assert_null(got);
}

#define CALL(m)	     "{\"method\":\"org.example.test." m "\"}"
#define CALL_MORE(m) "{\"method\":\"org.example.test." m "\",\"more\":true}"
#define ECHO_HEAD    "{\"method\":\"org.example.test.Echo\",\"parameters\":{\"a\":\""
#define INVALID(what)                                                                        \
	"{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":" \
	"\"" what "\"}}"
#define EMPTY "{\"parameters\":{}}"

#endif
