/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_FUZZ_VIEW_H
#define NISVD_TESTS_FUZZ_VIEW_H

#include "daemon/core/guest.h"

/* What daemon/core/guest.h promises of a view, after a reader returned @r. */
void view_must_hold(const struct guest_view *view, int r);

#endif
