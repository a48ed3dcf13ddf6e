/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The varlink server over real sockets. Server and clients share one thread: a client writes, the
 * event loop runs until the expected answer is there (or, where nothing may come, until the loop
 * has nothing left to do), the client reads. No test waits for a clock but the half-message one.
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

static int echo(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	(void)userdata;
	return varlink_reply(call, json_object_get(parameters));
}

static int count(struct varlink_call *call, struct json_object *parameters, void *userdata)
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

static int poke(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	struct bench *b = userdata;

	(void)parameters;
	b->pokes++;
	assert_int_equal(varlink_reply_more(call, NULL), -EINVAL);
	return varlink_reply(call, NULL);
}

static int fail_inside(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	(void)call, (void)parameters, (void)userdata;
	return -ENOMEM;
}

static int forget(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	(void)call, (void)parameters, (void)userdata;
	return 0;
}

static int deny(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	(void)parameters, (void)userdata;
	return varlink_error(call, VARLINK_ERROR_PERMISSION_DENIED, NULL);
}

static void on_closed(struct varlink_call *call, void *userdata)
{
	struct bench *b = userdata;

	assert_ptr_equal(call, b->kept);
	b->kept = varlink_call_unref(call);
	b->closed++;
}

static int keep(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	struct bench *b = userdata;

	(void)parameters;
	b->kept = varlink_call_ref(call);
	varlink_call_set_closed_callback(call, on_closed, b);
	return 0;
}

static int subscribe(struct varlink_call *call, struct json_object *parameters, void *userdata)
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

static void start(struct bench *b, const struct varlink_limits *limits)
{
	assert_int_equal(varlink_server_new(b->event, interfaces, 1, &info, limits, b, &b->server),
			 0);
	assert_int_equal(varlink_server_listen(b->server, b->path, 0600, (gid_t)-1), 0);
}

static int setup(void **state)
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

static int teardown(void **state)
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
static void settle(struct bench *b)
{
	while (sd_event_run(b->event, 0) > 0)
		;
}

static int client(struct bench *b)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(addr.sun_path, b->path, strlen(b->path) + 1);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	settle(b);
	return fd;
}

static void put(struct bench *b, int fd, const char *text, size_t len)
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

static void say(struct bench *b, int fd, const char *text)
{
	put(b, fd, text, strlen(text) + 1);
}

/* The next message, NULL at the end of the connection, "" if there is none now. */
static char *hear(struct bench *b, int fd)
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

static void expect(struct bench *b, int fd, const char *want)
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

/* ---- framing ----------------------------------------------------------------------------------
 */

static void byte_by_byte(void **state)
{
	static const char text[] =
		"{\"method\":\"org.example.test.Echo\",\"parameters\":{\"a\":[1,\"\xc3\xa9\"]}}";
	struct bench *b = *state;
	int fd;

	start(b, NULL);
	fd = client(b);
	for (size_t i = 0; i < sizeof(text); i++) {
		assert_string_equal(hear(b, fd), "");
		put(b, fd, text + i, 1);
	}
	expect(b, fd, "{\"parameters\":{\"a\":[1,\"\xc3\xa9\"]}}");
	close(fd);
}

static void pipelined(void **state)
{
	static const char text[] =
		"{\"method\":\"org.example.test.Echo\",\"parameters\":{\"n\":1}}\0"
		"{\"method\":\"org.example.test.Count\",\"more\":true}\0"
		"{\"method\":\"org.example.test.Echo\",\"parameters\":{\"n\":2}}";
	struct bench *b = *state;
	int fd;

	start(b, NULL);
	fd = client(b);
	put(b, fd, text, sizeof(text));
	expect(b, fd, "{\"parameters\":{\"n\":1}}");
	expect(b, fd, "{\"parameters\":{\"n\":0},\"continues\":true}");
	expect(b, fd, "{\"parameters\":{\"n\":1},\"continues\":true}");
	expect(b, fd, "{\"parameters\":{\"n\":2}}");
	expect(b, fd, "{\"parameters\":{\"n\":2}}");
	assert_string_equal(hear(b, fd), "");
	close(fd);
}

