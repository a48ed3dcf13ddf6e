/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_UNIT_H
#define NISVD_TESTS_UNIT_H

/* What every unit test includes first: cmocka with the headers it needs, and small helpers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Repeatable pseudo-random numbers: splitmix64 (Steele, Lea, Flood 2014), the upper half. */
static inline uint32_t unit_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (uint32_t)((z ^ z >> 31) >> 32);
}

/* assert_non_null(strstr()) with a message that shows the text. */
#define assert_contains(text, part)                                             \
	do {                                                                    \
		if (!strstr(text, part))                                        \
			fail_msg("\"%s\" does not contain \"%s\"", text, part); \
	} while (0)

#endif
