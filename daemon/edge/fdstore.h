/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_FDSTORE_H
#define NISVD_FDSTORE_H

/*
 * File descriptors that outlive the daemon: the service manager's fd store (sd_notify(3), FDSTORE=;
 * systemd.service(5), FileDescriptorStoreMax=). It gives them back when it starts the service
 * again, after a crash or in "systemctl restart", and closes them when the service is stopped: then
 * nothing stays attached. Without a service manager nothing is kept.
 */

#include <stdbool.h>

struct fdstore;

/* Takes what the service manager passed. NULL: out of memory. */
struct fdstore *fdstore_new(void);

/* Closes this process's copies, but for those of fdstore_put(); what is stored stays so. NULL is
 * fine. */
void fdstore_free(struct fdstore *store);

/* The listening socket that was passed along, owned by the caller; -ENOENT: none was, -EINVAL: more
 * than one. */
int fdstore_socket(struct fdstore *store);

/* One that was stored before, by its name: borrowed, or -ENOENT. */
int fdstore_find(const struct fdstore *store, const char *name);

/* Is there anything that was stored before? */
bool fdstore_is_empty(const struct fdstore *store);

/* Is there a service manager to keep what is put? It may be one without a store. */
bool fdstore_keeps(const struct fdstore *store);

/*
 * Asks the service manager to keep @fd, which stays the caller's, under @name: letters, digits and
 * "-_." of which no more than 250. 0, also without one; -errno, which is logged: it was not asked.
 */
int fdstore_put(struct fdstore *store, const char *name, int fd);

/* No longer: the one of this name, or all of them. */
void fdstore_drop(struct fdstore *store, const char *name);
void fdstore_drop_all(struct fdstore *store);

#endif