/* More calls than are taken in one wake, and all before the client hangs up. */
static void oneway_is_silent(void **state)
{
	struct bench *b = *state;
	char text[100 * 64];
	size_t len = 0;
	int fd;

	start(b, NULL);
	fd = client(b);
	for (int i = 0; i < 100; i++)
		len += (size_t)sprintf(text + len,
				       "{\"method\":\"org.example.test.%s\",\"oneway\":true}",
				       i ? "Poke" : "Nope") +
		       1;
	put(b, fd, text, len);
	assert_string_equal(hear(b, fd), "");
	assert_int_equal(b->pokes, 99);
	assert_int_equal(send(fd, text, len, 0), (ssize_t)len);
	close(fd);
	settle(b);
	assert_int_equal(b->pokes, 198);
}

static void last_call_before_shutdown(void **state)
{
	struct bench *b = *state;
	int fd;

	start(b, NULL);
	fd = client(b);
	assert_int_equal(send(fd, CALL("Poke"), sizeof(CALL("Poke")), 0), sizeof(CALL("Poke")));
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	expect(b, fd, EMPTY);
	expect(b, fd, NULL);
	close(fd);
}

static void half_message_times_out(void **state)
{
	struct varlink_limits limits = {.half_usec = 1000};
	struct varlink_stats stats;
	struct bench *b = *state;
	int fd;

	start(b, &limits);
	fd = client(b);
	say(b, fd, CALL("Poke"));
	expect(b, fd, EMPTY);
	put(b, fd, "{\"meth", 6);
	varlink_server_get_stats(b->server, &stats);
	while (stats.clients) {
		assert_true(sd_event_run(b->event, UINT64_MAX) >= 0);
		varlink_server_get_stats(b->server, &stats);
	}
	assert_int_equal(stats.cut, 1);
	expect(b, fd, NULL);
	close(fd);
}

static void too_large(void **state)
{
	struct varlink_limits limits = {.message_in = 9000, .message_out = 300};
	struct bench *b = *state;
	static char text[20000];
	int fd;

	start(b, &limits);
	/* One byte too many; then a message of just the limit. */
	for (size_t len = 9001; len >= 9000; len--) {
		memset(text, ' ', sizeof(text));
		memcpy(text, CALL("Poke"), strlen(CALL("Poke")));
		text[len - 1] = 0;
		fd = client(b);
		put(b, fd, text, len);
		expect(b, fd, len > 9000 ? INVALID("message") : EMPTY);
		if (len > 9000)
			expect(b, fd, NULL);
		close(fd);
	}
	/* A reply that may not be sent is an error of the service, not a lost connection. */
	fd = client(b);
	memset(text, 'x', sizeof(text));
	memcpy(text, ECHO_HEAD, strlen(ECHO_HEAD));
	strcpy(text + 400, "\"}}");
	say(b, fd, text);
	assert_non_null(strstr(hear(b, fd), "org.example.test.Busy"));
	close(fd);
}

static void malformed(void **state)
{
	static const struct {
		const char *text, *member;
	} bad[] = {
		{"", "message"},
		{"hello", "message"},
		{"[]", "message"},
		{"{\"method\":\"a.B\"", "message"},
		{"{\"method\":\"a.B\"}x", "message"},
		{"{\"method\":\"a.\xff\xfe\"}", "message"},
		{"{\"method\":\"a.\xc0\xaf\"}", "message"},
		{"{\"method\":\"a.\xed\xa0\x80\"}", "message"},
		{"{\"method\":\"a.\xf4\x90\x80\x80\"}", "message"},
		{"{\"method\":\"a.\xe2\x82", "message"},
		{"{\"method\":\"org.example.test.Echo\\u0000\"}", "message"},
		{"{\"method\":\"a.B\",\"parameters\":{\"vm\":\"x\\u0000y\"}}", "message"},
		{"{}", "method"},
		{"{\"method\":null}", "method"},
		{"{\"method\":7}", "method"},
		{"{\"method\":\"a.B\",\"parameters\":[]}", "parameters"},
		{"{\"method\":\"a.B\",\"more\":1}", "more"},
		{"{\"method\":\"a.B\",\"oneway\":\"yes\"}", "oneway"},
		{"{\"method\":\"a.B\",\"oneway\":true,\"more\":true}", "oneway"},
		{"{\"method\":\"a.B\",\"upgrade\":1}", "upgrade"},
	};
	struct varlink_stats stats;
	struct bench *b = *state;
	char want[128];

	start(b, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int fd = client(b);

		/* What follows a message that is not understood is never executed. */
		assert_true(send(fd, bad[i].text, strlen(bad[i].text) + 1, 0) > 0);
		say(b, fd, CALL("Poke"));
		snprintf(want, sizeof(want), INVALID("%s"), bad[i].member);
		expect(b, fd, want);
		expect(b, fd, NULL);
		close(fd);
	}
	assert_int_equal(b->pokes, 0);
	varlink_server_get_stats(b->server, &stats);
	assert_int_equal(stats.cut, sizeof(bad) / sizeof(bad[0]));
	assert_int_equal(stats.clients, 0);
}

