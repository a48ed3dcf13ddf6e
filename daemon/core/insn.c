/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The only user of capstone: nothing but the text of an instruction comes from it. */

#include "daemon/core/insn.h"

#include <capstone/capstone.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/insn_atomic.h"
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
	else if (engine != ENGINE_A64)
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

	if (!disassemble(ENGINE_A64, code, sizeof(code), pc, &insn) &&
	    !insn_atomic_text(raw, insn.text, sizeof(insn.text)))
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

static bool is_prefix(uint8_t byte)
{
	static const uint8_t prefixes[] = {0x66, 0x67, 0x26, 0x2e, 0x36, 0x3e,
					   0x64, 0x65, 0xf0, 0xf2, 0xf3};

	return memchr(prefixes, byte, sizeof(prefixes)) != NULL;
}

/* Two-byte opcodes where 0x66 is a part of the opcode (Intel SDM 2D, A.3: SSE and its kin). */
static bool is_sse(uint8_t opcode)
{
	return (opcode >= 0x10 && opcode <= 0x17) || (opcode >= 0x28 && opcode <= 0x2f) ||
	       (opcode >= 0x50 && opcode <= 0x7f) || opcode == 0xc2 ||
	       (opcode >= 0xc4 && opcode <= 0xc6) || (opcode >= 0xd0 && opcode <= 0xfe) ||
	       opcode == 0x38 || opcode == 0x3a;
}

/*
 * Capstone 4 takes 0x66 for an operand size in 16-bit mode even where it is a part of the opcode
 * ("pxor mm0" for "pxor xmm0"). The same instruction in 32-bit mode differs by the address size
 * prefix: it is dropped, or put before where there was none. Returns the length of @ret, 0 where
 * none of this is the case.
 */
static size_t as_32_bit_sse(const uint8_t *bytes, size_t len, uint8_t ret[16])
{
	bool has_66 = false, has_67 = false;
	size_t n = 0, out = 0;

	for (; n < len && is_prefix(bytes[n]); n++) {
		has_66 |= bytes[n] == 0x66;
		has_67 |= bytes[n] == 0x67;
	}
	if (!has_66 || len > 15 || n + 1 >= len || bytes[n] != 0x0f || !is_sse(bytes[n + 1]))
		return 0;
	if (!has_67)
		ret[out++] = 0x67;
	for (size_t i = 0; i < len; i++)
		if (i >= n || bytes[i] != 0x67)
			ret[out++] = bytes[i];
	return out;
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
		insn.length = (uint8_t)(insn.length + len - sse_len);
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

/* @next: the address of the next instruction, which RIP-relative operands start from. */
static uint64_t register_value(x86_reg reg, const uint64_t *gpr, uint64_t next)
{
	for (size_t i = 0; i < 16; i++) {
		if (reg == operand_registers[i][0])
			return gpr[i] & 0xffff;
		if (reg == operand_registers[i][1])
			return gpr[i] & 0xffffffff;
		if (reg == operand_registers[i][2])
			return gpr[i];
	}
	return reg == X86_REG_RIP || reg == X86_REG_EIP ? next : 0;
}

static uint64_t address_mask(uint8_t address_bytes)
{
	return address_bytes == 2 ? 0xffff : address_bytes == 4 ? 0xffffffff : UINT64_MAX;
}

bool insn_x86_operand(const uint8_t *bytes, size_t len, uint64_t pc, int bits, const uint64_t *gpr,
		      uint64_t *ret)
{
	bool found = false;
	enum engine engine;
	cs_insn *decoded;

	if (!x86_engine(bits, &engine))
		return false;
	decoded = decode(engine, bytes, len, pc);
	if (!decoded)
		return false;
	for (uint8_t i = 0; i < decoded->detail->x86.op_count && !found; i++) {
		const cs_x86_op *op = &decoded->detail->x86.operands[i];
		uint64_t next = pc + decoded->size;

		if (op->type != X86_OP_MEM || op->mem.segment == X86_REG_FS ||
		    op->mem.segment == X86_REG_GS)
			continue;
		*ret = (register_value(op->mem.base, gpr, next) +
			register_value(op->mem.index, gpr, next) * (uint64_t)op->mem.scale +
			(uint64_t)op->mem.disp) &
		       address_mask(decoded->detail->x86.addr_size);
		found = true;
	}
	cs_free(decoded, 1);
	return found;
}
