/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/insn_x86.h"

#include <capstone/capstone.h>

#include "daemon/core/insn_kit.h"

#define RSP 4 /* in KVM's order */

/* The general registers as operands of 16, 32 and 64 bits name them, in KVM's order (enum kvm_reg).
 */
static const x86_reg operand_registers[16][3] = {
	{X86_REG_AX, X86_REG_EAX, X86_REG_RAX},	   {X86_REG_CX, X86_REG_ECX, X86_REG_RCX},
	{X86_REG_DX, X86_REG_EDX, X86_REG_RDX},	   {X86_REG_BX, X86_REG_EBX, X86_REG_RBX},
	{X86_REG_SP, X86_REG_ESP, X86_REG_RSP},	   {X86_REG_BP, X86_REG_EBP, X86_REG_RBP},
	{X86_REG_SI, X86_REG_ESI, X86_REG_RSI},	   {X86_REG_DI, X86_REG_EDI, X86_REG_RDI},
	{X86_REG_R8W, X86_REG_R8D, X86_REG_R8},	   {X86_REG_R9W, X86_REG_R9D, X86_REG_R9},
	{X86_REG_R10W, X86_REG_R10D, X86_REG_R10}, {X86_REG_R11W, X86_REG_R11D, X86_REG_R11},
	{X86_REG_R12W, X86_REG_R12D, X86_REG_R12}, {X86_REG_R13W, X86_REG_R13D, X86_REG_R13},
	{X86_REG_R14W, X86_REG_R14D, X86_REG_R14}, {X86_REG_R15W, X86_REG_R15D, X86_REG_R15},
};

/* False for a register that is no part of a linear address we could compute: a vector's. */
static bool register_of(x86_reg reg, int *ret)
{
	*ret = INSN_REG_NONE;
	if (reg == X86_REG_INVALID || reg == X86_REG_EIZ || reg == X86_REG_RIZ)
		return true;
	if (reg == X86_REG_RIP || reg == X86_REG_EIP) {
		*ret = INSN_REG_PC;
		return true;
	}
	for (int i = 0; i < 16; i++) {
		for (int j = 0; j < 3; j++) {
			if (reg != operand_registers[i][j])
				continue;
			*ret = i;
			return true;
		}
	}
	return false;
}

/* ---- class ----------------------------------------------------------------------------------- */

static bool has_register(const cs_x86 *x86, x86_reg first, x86_reg last)
{
	for (uint8_t i = 0; i < x86->op_count; i++)
		if (x86->operands[i].type == X86_OP_REG && x86->operands[i].reg >= first &&
		    x86->operands[i].reg <= last)
			return true;
	return false;
}

static bool is_prefetch(const struct x86_code *code)
{
	return code->map == X86_MAP_0F && !code->is_vex &&
	       (code->opcode == 0x0d || code->opcode == 0x18) && x86_code_has_memory(code);
}

static bool is_x87(const struct x86_code *code)
{
	return code->map == X86_MAP_ONE && !code->is_vex &&
	       ((code->opcode & 0xf8) == 0xd8 || code->opcode == 0x9b);
}

/* All but INSN_X86_RMW, which the direction decides. */
static enum insn_class class_of(const cs_x86 *x86, const struct x86_code *code)
{
	if (code->is_vex)
		return INSN_X86_AVX;
	if (is_prefetch(code))
		return INSN_PREFETCH;
	if (x86_code_is_system(code))
		return INSN_X86_SYSTEM;
	if (x86_code_is_string(code))
		return INSN_X86_STRING;
	if (is_x87(code))
		return INSN_X86_X87;
	if (has_register(x86, X86_REG_XMM0, X86_REG_XMM31))
		return INSN_X86_SSE;
	if (has_register(x86, X86_REG_MM0, X86_REG_MM7) ||
	    (code->map == X86_MAP_0F && code->opcode == 0x77)) /* EMMS */
		return INSN_X86_MMX;
	return INSN_X86_PLAIN;
}

/* ---- direction and size ---------------------------------------------------------------------- */

struct direction {
	bool is_load, is_store;
};

/* Stores among the x87 instructions, a bit for each reg field (Intel SDM 2D, A.5). */
static struct direction x87_direction(const struct x86_code *code)
{
	static const uint8_t stores[8] = {[1] = 0xcc, [3] = 0x8e, [5] = 0xce, [7] = 0xce};
	bool is_store = stores[code->opcode & 7] >> x86_code_reg(code) & 1;

	return (struct direction){!is_store, is_store};
}

/* Where capstone's word, @said, is not to be trusted. */
static struct direction corrected_direction(const struct x86_code *code, struct direction said)
{
	const struct direction load = {true, false}, store = {false, true}, both = {true, true};

	switch ((int)code->map << 8 | code->opcode) {
	case 0x06c: /* INS */
	case 0x06d:
	case 0x1c3: /* MOVNTI */
		return store;
	case 0x06e: /* OUTS */
	case 0x06f:
		return load;
	case 0x1b0: /* CMPXCHG */
	case 0x1b1:
		return both;
	case 0x1c7: /* CMPXCHG8B, CMPXCHG16B */
		return x86_code_reg(code) == 1 ? both : said;
	case 0x1ae: /* STMXCSR */
		return x86_code_reg(code) == 3 ? store : said;
	case 0x2f1: /* MOVBE; CRC32 with F2 */
		return code->mandatory == 0xf2 ? said : store;
	default:
		return said;
	}
}

/* The one vector instruction that reads its first operand. */
static bool is_vldmxcsr(const struct x86_code *code)
{
	return code->is_vex && code->map == X86_MAP_0F && code->opcode == 0xae &&
	       x86_code_reg(code) == 2;
}

