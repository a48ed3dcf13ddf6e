/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_TRANSPORT_H
#define NISVCTL_TRANSPORT_H

/* The ways to a nisvd: each gives one stream socket to speak varlink over. */

#include <sys/types.h>

#include "cli/cli.h"

struct transport {
	int fd;	    /* a stream socket, -1: none */
	pid_t pid;  /* the child at its other end, 0: none */
	int errors; /* a file with what the child wrote to standard error, -1: not kept */
	int status; /* of a child that ended, see transport_close() */
};

/* 0 or -errno; -ENAMETOOLONG where the socket's path is. */
int transport_socket(const struct options *options, struct transport *ret);

/* `ssh HOST nisvctl --bridge`. @again: without asking the user anything; what it says is kept. 0 or
 * -errno. */
int transport_ssh(const struct options *options, bool again, struct transport *ret);

/* `nisvd --offline`, with --replay for --file. 0 or -errno. */
int transport_offline(const struct options *options, struct transport *ret);

/*
 * Closes the socket and waits for the child. Returns its exit status (128 + N for signal N), 0
 * without a child; the same when it is closed again.
 */
int transport_close(struct transport *transport);

/* What a child said on standard error, from its last 4 KiB, to be freed; NULL: nothing. */
char *transport_errors(const struct transport *transport);

#endif
