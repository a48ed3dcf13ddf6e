/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_ACCESS_H
#define NISVD_ACCESS_H

/*
 * Who may ask: root, nisvd's own user, and the members of [Socket] Group=. The mode of the socket
 * keeps others out already, unless an administrator has widened it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct manager;
struct ucred;

struct access {
	gid_t group; /* whose members may ask; (gid_t)-1: nobody's */
	/* What is logged of those who may not: so many in the minute that began then. */
	uint64_t minute_ns;
	unsigned int told, untold;
};

/* Looks up [Socket] Group=, at the start and when the configuration has changed. */
void access_set_group(struct manager *manager);

/* Warns where the socket @fd, which the service manager made, is for another group than ours. */
void access_check_socket(const struct manager *manager, int fd);

/*
 * A varlink_access_t; @userdata is the manager. The peer's user, group and further groups are those
 * of its connect(2) (SO_PEERCRED, SO_PEERGROUPS of unix(7)). Who may not ask is told to the journal
 * with uid, gid, pid and comm: ten a minute, and how many there were beside.
 */
bool access_is_granted(int fd, const struct ucred *peer, void *userdata);

#endif
