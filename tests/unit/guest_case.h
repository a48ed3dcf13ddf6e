/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_GUEST_CASE_H
#define NISVD_TESTS_GUEST_CASE_H

/* One tree and what is read from it, for each test anew. */

#include "daemon/core/guest.h"
#include "tests/unit/tree.h"
#include "tests/unit/unit.h"

static struct tree tree;
static struct guest_view view;

static int setup(void **state)
{
	(void)state;
	memset(&tree, 0, sizeof(tree));
	/* Not zeroes: what is not set must be seen. */
	memset(&view, 0xff, sizeof(view));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	guest_view_clear(&view);
	return 0;
}

#endif
