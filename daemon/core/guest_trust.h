/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_GUEST_TRUST_H
#define NISVD_GUEST_TRUST_H

/*
 * Whether what was found in a guest's memory is what the guest goes by. Its memory holds trees that
 * it never looks at: in its page cache are the files of its kernel's package, for a thousand
 * boards.
 */

#include "daemon/core/evidence.h"

#define GUEST_TRUST_REASON 128

/*
 * True where the guest's own view can be rested on. @ret_may_be_file: it is in no place where a VMM
 * puts a tree, but describes a VM like this one; or it is in one, and of another machine in a part.
 * False with why in @ret_reason.
 */
bool guest_trust(const struct evidence *evidence, bool *ret_may_be_file,
		 char ret_reason[GUEST_TRUST_REASON]);

#endif