/* The operand @i is in memory. */
static struct direction direction_of(const cs_x86 *x86, uint8_t i, const struct x86_code *code,
				     enum insn_class class)
{
	struct direction direction = {x86->operands[i].access & CS_AC_READ,
				      x86->operands[i].access & CS_AC_WRITE};

	if (class == INSN_X86_X87)
		return x87_direction(code);
	/* Vector instructions have what they write first, and it is memory in moves alone. */
	if (class == INSN_X86_SSE || class == INSN_X86_AVX || class == INSN_X86_MMX)
		return (struct direction){i != 0 || is_vldmxcsr(code),
					  i == 0 && !is_vldmxcsr(code)};
	return corrected_direction(code, direction);
}

/* The operand is only named: LEA, NOP, prefetches (of vectors, too), INVLPG, CLFLUSH. */
static bool is_not_accessed(const struct x86_code *code)
{
	unsigned int reg = x86_code_reg(code);

	if (code->is_vex)
		return code->map == X86_MAP_0F38 && (code->opcode & 0xfe) == 0xc6;
	if (code->map == X86_MAP_ONE)
		return code->opcode == 0x8d;
	if (code->map != X86_MAP_0F)
		return false;
	return is_prefetch(code) || (code->opcode >= 0x18 && code->opcode <= 0x1f) ||
	       (code->opcode == 0x01 && reg == 7) || (code->opcode == 0xae && reg == 7);
}

/* 0: capstone's size is not that of the access: FLDENV, FRSTOR, FXSAVE, XSAVE and their kin. */
static uint32_t size_of(const cs_x86_op *op, const struct x86_code *code)
{
	unsigned int reg = x86_code_reg(code);

	if (is_x87(code)) {
		if ((code->opcode == 0xd9 || code->opcode == 0xdd) && (reg == 4 || reg == 6))
			return 0;
		if (code->opcode == 0xdd && reg == 7) /* FNSTSW */
			return 2;
	}
	if (code->map == X86_MAP_0F && !code->is_vex &&
	    ((code->opcode == 0xae && reg != 2 && reg != 3) ||
	     (code->opcode == 0xc7 && reg >= 3 && reg <= 5)))
		return 0;
	return op->size;
}

/* ---- addresses ------------------------------------------------------------------------------- */

/* BT, BTS, BTR, BTC with a register: the bit may be far from the operand (Intel SDM 2A, BT). */
static bool is_bit_string(const struct x86_code *code)
{
	return code->map == X86_MAP_0F && !code->is_vex && (code->opcode & 0xe7) == 0xa3;
}

/* Gathers and scatters: the index is a vector, which capstone 4 may take for a general register. */
static bool has_vector_index(const struct x86_code *code)
{
	return code->is_vex && code->map == X86_MAP_0F38 &&
	       ((code->opcode & 0xfc) == 0x90 || (code->opcode & 0xfc) == 0xa0);
}

static void add_address(struct insn *insn, const cs_x86 *x86, const cs_x86_op *op,
			const struct x86_code *code)
{
	int base, index;
	bool is_known = register_of(op->mem.base, &base);
	struct insn_address *address;

	is_known &= register_of(op->mem.index, &index);
	if (insn->base_reg == INSN_REG_NONE && base != INSN_REG_PC)
		insn->base_reg = base;
	if (!is_known || is_bit_string(code) || has_vector_index(code) ||
	    op->mem.segment == X86_REG_FS || op->mem.segment == X86_REG_GS ||
	    insn->n_addresses >= INSN_ADDRESSES_MAX)
		return;
	address = insn_add_address(insn, base, op->mem.disp);
	if (base == INSN_REG_PC) /* the next instruction's */
		address->offset += insn->length;
	address->index = (int16_t)index;
	address->amount =
		(uint8_t)(op->mem.scale > 1 ? __builtin_ctz((unsigned int)op->mem.scale) : 0);
	address->bits = (uint8_t)(x86->addr_size * 8);
}

/* PUSH, POP, CALL and RET name their place on the stack nowhere. */
static void add_stack(struct insn *insn, const struct x86_code *code, int bits)
{
	int bytes = x86_code_stack(code, bits);
	struct insn_address *address;

	if (!bytes || insn->n_addresses >= INSN_ADDRESSES_MAX)
		return;
	insn->is_load |= bytes > 0;
	insn->is_store |= bytes < 0;
	if (!insn->access_bytes)
		insn->access_bytes = (uint32_t)(bytes < 0 ? -bytes : bytes);
	address = insn_add_address(insn, RSP, bytes < 0 ? bytes : 0);
	address->bits = (uint8_t)bits;
	address->reach = (uint32_t)(bytes < 0 ? -bytes : bytes);
}

void insn_x86_set(struct insn *insn, const struct cs_insn *decoded, const struct x86_code *code,
		  int bits)
{
	const cs_x86 *x86 = &decoded->detail->x86;

	insn->class = class_of(x86, code);
	insn->is_emulated = x86_code_is_emulated(code, bits);
	for (uint8_t i = 0; i < x86->op_count && !is_not_accessed(code); i++) {
		const cs_x86_op *op = &x86->operands[i];
		struct direction direction;

		if (op->type != X86_OP_MEM)
			continue;
		direction = direction_of(x86, i, code, insn->class);
		insn->is_load |= direction.is_load;
		insn->is_store |= direction.is_store;
		insn->access_bytes = size_of(op, code);
		add_address(insn, x86, op, code);
		/* One operand that is both read and written. */
		if (insn->class == INSN_X86_PLAIN && direction.is_load && direction.is_store)
			insn->class = INSN_X86_RMW;
	}
	add_stack(insn, code, bits);
}
