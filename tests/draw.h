/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_DRAW_H
#define NISVD_TESTS_DRAW_H

#include <stdint.h>

/* Repeatable pseudo-random numbers: splitmix64 (Steele, Lea, Flood 2014), the upper half. */
static inline uint32_t unit_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (uint32_t)((z ^ z >> 31) >> 32);
}

#endif
