/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_CLIENT_INTERNAL_H
#define NISVCTL_CLIENT_INTERNAL_H

/* A conversation, for client.c, which opens and ends it, and client_talk.c. */

#include "cli/client.h"
#include "cli/transport.h"

struct client {
	const struct options *options;
	struct transport transport;
	bool offline; /* the child is `nisvd --offline` */
	bool failed;  /* the child's own words were told with an error, or are not to be told */
	bool again;   /* by ssh, in place of one that was lost */
	bool heard;   /* the other side has spoken */
	char *buffer; /* [start, end) was read and not yet understood */
	bool raw;     /* replies are kept as they came */
	bool watch_output; /* see client_watch_output() */
	bool allow_gone;   /* see client_allow_gone() */
	size_t size, start, end;
};

#endif
