/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile nisvd: what a verb makes of its replies, from the socket to the printed line. The first
 * byte of an input chooses the verb, the second one its options; the rest is sent to whoever
 * connects. Nothing that a terminal would obey may be printed, and --json prints JSON.
 */
#include <json-c/json.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <wchar.h>

#include "cli/cli.h"
#include "fuzz.h"

static const struct {
	verb_run_t run;
	int argc;
	const char *argv[3];
} verbs[] = {
	{verb_list, 0, {NULL}},	   {verb_show, 1, {"web1"}},	{verb_map, 1, {"web1"}},
	{verb_explain, 0, {NULL}}, {verb_explain, 1, {"web1"}}, {verb_verify, 0, {NULL}},
	{verb_events, 0, {NULL}},  {verb_events, 1, {"web1"}},	{verb_decode, 1, {"0x92000007"}},
	{verb_status, 0, {NULL}},  {verb_metrics, 0, {NULL}},	{verb_export, 1, {"web1"}},
};

static int listener, stop, output;
static struct input replies;

int LLVMFuzzerInitialize(int *argc, char ***argv);

/* An abstract address would not do: the option is a path. */
static void listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	MUST(listener >= 0);
	MUST(bind(listener, (const struct sockaddr *)&address, sizeof(address)) == 0);
	MUST(listen(listener, 8) == 0);
}

static char path[64];

static void remove_socket(void)
{
	unlink(path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	setlocale(LC_ALL, "C.UTF-8");
	setenv("TZ", "UTC", 1);
	snprintf(path, sizeof(path), "/tmp/nisvd-fuzz.%d", (int)getpid());
	listen_at(path);
	atexit(remove_socket);
	stop = eventfd(0, EFD_CLOEXEC);
	output = memfd_create("output", MFD_CLOEXEC);
	MUST(stop >= 0 && output >= 0);
	return 0;
}

static void answer(int fd)
{
	struct input rest = replies;
	char asked[4096];

	while (rest.size) {
		ssize_t n = send(fd, rest.data, rest.size, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		rest.data += n;
		rest.size -= (size_t)n;
	}
	shutdown(fd, SHUT_WR);
	while (recv(fd, asked, sizeof(asked), 0) > 0)
		;
	close(fd);
}

static void *serve(void *userdata)
{
	struct pollfd fds[] = {{.fd = listener, .events = POLLIN}, {.fd = stop, .events = POLLIN}};

	(void)userdata;
	for (;;) {
		MUST(poll(fds, 2, -1) > 0);
		if (fds[1].revents)
			return NULL;
		answer(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	}
}

/* As tests/cli/hostile.sh has it: no control but newline and tab, no C1, nothing that turns text
 * around, UTF-8. */
static void text_must_hold(const char *text, size_t len)
{
	static const char *const harmful[] = {"\xe2\x80\xa8", "\xe2\x80\xae", "\xe2\x81\xa6",
					      "\xe2\x80\x8e"};
	mbstate_t state = {};
	wchar_t c;

	for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++)
		MUST(!memmem(text, len, harmful[i], strlen(harmful[i])));
	for (size_t at = 0, n; at < len; at += n) {
		n = mbrtowc(&c, text + at, len - at, &state);
		MUST(n > 0 && n <= 4);
		MUST(c == '\n' || c == '\t' || (c >= ' ' && (c < 0x7f || c >= 0xa0)));
	}
}

static void json_must_hold(const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(64);
	size_t at = 0;

	MUST(tokener);
	while (at < len) {
		struct json_object *o = json_tokener_parse_ex(tokener, text + at, (int)(len - at));

		MUST(json_tokener_get_error(tokener) == json_tokener_success);
		at += json_tokener_get_parse_end(tokener);
		at += strspn(text + at, "\n");
		json_object_put(o);
	}
	json_tokener_free(tokener);
}

static void output_must_hold(bool is_json)
{
	off_t len = lseek(output, 0, SEEK_END);
	char *text = calloc(1, (size_t)len + 1);

	MUST(text && pread(output, text, (size_t)len, 0) == len);
	text_must_hold(text, (size_t)len);
	if (is_json)
		json_must_hold(text, (size_t)len);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options options = {.socket = path, .no_pager = true};
	uint64_t one = 1;
	pthread_t thread;
	uint8_t verb, how;
	FILE *old_stdout = stdout, *old_stderr = stderr;
	int status;

	replies = (struct input){data, size};
	verb = input_byte(&replies) % (sizeof(verbs) / sizeof(verbs[0]));
	how = input_byte(&replies);
	options.json = how & 1 ? how & 2 ? JSON_PRETTY : JSON_SHORT : JSON_OFF;
	options.quiet = how & 4;
	options.no_legend = how & 8;
	options.all = how & 16;
	options.verbose = how & 32;
	options.redact = how & 64;
	options.exit_code = how & 128;
	MUST(ftruncate(output, 0) == 0);
	stdout = fdopen(dup(output), "a");
	stderr = how & 1 ? fopen("/dev/null", "we") : fdopen(dup(output), "a");
	MUST(stdout && stderr);
	MUST(pthread_create(&thread, NULL, serve, NULL) == 0);
	status = verbs[verb].run(&options, verbs[verb].argc, (char **)verbs[verb].argv);
	MUST(write(stop, &one, sizeof(one)) == sizeof(one));
	MUST(pthread_join(thread, NULL) == 0);
	MUST(read(stop, &one, sizeof(one)) == sizeof(one));
	fclose(stdout);
	fclose(stderr);
	stdout = old_stdout;
	stderr = old_stderr;
	MUST(status >= NISV_EXIT_OK && status <= NISV_EXIT_FINDINGS);
	output_must_hold(how & 1);
	return 0;
}