static void deep_nesting(void **state)
{
	struct bench *b = *state;
	char text[100000];
	size_t n = 0;
	int fd;

	start(b, NULL);
	n = (size_t)sprintf(text, "{\"method\":\"org.example.test.Echo\",\"parameters\":{\"a\":");
	memset(text + n, '[', 40000);
	memset(text + n + 40000, ']', 40000);
	strcpy(text + n + 80000, "}}");
	fd = client(b);
	say(b, fd, text);
	expect(b, fd, INVALID("message"));
	close(fd);
	strcpy(text + n, "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}}");
	fd = client(b);
	say(b, fd, text);
	expect(b, fd, "{\"parameters\":{\"a\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}}");
	close(fd);
}

/* ---- dispatch ---------------------------------------------------------------------------------
 */

static void errors(void **state)
{
	static const char *const pairs[][2] = {
		{"{\"method\":\"org.example.nope.Echo\"}",
		 "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{"
		 "\"interface\":\"org.example.nope\"}}"},
		{"{\"method\":\"org.example.tes.Echo\"}",
		 "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{"
		 "\"interface\":\"org.example.tes\"}}"},
		{CALL("Nope"), "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{"
			       "\"method\":\"org.example.test.Nope\"}}"},
		{"{\"method\":\"org.example.test.Poke\",\"upgrade\":true}",
		 "{\"error\":\"org.varlink.service.MethodNotImplemented\",\"parameters\":{"
		 "\"method\":\"org.example.test.Poke\"}}"},
		{"{\"method\":\"Echo\"}", INVALID("method")},
		{CALL("Count"),
		 "{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}"},
		{CALL("Deny"),
		 "{\"error\":\"org.varlink.service.PermissionDenied\",\"parameters\":{}}"},
		{"{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{"
		 "\"interface\":\"x.y\"}}",
		 "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{"
		 "\"interface\":\"x.y\"}}"},
		{"{\"method\":\"org.varlink.service.GetInterfaceDescription\"}",
		 INVALID("interface")},
		{"{\"method\":\"org.varlink.service.GetInfo\",\"parameters\":{\"a\":1}}",
		 INVALID("a")},
		{"{\"method\":\"org.varlink.service.GetInfo\"}",
		 "{\"parameters\":{\"vendor\":\"Example\",\"product\":\"test\",\"version\":\"7\","
		 "\"url\":\"https://example.org/\",\"interfaces\":[\"org.varlink.service\","
		 "\"org.example.test\"]}}"},
		{"{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{"
		 "\"interface\":\"org.example.test\"}}",
		 "{\"parameters\":{\"description\":\"interface org.example.test\\n\"}}"},
		{"{\"method\":\"org.example.test.Poke\",\"parameters\":null}", EMPTY},
	};
	struct bench *b = *state;
	int fd;

	start(b, NULL);
	fd = client(b);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		say(b, fd, pairs[i][0]);
		expect(b, fd, pairs[i][1]);
	}
	say(b, fd, CALL("Fail"));
	assert_non_null(strstr(hear(b, fd), "org.example.test.Busy"));
	say(b, fd, CALL("Forget"));
	assert_non_null(strstr(hear(b, fd), "org.example.test.Busy"));
	close(fd);
}

