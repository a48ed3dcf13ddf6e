/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A64 loads and stores of Advanced SIMD structures. */

#include "daemon/core/insn_a64.h"
#include "daemon/core/insn_kit.h"

/* "Multiple structures": how many registers each opcode has; 0: not allocated. */
static const uint8_t structure_registers[16] = {
	[0x0] = 4, [0x2] = 4, [0x4] = 3, [0x6] = 3, [0x7] = 1, [0x8] = 2, [0xa] = 2};

/* 0 Q 00110 single post L R Rm opcode S size Rn Rt */
static uint32_t multiple_bytes(uint32_t raw)
{
	uint32_t opcode = insn_bits(raw, 15, 12), q = insn_bit(raw, 30);
	/* LD2 to LD4 have even opcodes below 10 but those of LD1. */
	bool is_ld1 = opcode & 2;

	if (insn_bit(raw, 21) || (!is_ld1 && !q && insn_bits(raw, 11, 10) == 3))
		return 0;
	return structure_registers[opcode] * (q ? 16U : 8U);
}

/* One element of each of opcode<0>:R + 1 registers, or the same into all their lanes. */
static uint32_t lane_bytes(uint32_t raw)
{
	uint32_t opcode = insn_bits(raw, 15, 13), s = insn_bit(raw, 12),
		 size = insn_bits(raw, 11, 10);
	uint32_t n = ((opcode & 1) << 1 | insn_bit(raw, 21)) + 1;

	switch (opcode >> 1) {
	case 0:
		return n;
	case 1:
		return size & 1 ? 0 : 2 * n;
	case 2:
		if (size == 0)
			return 4 * n;
		return size == 1 && !s ? 8 * n : 0;
	default:
		return insn_bit(raw, 22) && !s ? n << size : 0;
	}
}

/* FEAT_LRCPC3: LDAP1 and STL1 are D lanes with 1 in the place of Rm. */
static bool is_ordered_lane(uint32_t raw)
{
	return insn_bits(raw, 21, 16) == 1 && insn_bits(raw, 15, 10) == 0x21;
}

void insn_classify_a64_structure(struct insn *insn)
{
	uint32_t raw = insn->raw;
	bool is_lane = insn_bit(raw, 24), is_post_index = insn_bit(raw, 23),
	     load = insn_bit(raw, 22);
	uint32_t bytes = is_lane ? lane_bytes(raw) : multiple_bytes(raw);

	if (insn_bit(raw, 31) || !bytes)
		return;
	if (!is_post_index && insn_bits(raw, 20, 16) && !(is_lane && is_ordered_lane(raw)))
		return;
	insn_set_access(insn, INSN_SIMD_FP, load, !load, bytes);
	insn_a64_add_base(insn, 0);
}
