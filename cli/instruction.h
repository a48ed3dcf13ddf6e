/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_INSTRUCTION_H
#define NISVCTL_INSTRUCTION_H

/* The instruction that a finding is about: where it is, with which registers, what is wrong with
 * it. */

#include "cli/context.h"

/* Nothing where @finding tells none of these. */
void instruction_print(const struct term *term, struct json_object *finding,
		       const struct context_names *names);

#endif