static void answered_later(void **state)
{
	struct bench *b = *state;
	int fd;

	start(b, NULL);
	fd = client(b);
	say(b, fd, CALL("Keep"));
	say(b, fd, CALL("Poke")); /* waits for its turn */
	assert_string_equal(hear(b, fd), "");
	assert_int_equal(b->pokes, 0);
	assert_int_equal(varlink_call_peer(b->kept).pid, getpid());
	assert_int_equal(varlink_reply(b->kept, NULL), 0);
	expect(b, fd, EMPTY);
	expect(b, fd, EMPTY);
	assert_int_equal(b->pokes, 1);
	close(fd);
	settle(b);
	assert_int_equal(b->closed, 0); /* it was answered */
}

static void client_leaves(void **state)
{
	struct bench *b = *state;
	int fd;

	start(b, NULL);
	fd = client(b);
	say(b, fd, CALL_MORE("Keep"));
	close(fd);
	/* An answer to nobody is an error at once or at the next; the callback runs from the loop.
	 */
	varlink_reply_more(b->kept, NULL);
	assert_int_equal(b->closed, 0);
	assert_int_equal(varlink_reply_more(b->kept, NULL), -ENOTCONN);
	settle(b);
	assert_int_equal(b->closed, 1);
	assert_null(b->kept);
	fd = client(b);
	say(b, fd, CALL("Keep"));
	b->server = varlink_server_free(b->server);
	assert_int_equal(b->closed, 2);
	expect(b, fd, NULL);
	close(fd);
}

/* A subscription that the service ends is no error to the client, and loses nothing. */
static void subscription_ends(void **state)
{
	struct bench *b = *state;
	int fd;

	start(b, NULL);
	fd = client(b);
	say(b, fd, CALL_MORE("Subscribe"));
	assert_int_equal(varlink_reply_more(b->kept, NULL), 0);
	varlink_call_set_closed_callback(b->kept, NULL, NULL);
	b->kept = varlink_call_unref(b->kept);
	expect(b, fd, "{\"parameters\":{},\"continues\":true}");
	expect(b, fd, NULL);
	close(fd);
}

/* ---- slow clients -----------------------------------------------------------------------------
 */

static struct json_object *numbered(int n, size_t padding)
{
	struct json_object *o = json_object_new_object();
	char *pad = calloc(1, padding + 1);

	memset(pad, 'x', padding);
	json_object_object_add(o, "n", json_object_new_int(n));
	json_object_object_add(o, "pad", json_object_new_string(pad));
	free(pad);
	return o;
}

static void slow_subscriber_loses_the_oldest(void **state)
{
	struct varlink_limits limits = {.queue_bytes = 50000};
	struct varlink_stats stats;
	struct bench *b = *state;
	int fd, other, last = -1, seen = 0;
	const int sent = 2000;
	uint64_t dropped;

	start(b, &limits);
	fd = client(b);
	say(b, fd, CALL_MORE("Subscribe"));
	for (int i = 0; i < sent; i++)
		assert_int_equal(varlink_reply_more(b->kept, numbered(i, 1000)), 0);
	dropped = varlink_call_dropped(b->kept);
	assert_true(dropped > 0);
	other = client(b); /* nobody else is delayed */
	say(b, other, CALL("Poke"));
	expect(b, other, EMPTY);
	close(other);
	for (char *text; *(text = hear(b, fd));) {
		struct json_object *o = json_tokener_parse(text), *p;
		int n;

		assert_non_null(o);
		assert_true(json_object_object_get_ex(o, "parameters", &p));
		n = json_object_get_int(json_object_object_get(p, "n"));
		assert_true(n > last);
		last = n;
		seen++;
		json_object_put(o);
	}
	assert_int_equal(last, sent - 1);
	assert_int_equal((uint64_t)seen + dropped, sent);
	varlink_server_get_stats(b->server, &stats);
	assert_int_equal(stats.dropped, dropped);
	assert_int_equal(stats.cut, 0);
	close(fd);
	settle(b);
	assert_int_equal(b->closed, 1);
}

