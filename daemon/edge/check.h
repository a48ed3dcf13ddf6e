/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CHECK_H
#define NISVD_CHECK_H

#include "daemon/edge/config.h"

enum check_format {
	CHECK_TEXT,
	CHECK_JSON_PRETTY,
	CHECK_JSON_SHORT, /* one line */
};

/*
 * nisvd --check: attaches everything for a moment and prints each source, what it gives, and what
 * is lost without it and how to get it. Returns the exit status: 0 every kind of fault of this
 * architecture can be seen, 1 some cannot, 2 nisvd cannot work here.
 */
int check_run(const struct config *config, enum check_format format);

#endif
