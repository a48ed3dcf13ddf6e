/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an earlier daemon left in its ledger: replay_ledger(). What is written anew of it, as each
 * daemon does that has taken over, tells the next one the same; and every method answers from what
 * came of it. An input that begins with 'x' is of an x86-64 host, all others are of an arm64 one.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/edge/fdstore.h"
#include "daemon/edge/ledger.h"
#include "daemon/edge/replay.h"
#include "fuzz.h"
#include "talk.h"

#define ROUNDS 6

static struct manager *manager;
static struct host host;
static int notify_fd; /* the service manager's end */

/* Says that what is in the store is kept, in a socket that nobody else can name. */
static void keep_what_is_put(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(address);
	char name[sizeof(address.sun_path) + 1];

	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* The kernel chooses the name (unix(7), autobind). */
	MUST(notify_fd >= 0 &&
	     bind(notify_fd, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0 &&
	     getsockname(notify_fd, (struct sockaddr *)&address, &len) == 0);
	snprintf(name, sizeof(name), "@%.*s", (int)(len - sizeof(sa_family_t) - 1),
		 address.sun_path + 1);
	setenv("NOTIFY_SOCKET", name, 1);
	manager->store = fdstore_new();
	MUST(manager->store && fdstore_keeps(manager->store));
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	manager = talk_manager(NULL, 0);
	host = manager->host;
	keep_what_is_put();
	return 0;
}

/* The one that was put into the store since the last call. */
static int stored_ledger(void)
{
	char text[512], room[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {.iov_base = text, .iov_len = sizeof(text)};
	int fd = -1;

	for (;;) {
		struct msghdr message = {.msg_iov = &iov,
					 .msg_iovlen = 1,
					 .msg_control = room,
					 .msg_controllen = sizeof(room)};
		struct cmsghdr *header;

		if (recvmsg(notify_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
			break;
		header = CMSG_FIRSTHDR(&message);
		if (!header)
			continue;
		MUST(fd < 0);
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	}
	MUST(fd >= 0);
	return fd;
}

static void forget(void)
{
	/* As manager_free() does: what is forgotten then is not written to it. */
	manager->ledger = ledger_free(manager->ledger);
	vms_clear(&manager->vms);
	manager->forgotten = (struct nisv_vm_stat){};
	manager->restored = (struct nisv_rec_hdr){};
	manager->watching_ns = 0;
}

/* Those of fault maps are the times of writing. */
static void without_times(char *text)
{
	static const char begin[] = "{\"event\":\"sites\",\"time\":\"";

	while ((text = strstr(text, begin))) {
		text += strlen(begin);
		memset(text, 'x', strcspn(text, "\""));
	}
}

/* All that is known, without the header, which has the time, too: for free(). */
static char *write_anew(void)
{
	char *text, *lines;
	off_t size;
	int fd;

	ledger_open(manager, true);
	fd = stored_ledger();
	size = lseek(fd, 0, SEEK_END);
	text = calloc(1, (size_t)size + 1);
	MUST(text && pread(fd, text, (size_t)size, 0) == size);
	close(fd);
	lines = strchr(text, '\n');
	MUST(lines);
	lines = strdup(lines + 1);
	free(text);
	without_times(lines);
	return lines;
}

static void restore(const void *data, size_t size)
{
	int fd = memfd_create("ledger", MFD_CLOEXEC);
	uint64_t generation;

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	replay_ledger_generation(fd, &generation);
	MUST(replay_ledger(manager, fd) == 0);
	close(fd);
}

static void must_be_same(const char *first, const char *second)
{
	size_t at = 0;

	while (first[at] && first[at] == second[at])
		at++;
	if (first[at] != second[at])
		dprintf(STDERR_FILENO, "written: %.200s\nwritten again: %.200s\n", first + at,
			second + at);
	MUST(first[at] == second[at]);
}

/* Of what no daemon writes, some is put right, or cut to its length, in each of the first rounds.
 */
static void must_settle(char *lines)
{
	for (int round = 0; round < ROUNDS; round++) {
		char *text, *before = lines;

		MUST(asprintf(&text, "{}\n%s", before) > 0);
		restore(text, strlen(text));
		lines = write_anew();
		forget();
		if (round == ROUNDS - 1)
			must_be_same(before, lines);
		free(text);
		free(before);
	}
	free(lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool x86 = size && *data == 'x';
	char *lines;

	manager->host = host;
	manager->host.arch = x86 ? "x86_64" : "arm64";
	restore(data + x86, size - x86);
	/* As ledger_open() does: before any diagnosis. */
	lines = write_anew();
	talk_of_all(manager);
	forget();

	must_settle(lines);
	return 0;
}