static void slow_client_is_cut(void **state)
{
	struct varlink_limits limits = {.queue_bytes = 50000};
	struct varlink_stats stats;
	struct bench *b = *state;
	int fd, r = 0;

	start(b, &limits);
	fd = client(b);
	say(b, fd, CALL_MORE("Keep"));
	for (int i = 0; i < 2000 && r == 0; i++)
		r = varlink_reply_more(b->kept, numbered(i, 1000));
	assert_int_equal(r, -ENOBUFS);
	settle(b);
	varlink_server_get_stats(b->server, &stats);
	assert_int_equal(stats.cut, 1);
	assert_int_equal(stats.clients, 0);
	assert_int_equal(b->closed, 1);
	close(fd);
}

/* Memory is bounded over all clients, too. */
static void slow_clients_share_a_limit(void **state)
{
	struct varlink_limits limits = {.queue_bytes = 1000000, .total_bytes = 1100000};
	struct bench *b = *state;
	struct varlink_call *calls[2];
	int fds[2], r = 0;

	start(b, &limits);
	for (int k = 0; k < 2; k++) {
		fds[k] = client(b);
		say(b, fds[k], CALL_MORE("Keep"));
		varlink_call_set_closed_callback(b->kept, NULL, NULL);
		calls[k] = b->kept;
		b->kept = NULL;
		for (int i = 0; i < (k ? 5000 : 900) && r == 0; i++)
			r = varlink_reply_more(calls[k], numbered(i, 1000));
		assert_int_equal(r, k ? -ENOBUFS : 0);
	}
	for (int k = 0; k < 2; k++) {
		varlink_call_unref(calls[k]);
		close(fds[k]);
	}
	settle(b);
}

static void not_reading_stops_calls(void **state)
{
	struct bench *b = *state;
	static char text[60000];
	int fd, asked = 0, answered = 0;
	char *got;

	start(b, NULL);
	fd = client(b);
	memset(text, 'x', sizeof(text));
	memcpy(text, ECHO_HEAD, strlen(ECHO_HEAD));
	strcpy(text + sizeof(text) - 4, "\"}}");
	/* Whole messages until the server stops taking them: its memory stays one reply. */
	for (size_t at = 0;;) {
		ssize_t n = send(fd, text + at, sizeof(text) - at, MSG_NOSIGNAL);

		if (n < 0) {
			assert_int_equal(errno, EAGAIN);
			settle(b);
			n = send(fd, text + at, sizeof(text) - at, MSG_NOSIGNAL);
			if (n < 0)
				break;
		}
		at += (size_t)n;
		if (at == sizeof(text)) {
			at = 0;
			asked++;
		}
		assert_true(asked < 1000);
	}
	while ((got = hear(b, fd)) && *got)
		answered++;
	assert_int_equal(answered, asked);
	close(fd);
}

static void client_limit(void **state)
{
	struct varlink_limits limits = {.clients = 3};
	struct varlink_stats stats;
	struct bench *b = *state;
	int fds[3], fd;

	start(b, &limits);
	for (int i = 0; i < 3; i++)
		fds[i] = client(b);
	fd = client(b);
	say(b, fd, CALL("Poke"));
	assert_non_null(strstr(hear(b, fd), "org.example.test.Busy"));
	expect(b, fd, NULL);
	close(fd);
	assert_int_equal(b->pokes, 0);
	varlink_server_get_stats(b->server, &stats);
	assert_int_equal(stats.rejected, 1);
	assert_int_equal(stats.clients, 3);
	close(fds[0]);
	settle(b);
	fd = client(b);
	say(b, fd, CALL("Poke"));
	expect(b, fd, EMPTY);
	close(fd);
	close(fds[1]);
	close(fds[2]);
}

/* ---- sockets ----------------------------------------------------------------------------------
 */

