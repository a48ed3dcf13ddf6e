/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_DECODED_H
#define NISVCTL_DECODED_H

/* The reply of Decode as text. */

#include "cli/term.h"

void decoded_print(const struct options *options, struct json_object *reply);

#endif
