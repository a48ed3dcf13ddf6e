/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the varlink server takes for a call, and how it answers. */

#include "tests/cli/varlink_bench.h"

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
	};

	return cmocka_run_group_tests_name("varlink", tests, NULL, NULL);
}