static void stale_socket(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct bench *b = *state;
	struct stat st;
	mode_t mask = umask(0);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path, b->path, strlen(b->path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	close(fd);
	start(b, NULL);
	assert_int_equal(lstat(b->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(umask(mask), 0);
	fd = client(b);
	say(b, fd, CALL("Poke"));
	expect(b, fd, EMPTY);
	close(fd);
}

static void socket_in_use(void **state)
{
	struct varlink_server *second;
	struct bench *b = *state;
	char *path = b->path;
	struct stat st;
	int fd;

	start(b, NULL);
	assert_int_equal(varlink_server_new(b->event, interfaces, 1, &info, NULL, b, &second), 0);
	assert_int_equal(varlink_server_listen(second, path, 0600, (gid_t)-1), -EADDRINUSE);
	varlink_server_free(second);
	assert_int_equal(lstat(path, &st), 0); /* the first still owns it */
	fd = client(b);
	say(b, fd, CALL("Poke"));
	expect(b, fd, EMPTY);
	close(fd);
}

static void not_a_socket(void **state)
{
	struct bench *b = *state;
	char path[200];
	int fd;

	fd = open(b->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(varlink_server_new(b->event, interfaces, 1, &info, NULL, b, &b->server),
			 0);
	assert_int_equal(varlink_server_listen(b->server, b->path, 0600, (gid_t)-1), -EEXIST);
	assert_int_equal(unlink(b->path), 0);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	assert_int_equal(varlink_server_listen(b->server, path, 0600, (gid_t)-1), -ENAMETOOLONG);
	assert_int_equal(varlink_server_listen(b->server, "/nonexistent/socket", 0600, (gid_t)-1),
			 -ENOENT);
}

static void adopted_socket(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct bench *b = *state;
	struct stat st;
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	memcpy(addr.sun_path, b->path, strlen(b->path) + 1);
	assert_int_equal(bind(listening, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listening, 5), 0);
	assert_int_equal(varlink_server_new(b->event, interfaces, 1, &info, NULL, b, &b->server),
			 0);
	assert_int_equal(varlink_server_adopt_listen(b->server, listening), 0);
	fd = client(b);
	say(b, fd, CALL("Poke"));
	expect(b, fd, EMPTY);
	close(fd);
	b->server = varlink_server_free(b->server);
	assert_int_equal(lstat(b->path, &st), 0); /* not ours to remove */
	assert_int_equal(unlink(b->path), 0);
}

/* `nisvd --offline`: a child on two pipes, which ends when its client does. */
static void attached_pipes(void **state)
{
	struct bench *b = *state;
	int to[2], from[2], status;
	char text[64];
	size_t len = 0;
	pid_t pid;

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct varlink_server *server;
		sd_event *event;

		close(to[1]);
		close(from[0]);
		if (sd_event_new(&event) < 0 ||
		    varlink_server_new(event, interfaces, 1, &info, NULL, b, &server) < 0 ||
		    varlink_server_attach(server, to[0], from[1]) < 0)
			_exit(1);
		_exit(sd_event_loop(event) == 0 ? 7 : 1);
	}
	close(to[0]);
	close(from[1]);
	assert_int_equal(write(to[1], CALL("Poke"), sizeof(CALL("Poke"))), sizeof(CALL("Poke")));
	do {
		assert_int_equal(read(from[0], text + len, 1), 1);
	} while (text[len++]);
	assert_string_equal(text, EMPTY);
	close(to[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	close(from[0]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(byte_by_byte),
		T(pipelined),
		T(oneway_is_silent),
		T(last_call_before_shutdown),
		T(half_message_times_out),
		T(too_large),
		T(malformed),
		T(deep_nesting),
		T(errors),
		T(answered_later),
		T(client_leaves),
		T(subscription_ends),
		T(slow_subscriber_loses_the_oldest),
		T(slow_client_is_cut),
		T(slow_clients_share_a_limit),
		T(not_reading_stops_calls),
		T(client_limit),
		T(stale_socket),
		T(socket_in_use),
		T(not_a_socket),
		T(adopted_socket),
		T(attached_pipes),
	};

	return cmocka_run_group_tests_name("varlink", tests, NULL, NULL);
}
