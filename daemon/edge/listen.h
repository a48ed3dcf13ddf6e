/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_LISTEN_H
#define NISVD_LISTEN_H

/* Where nisvd is asked. */

struct manager;

/*
 * Serves varlink on the socket that the service manager passed, else on one that is made at
 * options.socket_path for root and the group of [Socket] Group=; offline on stdin and stdout.
 * manager->server is set. 0 or -errno (logged).
 */
int listen_start(struct manager *manager);

#endif
