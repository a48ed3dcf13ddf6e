/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_FUZZ_TALK_H
#define NISVD_TESTS_FUZZ_TALK_H

/* A conversation with the whole server over a socket pair, client and daemon in one thread. */

#include <stdbool.h>
#include <stddef.h>

#include "daemon/edge/manager.h"

struct talk {
	struct manager *manager;
	sd_event *event;
	int fd; /* the client's end */
	char *text;
	size_t len, room; /* of what came, and is not yet checked */
	size_t replies;
};

/* A manager without a kernel, which knows the shipped machine maps and the VMs of @paths (as many
 * as @n). */
struct manager *talk_manager(const char *const paths[], size_t n);

/* @limits may be NULL. */
void talk_open(struct talk *talk, struct manager *manager, const struct varlink_limits *limits);

/* The daemon does what there is to do; the client does not read. */
void talk_run(struct talk *talk);

/* What the socket does not take, because the daemon does not read, is not sent. */
void talk_send(struct talk *talk, const void *data, size_t size);

/* Reads what there is. Each message must be an object, with parameters that are one. */
void talk_hear(struct talk *talk);

/* The client hangs up; the daemon forgets it. */
void talk_close(struct talk *talk);

/* A call of each method that there is, by VM @name (NULL: by none), each of which is answered. */
void talk_ask_all(struct talk *talk, const char *name);

/* Asks all methods in a conversation of its own, by no VM and by each, of which what its header
 * promises must hold. */
void talk_of_all(struct manager *manager);

#endif
