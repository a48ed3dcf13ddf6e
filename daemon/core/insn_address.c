/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/insn_address.h"

#define GPRS	 31
#define TAG_BITS 8 /* Arm ARM DDI 0487, D8.8 "Address tagging": bits 63:56 */

static uint64_t mask_of(unsigned int bits)
{
	return bits < 64 ? (1ULL << bits) - 1 : UINT64_MAX;
}

static bool read_register(int reg, const struct insn_registers *registers, uint64_t *ret)
{
	if (reg == INSN_REG_NONE)
		*ret = 0;
	else if (reg == INSN_REG_PC)
		*ret = registers->pc;
	else if (reg >= 0 && reg < GPRS)
		*ret = registers->gpr[reg];
	else if (reg == INSN_REG_SP && registers->has_sp)
		*ret = registers->sp;
	else
		return false;
	return true;
}

/* Shifts right and rotations are AArch32's: of 32 bits, by 1 to 32 (ROR: 31). */
static uint64_t modify(uint64_t value, enum insn_modify how, unsigned int amount)
{
	uint32_t word = (uint32_t)value;

	switch (how) {
	case INSN_UXTW:
		return (uint64_t)word << amount;
	case INSN_SXTW:
		return (uint64_t)(int64_t)(int32_t)word << amount;
	case INSN_LSR:
		return amount < 32 ? word >> amount : 0;
	case INSN_ASR:
		return (uint32_t)((uint64_t)(int64_t)(int32_t)word >> amount);
	case INSN_ROR:
		return amount ? word >> amount | word << (32 - amount) : word;
	default:
		return value << amount;
	}
}

bool insn_address(const struct insn *insn, unsigned int n, const struct insn_registers *registers,
		  uint64_t *ret)
{
	const struct insn_address *a = &insn->addresses[n];
	uint64_t base, index;

	if (n >= insn->n_addresses || !read_register(a->base, registers, &base) ||
	    !read_register(a->index, registers, &index))
		return false;
	index = modify(index, a->modify, a->amount);
	base = (base & ~((uint64_t)a->align - 1)) + (uint64_t)a->offset;
	*ret = (a->is_subtracted ? base - index : base + index) & mask_of(a->bits);
	return true;
}

/*
 * Bytes before and behind the address that a copy or set may still touch. Xn holds what is left,
 * negative or not, and the addresses the start or the end, by the option that the CPU implements
 * (Arm ARM, CPYP, "Option A", "Option B").
 */
static bool counted_reach(const struct insn_address *a, const struct insn_registers *registers,
			  uint64_t *before, uint64_t *behind)
{
	uint64_t count;

	*before = 0;
	*behind = a->reach;
	if (a->count == INSN_REG_NONE)
		return true;
	if (!read_register(a->count, registers, &count))
		return false;
	*before = *behind = count >> 63 ? -count : count;
	return true;
}

static enum insn_agreement agrees_with(const struct insn *insn, unsigned int n,
				       const struct insn_registers *registers, uint64_t address)
{
	const struct insn_address *a = &insn->addresses[n];
	uint64_t mask = mask_of(insn->isa == ISA_A64 ? a->bits - TAG_BITS : a->bits);
	uint64_t own, before, behind;

	if (!insn_address(insn, n, registers, &own) ||
	    !counted_reach(a, registers, &before, &behind) || !behind)
		return INSN_CANNOT_TELL;
	if (((address - own) & mask) < behind || ((own - address) & mask) <= before)
		return INSN_AGREES;
	return INSN_DISAGREES;
}

enum insn_agreement insn_agrees(const struct insn *insn, const struct insn_registers *registers,
				uint64_t address)
{
	enum insn_agreement all = insn->n_addresses ? INSN_DISAGREES : INSN_CANNOT_TELL;

	for (unsigned int i = 0; i < insn->n_addresses; i++) {
		enum insn_agreement one = agrees_with(insn, i, registers, address);

		if (one == INSN_AGREES)
			return INSN_AGREES;
		if (one == INSN_CANNOT_TELL)
			all = INSN_CANNOT_TELL;
	}
	return all;
}
