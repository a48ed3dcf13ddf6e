/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_GLOSSARY_H
#define NISVCTL_GLOSSARY_H

/* --verbose: what the terms mean that an answer uses. nisvctl(1) has them all, in section TERMS. */

#include <json-c/json.h>

#include "cli/term.h"

/* Prints the meaning of every known term in the strings of @reply, which may be NULL. */
void glossary_print(const struct term *term, struct json_object *reply);

#endif
