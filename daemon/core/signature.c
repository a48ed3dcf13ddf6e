/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/signature.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* RFC 9923: the 128-bit offset basis, and the prime 2^88 + 2^8 + 0x3b. */
#define FNV128_BASIS ((unsigned __int128)0x6c62272e07bb0142ULL << 64 | 0x62b821756295c58dULL)
#define FNV128_PRIME ((unsigned __int128)0x0000000001000000ULL << 64 | 0x000000000000013bULL)

struct signature signature_begin(void)
{
	return (struct signature){.hash = FNV128_BASIS};
}

static void add_byte(struct signature *signature, uint8_t byte)
{
	signature->hash = (signature->hash ^ byte) * FNV128_PRIME;
}

void signature_add_text(struct signature *signature, const char *text)
{
	size_t n = strlen(text) + 1;

	for (size_t i = 0; i < n; i++)
		add_byte(signature, (uint8_t)text[i]);
}

void signature_add_number(struct signature *signature, uint64_t number)
{
	for (int i = 0; i < 8; i++)
		add_byte(signature, (uint8_t)(number >> (8 * i)));
}

void signature_end(const struct signature *signature, char ret[33])
{
	snprintf(ret, 33, "%016" PRIx64 "%016" PRIx64, (uint64_t)(signature->hash >> 64),
		 (uint64_t)signature->hash);
}
