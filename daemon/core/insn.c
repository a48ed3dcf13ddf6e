/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The only user of capstone: nothing but the text of an instruction comes from it. */

#include "daemon/core/insn.h"

#include <capstone/capstone.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/insn_class.h"

/*
 * Handles are opened when first needed and kept: opening one costs more than a hundred
 * disassemblies, and a daemon on an idle host needs none.
 */
enum engine {
	ENGINE_A64,
	ENGINE_X86_16,
	ENGINE_X86_32,
	ENGINE_X86_64,
	_ENGINE_MAX
};

static const struct {
	cs_arch arch;
	cs_mode mode;
} engine_modes[_ENGINE_MAX] = {
	[ENGINE_A64] = {CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN},
	[ENGINE_X86_16] = {CS_ARCH_X86, CS_MODE_16},
	[ENGINE_X86_32] = {CS_ARCH_X86, CS_MODE_32},
	[ENGINE_X86_64] = {CS_ARCH_X86, CS_MODE_64},
};

static csh handles[_ENGINE_MAX];

/* Zero if capstone refuses. */
static csh handle_get(enum engine engine)
{
	if (handles[engine])
		return handles[engine];
	if (cs_open(engine_modes[engine].arch, engine_modes[engine].mode, &handles[engine]) !=
	    CS_ERR_OK)
		handles[engine] = 0;
	else if (engine == ENGINE_X86_16 || engine == ENGINE_X86_32)
		cs_option(handles[engine], CS_OPT_DETAIL, CS_OPT_ON);
	return handles[engine];
}

/* The one instruction at @code, or NULL; to be freed with cs_free(). */
static cs_insn *decode(enum engine engine, const uint8_t *code, size_t len, uint64_t pc)
{
	csh handle = handle_get(engine);
	cs_insn *decoded = handle ? cs_malloc(handle) : NULL;

	if (!decoded)
		return NULL;
	if (cs_disasm_iter(handle, &code, &len, &pc, decoded))
		return decoded;
	cs_free(decoded, 1);
	return NULL;
}

/* Sets @insn's text and length; false if the bytes are no instruction capstone knows. */
static bool disassemble(enum engine engine, const uint8_t *code, size_t len, uint64_t pc,
			struct insn *insn)
{
	cs_insn *decoded = decode(engine, code, len, pc);

	if (!decoded)
		return false;
	snprintf(insn->text, sizeof(insn->text), "%s%s%.60s", decoded->mnemonic,
		 decoded->op_str[0] ? " " : "", decoded->op_str);
	insn->length = (uint8_t)decoded->size;
	cs_free(decoded, 1);
	return true;
}

struct insn insn_decode_a64(uint32_t raw, uint64_t pc)
{
	struct insn insn = insn_classify_a64(raw);
	/* A64 code is little-endian whatever the guest's data are (Arm ARM B2.6.2). */
	const uint8_t code[4] = {raw & 0xff, raw >> 8 & 0xff, raw >> 16 & 0xff, raw >> 24};

	if (!disassemble(ENGINE_A64, code, sizeof(code), pc, &insn))
		snprintf(insn.text, sizeof(insn.text), ".word 0x%08" PRIx32, raw);
	return insn;
}

static bool x86_engine(int bits, enum engine *ret)
{
	if (bits != 16 && bits != 32 && bits != 64)
		return false;
	*ret = bits == 16 ? ENGINE_X86_16 : bits == 32 ? ENGINE_X86_32 : ENGINE_X86_64;
	return true;
}

/*
 * Capstone 4 takes 0x66 for an operand size in 16-bit mode even where it is a part of the opcode
 * (SSE: "pxor mm0" for "pxor xmm0"). The same instruction in 32-bit mode differs by the address
 * size prefix, which is put before it here. Returns the new length, 0 where this is not the case.
 */
static size_t as_32_bit_sse(const uint8_t *bytes, size_t len, uint8_t ret[16])
{
	if (len < 3 || len > 15 || bytes[0] != 0x66 || bytes[1] != 0x0f)
		return 0;
	ret[0] = 0x67;
	memcpy(ret + 1, bytes, len);
	return len + 1;
}

struct insn insn_decode_x86(const uint8_t *bytes, size_t len, uint64_t pc, int bits)
{
	struct insn insn = {.base_reg = -1};
	uint8_t sse[16];
	size_t sse_len = bits == 16 ? as_32_bit_sse(bytes, len, sse) : 0;
	enum engine engine;
	size_t at = 0;

	if (sse_len && disassemble(ENGINE_X86_32, sse, sse_len, pc, &insn)) {
		insn.class = INSN_OTHER;
		insn.length--;
		return insn;
	}
	if (len && x86_engine(bits, &engine) && disassemble(engine, bytes, len, pc, &insn)) {
		insn.class = INSN_OTHER;
		return insn;
	}
	/* 15 bytes are the longest x86 instruction; they fit the text. */
	for (size_t i = 0; i < len && i < 15; i++)
		at += (size_t)snprintf(insn.text + at, sizeof(insn.text) - at, "%s0x%02x",
				       i ? ", " : ".byte ", bytes[i]);
	return insn;
}

/* The general registers as 16 and 32-bit operands name them, in KVM's order (enum kvm_reg). */
static const x86_reg operand_registers[8][2] = {
	{X86_REG_AX, X86_REG_EAX}, {X86_REG_CX, X86_REG_ECX}, {X86_REG_DX, X86_REG_EDX},
	{X86_REG_BX, X86_REG_EBX}, {X86_REG_SP, X86_REG_ESP}, {X86_REG_BP, X86_REG_EBP},
	{X86_REG_SI, X86_REG_ESI}, {X86_REG_DI, X86_REG_EDI},
};

static uint64_t register_value(x86_reg reg, const uint64_t *gpr)
{
	for (size_t i = 0; i < 8; i++) {
		if (reg == operand_registers[i][0])
			return gpr[i] & 0xffff;
		if (reg == operand_registers[i][1])
			return gpr[i] & 0xffffffff;
	}
	return 0;
}

bool insn_x86_operand(const uint8_t *bytes, size_t len, uint64_t pc, int bits, const uint64_t *gpr,
		      uint64_t *ret)
{
	bool found = false;
	enum engine engine;
	cs_insn *decoded;

	if (!x86_engine(bits, &engine) || engine == ENGINE_X86_64)
		return false;
	decoded = decode(engine, bytes, len, pc);
	if (!decoded)
		return false;
	for (uint8_t i = 0; i < decoded->detail->x86.op_count && !found; i++) {
		const cs_x86_op *op = &decoded->detail->x86.operands[i];
		uint64_t mask = decoded->detail->x86.addr_size == 2 ? 0xffff : 0xffffffff;

		if (op->type != X86_OP_MEM || op->mem.segment == X86_REG_FS ||
		    op->mem.segment == X86_REG_GS)
			continue;
		*ret = (register_value(op->mem.base, gpr) +
			register_value(op->mem.index, gpr) * (uint64_t)op->mem.scale +
			(uint64_t)op->mem.disp) &
		       mask;
		found = true;
	}
	cs_free(decoded, 1);
	return found;
}
