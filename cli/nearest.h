/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_NEAREST_H
#define NISVCTL_NEAREST_H

/* What somebody meant who mistyped it. */

#include <stddef.h>

/* The one of @n @words that @word begins, or that is at most two edits away from it; NULL: none. */
const char *nearest_word(const char *word, const char *const *words, size_t n);

#endif
