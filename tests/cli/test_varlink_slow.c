/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Clients that do not read, or not enough: nobody else waits for them. */

#include <sys/resource.h>

#include "tests/cli/varlink_bench.h"

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

/* Memory is bounded over all clients, too: who has read nothing for longest has to go. */
static void slow_clients_share_a_limit(void **state)
{
	struct varlink_limits limits = {.queue_bytes = 1000000, .total_bytes = 1100000};
	struct varlink_stats stats;
	struct bench *b = *state;
	struct varlink_call *calls[2];
	int fds[2], seen = 0;

	start(b, &limits);
	for (int k = 0; k < 2; k++) {
		fds[k] = client(b);
		say(b, fds[k], CALL_MORE("Keep"));
		varlink_call_set_closed_callback(b->kept, NULL, NULL);
		calls[k] = b->kept;
		b->kept = NULL;
		for (int i = 0; i < 900; i++)
			assert_int_equal(varlink_reply_more(calls[k], numbered(i, 1000)), 0);
	}
	settle(b);
	varlink_server_get_stats(b->server, &stats);
	assert_int_equal(stats.cut, 1);
	assert_int_equal(stats.clients, 1);
	while (*hear(b, fds[1]))
		seen++;
	assert_int_equal(seen, 900);
	for (int k = 0; k < 2; k++) {
		varlink_call_unref(calls[k]);
		close(fds[k]);
	}
	settle(b);
}

/* So is what is kept of calls that are not whole: the largest has to go. */
static void half_calls_share_a_limit(void **state)
{
	struct varlink_limits limits = {.total_in = 300000};
	struct varlink_stats stats;
	static char half[100000];
	struct bench *b = *state;
	int fds[4];

	start(b, &limits);
	memset(half, ' ', sizeof(half));
	for (int i = 0; i < 4; i++) {
		fds[i] = client(b);
		put(b, fds[i], half, i == 1 ? sizeof(half) : 1000);
	}
	varlink_server_get_stats(b->server, &stats);
	assert_int_equal(stats.cut, 0);
	put(b, fds[2], half, sizeof(half));
	put(b, fds[3], half, sizeof(half));
	varlink_server_get_stats(b->server, &stats);
	assert_int_equal(stats.cut, 1);
	assert_int_equal(stats.clients, 3);
	say(b, fds[0], CALL("Poke"));
	expect(b, fds[0], EMPTY);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
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
	/* It is let go later. */
	assert_true(sd_event_run(b->event, UINT64_MAX) > 0);
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

static size_t ended_of(const int *fds, size_t n)
{
	size_t ended = 0;
	char text[256];

	for (size_t i = 0; i < n; i++) {
		while (recv(fds[i], text, sizeof(text), 0) > 0)
			;
		ended += recv(fds[i], text, 1, 0) == 0;
	}
	return ended;
}

/* Who was turned away is answered and then kept for a while, so that a crowd cannot be back at
 * once: but not with files that are wanted. */
static void turned_away_wait(void **state)
{
	struct varlink_limits limits = {.clients = 1};
	struct rlimit before, files;
	struct bench *b = *state;
	int first, crowd[20], n = sizeof(crowd) / sizeof(crowd[0]);

	start(b, &limits);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	files = before;
	files.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	first = client(b);
	for (int i = 0; i < n; i++)
		crowd[i] = client(b);
	assert_int_equal(ended_of(crowd, (size_t)n), n - 64 / 4);
	/* Not one more: those who wait have to go. */
	close(crowd[n - 1]);
	files.rlim_cur = (rlim_t)crowd[n - 1] + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	crowd[n - 1] = client(b);
	assert_int_equal(ended_of(crowd, (size_t)n - 1), n - 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	for (int i = 0; i < n; i++)
		close(crowd[i]);
	close(first);
}

static int client_of(struct bench *b, uid_t uid)
{
	int fd;

	assert_int_equal(seteuid(uid), 0); /* SO_PEERCRED is that of connect(2) */
	fd = client(b);
	assert_int_equal(seteuid(0), 0);
	return fd;
}

static bool is_connected(struct bench *b, int fd)
{
	say(b, fd, CALL("Poke"));
	return hear(b, fd) != NULL;
}

/* One user's connections do not keep others out: they make room, those first that wait for nothing.
 */
static void users_share_connections(void **state)
{
	struct varlink_limits limits = {.clients = 4};
	struct varlink_stats stats;
	struct bench *b = *state;
	int greedy[4], other[2], last;

	if (geteuid() != 0)
		skip();
	start(b, &limits);
	assert_int_equal(chmod(b->dir, 0711), 0);
	assert_int_equal(chmod(b->path, 0666), 0);
	for (int i = 0; i < 4; i++)
		greedy[i] = client_of(b, 4711);
	say(b, greedy[0], CALL_MORE("Keep"));
	for (int i = 0; i < 2; i++) {
		other[i] = client_of(b, 0);
		assert_true(is_connected(b, other[i]));
	}
	varlink_server_get_stats(b->server, &stats);
	assert_int_equal(stats.cut, 2);
	assert_int_equal(stats.clients, 4);
	/* Both have their half now. */
	last = client_of(b, 0);
	assert_non_null(strstr(hear(b, last), "org.example.test.Busy"));
	close(last);
	last = client_of(b, 4711);
	assert_non_null(strstr(hear(b, last), "org.example.test.Busy"));
	close(last);
	assert_null(hear(b, greedy[1]));
	assert_null(hear(b, greedy[2]));
	assert_true(is_connected(b, greedy[3]));
	assert_int_equal(b->closed, 0);
	for (int i = 0; i < 4; i++)
		close(greedy[i]);
	close(other[0]);
	close(other[1]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(slow_subscriber_loses_the_oldest),
		T(slow_client_is_cut),
		T(slow_clients_share_a_limit),
		T(half_calls_share_a_limit),
		T(not_reading_stops_calls),
		T(client_limit),
		T(turned_away_wait),
		T(users_share_connections),
	};

	return cmocka_run_group_tests_name("varlink_slow", tests, NULL, NULL);
}
