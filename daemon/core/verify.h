/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_VERIFY_H
#define NISVD_VERIFY_H

/*
 * What will fail in a VM's memory map before it does: what the kernel maps, what backs it, what the
 * VMM emulates and what the guest believes, held against each other. Pure, as diagnose() is, and
 * with findings of the same shape, but without sites: nothing has happened yet. Silent on a healthy
 * VM: what is not known is not reported.
 */

#include "daemon/core/diagnose.h"

/* One check, done or not: an answer without findings says what it rests on. */
struct verify_check {
	const char *name; /* "the guest's memory is in memslots" (static) */
	bool done;
	char reason[128]; /* why not; "" */
};

#define VERIFY_CHECKS_MAX 24

/*
 * 0 or -ENOMEM, then with @ret untouched; @ret is cleared with findings_clear(). @ret_n_checks of
 * @checks are set: those that make sense on this architecture.
 */
int verify(const struct evidence *evidence, struct findings *ret,
	   struct verify_check checks[VERIFY_CHECKS_MAX], size_t *ret_n_checks);

#endif
