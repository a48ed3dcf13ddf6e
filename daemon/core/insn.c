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

/* Sets @insn's text and length; false if the bytes are no instruction capstone knows. */
static bool disassemble(enum engine engine, const uint8_t *code, size_t len, uint64_t pc,
			struct insn *insn)
{
	cs_insn *decoded;
	bool known;

	if (!handles[engine] && cs_open(engine_modes[engine].arch, engine_modes[engine].mode,
					&handles[engine]) != CS_ERR_OK) {
		handles[engine] = 0;
		return false;
	}
	decoded = cs_malloc(handles[engine]);
	if (!decoded)
		return false;
	known = cs_disasm_iter(handles[engine], &code, &len, &pc, decoded);
	if (known) {
		snprintf(insn->text, sizeof(insn->text), "%s%s%.60s", decoded->mnemonic,
			 decoded->op_str[0] ? " " : "", decoded->op_str);
		insn->length = (uint8_t)decoded->size;
	}
	cs_free(decoded, 1);
	return known;
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

struct insn insn_decode_x86(const uint8_t *bytes, size_t len, uint64_t pc, int bits)
{
	struct insn insn = {.base_reg = -1};
	enum engine engine = bits == 16	  ? ENGINE_X86_16
			     : bits == 32 ? ENGINE_X86_32
					  : ENGINE_X86_64;
	size_t at = 0;

	if (len && disassemble(engine, bytes, len, pc, &insn)) {
		insn.class = INSN_OTHER;
		return insn;
	}
	/* 15 bytes are the longest x86 instruction; they fit the text. */
	for (size_t i = 0; i < len && i < 15; i++)
		at += (size_t)snprintf(insn.text + at, sizeof(insn.text) - at, "%s0x%02x",
				       i ? ", " : ".byte ", bytes[i]);
	return insn;
}
