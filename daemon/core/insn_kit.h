/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INSN_KIT_H
#define NISVD_INSN_KIT_H

/* What the class tables of all instruction sets share. */

#include "daemon/core/insn.h"

/* Bits @high to @low of @raw, fewer than 32. */
static inline uint32_t insn_bits(uint32_t raw, unsigned int high, unsigned int low)
{
	return (raw >> low) & ((2U << (high - low)) - 1);
}

static inline bool insn_bit(uint32_t raw, unsigned int n)
{
	return (raw >> n) & 1;
}

/* The number that bits @high to @low of @raw are in two's complement. */
static inline int64_t insn_signed(uint32_t raw, unsigned int high, unsigned int low)
{
	uint32_t value = insn_bits(raw, high, low);

	return (int64_t)value - (insn_bit(raw, high) ? 2LL << (high - low) : 0);
}

/* @bytes: 0 where it is not known. */
void insn_set_access(struct insn *insn, enum insn_class class, bool is_load, bool is_store,
		     uint32_t bytes);

/* A further address, base + offset, with the access size as its reach; to be refined. */
struct insn_address *insn_add_address(struct insn *insn, int base, int64_t offset);

/* Sets what follows from the class and the addresses: base_reg where it is not set yet,
 * isv_possible. An unknown instruction keeps nothing. */
void insn_conclude(struct insn *insn);

#endif
