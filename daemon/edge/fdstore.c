/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/fdstore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/edge/log.h"

struct fdstore {
	char **names; /* owned, NULL-terminated, as the service manager passed them; or NULL */
	int *fds;     /* owned: -1 once it is dropped or handed over */
	int n;
	bool keeps;
};

struct fdstore *fdstore_new(void)
{
	struct fdstore *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	store->keeps = getenv("NOTIFY_SOCKET");
	/* The environment stays until then: it says whose these are. */
	store->n = sd_listen_fds_with_names(1, &store->names);
	if (store->n <= 0) {
		store->n = 0;
		return store;
	}
	store->fds = calloc((size_t)store->n, sizeof(*store->fds));
	if (!store->fds) {
		fdstore_free(store);
		return NULL;
	}
	for (int i = 0; i < store->n; i++)
		store->fds[i] = SD_LISTEN_FDS_START + i;
	return store;
}

void fdstore_free(struct fdstore *store)
{
	if (!store)
		return;
	for (int i = 0; store->fds && i < store->n; i++)
		if (store->fds[i] >= 0)
			close(store->fds[i]);
	for (int i = 0; store->names && store->names[i]; i++)
		free(store->names[i]);
	free(store->names);
	free(store->fds);
	free(store);
}

static bool is_listening(int fd)
{
	return sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) > 0;
}

int fdstore_socket(struct fdstore *store)
{
	int at = -1, fd;

	for (int i = 0; i < store->n; i++) {
		if (store->fds[i] < 0 || !is_listening(store->fds[i]))
			continue;
		if (at >= 0)
			return -EINVAL;
		at = i;
	}
	if (at < 0)
		return -ENOENT;
	fd = store->fds[at];
	store->fds[at] = -1;
	return fd;
}

static int find(const struct fdstore *store, const char *name)
{
	for (int i = 0; i < store->n; i++)
		if (store->fds[i] >= 0 && !strcmp(store->names[i], name) &&
		    !is_listening(store->fds[i]))
			return i;
	return -ENOENT;
}

int fdstore_find(const struct fdstore *store, const char *name)
{
	int at = find(store, name);

	return at < 0 ? at : store->fds[at];
}

bool fdstore_is_empty(const struct fdstore *store)
{
	for (int i = 0; i < store->n; i++)
		if (store->fds[i] >= 0 && !is_listening(store->fds[i]))
			return false;
	return true;
}

bool fdstore_keeps(const struct fdstore *store)
{
	return store->keeps;
}

/* FDPOLL=0: else it would drop a perf event, which polls as hung up (perf_poll()). */
int fdstore_put(struct fdstore *store, const char *name, int fd)
{
	char message[320];
	int r;

	if (!store->keeps)
		return 0;
	snprintf(message, sizeof(message), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	r = sd_pid_notify_with_fds(0, 0, message, &fd, 1);
	return r < 0 ? log_error_errno(r, "Cannot have %s kept over a restart", name) : 0;
}

void fdstore_drop(struct fdstore *store, const char *name)
{
	int at = find(store, name);

	if (store->keeps)
		sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
	if (at < 0)
		return;
	close(store->fds[at]);
	store->fds[at] = -1;
}

void fdstore_drop_all(struct fdstore *store)
{
	for (int i = 0; i < store->n; i++)
		if (store->fds[i] >= 0 && !is_listening(store->fds[i]))
			fdstore_drop(store, store->names[i]);
}
