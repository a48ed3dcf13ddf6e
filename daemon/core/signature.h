/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_SIGNATURE_H
#define NISVD_SIGNATURE_H

/*
 * A stable hash: FNV-1a with 128 bits (Fowler, Noll, Vo; RFC 9923). Signatures are compared across
 * hosts and releases, so neither the function nor what goes into it may change without need.
 */

#include <stddef.h>
#include <stdint.h>

struct signature {
	unsigned __int128 hash;
};

struct signature signature_begin(void);
void signature_add_text(struct signature *signature, const char *text);	 /* with its NUL */
void signature_add_number(struct signature *signature, uint64_t number); /* little-endian */
void signature_end(const struct signature *signature, char ret[33]);	 /* 32 hex digits */

#endif
