/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where the varlink server listens. */

#include "tests/cli/varlink_bench.h"

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
		T(stale_socket),   T(socket_in_use),  T(not_a_socket),
		T(adopted_socket), T(attached_pipes),
	};

	return cmocka_run_group_tests_name("varlink_socket", tests, NULL, NULL);
}
