/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Instructions by their set: our class tables for Arm; capstone for the text, and for x86. */

#include "daemon/core/insn.h"

#include <capstone/capstone.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/insn_a64.h"
#include "daemon/core/insn_aarch32.h"
#include "daemon/core/insn_atomic.h"
#include "daemon/core/insn_kit.h"
#include "daemon/core/insn_memory.h"
#include "daemon/core/insn_x86.h"

static const struct {
	cs_arch arch;
	cs_mode mode;
} engines[_ISA_MAX] = {
	[ISA_A64] = {CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN},
	[ISA_A32] = {CS_ARCH_ARM, CS_MODE_ARM | CS_MODE_V8},
	[ISA_T32] = {CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_V8},
	[ISA_X86_16] = {CS_ARCH_X86, CS_MODE_16},
	[ISA_X86_32] = {CS_ARCH_X86, CS_MODE_32},
	[ISA_X86_64] = {CS_ARCH_X86, CS_MODE_64},
};

/*
 * Handles are opened when first needed and kept: opening one costs more than a hundred
 * disassemblies, and a daemon on an idle host needs none.
 */
static csh handles[_ISA_MAX];

static bool is_x86(enum insn_isa isa)
{
	return isa == ISA_X86_16 || isa == ISA_X86_32 || isa == ISA_X86_64;
}

static int x86_bits(enum insn_isa isa)
{
	return isa == ISA_X86_16 ? 16 : isa == ISA_X86_32 ? 32 : 64;
}

/* Before anything else of capstone's; it asks for all of them. */
static void give_memory(void)
{
	cs_opt_mem memory = {insn_memory_alloc, insn_memory_clear, insn_memory_resize,
			     insn_memory_free, vsnprintf};
	static bool given;

	if (!given)
		cs_option(0, CS_OPT_MEM, (size_t)&memory);
	given = true;
}

/* Zero if capstone refuses. */
static csh handle_get(enum insn_isa isa)
{
	if (handles[isa])
		return handles[isa];
	give_memory();
	if (cs_open(engines[isa].arch, engines[isa].mode, &handles[isa]) != CS_ERR_OK)
		handles[isa] = 0;
	else if (is_x86(isa))
		cs_option(handles[isa], CS_OPT_DETAIL, CS_OPT_ON);
	return handles[isa];
}

/* The one instruction at @code, or NULL; to be freed with cs_free(). */
static cs_insn *decode(enum insn_isa isa, const uint8_t *code, size_t len, uint64_t pc)
{
	csh handle = handle_get(isa);
	cs_insn *decoded = handle ? cs_malloc(handle) : NULL;

	if (!decoded)
		return NULL;
	if (cs_disasm_iter(handle, &code, &len, &pc, decoded))
		return decoded;
	cs_free(decoded, 1);
	return NULL;
}

/* The same for x86, with the length that it has in @code: see x86_code_as_32_bit(). */
static cs_insn *decode_x86(enum insn_isa isa, const uint8_t *code, size_t len, uint64_t pc,
			   uint8_t *ret_length)
{
	uint8_t wide[16];
	size_t wide_len = isa == ISA_X86_16 ? x86_code_as_32_bit(code, len, wide) : 0;
	cs_insn *decoded = NULL;

	if (wide_len) {
		decoded = decode(ISA_X86_32, wide, wide_len, pc);
		if (decoded)
			*ret_length = (uint8_t)(decoded->size + len - wide_len);
	}
	if (!decoded) {
		decoded = decode(isa, code, len, pc);
		if (decoded)
			*ret_length = (uint8_t)decoded->size;
	}
	return decoded;
}

static void classify_x86(struct insn *insn)
{
	int bits = x86_bits(insn->isa);
	struct x86_code code;
	cs_insn *decoded = decode_x86(insn->isa, insn->bytes, insn->n_bytes, 0, &insn->length);

	if (!decoded)
		return;
	if (x86_code_read(&code, insn->bytes, insn->n_bytes, bits))
		insn_x86_set(insn, decoded, &code, bits);
	cs_free(decoded, 1);
}

/* Instructions are little-endian whatever the guest's data are (Arm ARM, B2.6.2, E2.8.2). */
static uint32_t halfword_at(const struct insn *insn, size_t at)
{
	return (uint32_t)insn->bytes[at] | (uint32_t)insn->bytes[at + 1] << 8;
}

static void classify_t32(struct insn *insn)
{
	if (insn->n_bytes < 2)
		return;
	insn->raw = halfword_at(insn, 0);
	insn->length = (uint8_t)insn_t32_length((uint16_t)insn->raw);
	if (insn->length == 4) {
		insn->raw <<= 16;
		if (insn->n_bytes < 4)
			return;
		insn->raw |= halfword_at(insn, 2);
	}
	insn_classify_t32(insn);
}

static void classify_word(struct insn *insn)
{
	if (insn->n_bytes < 4)
		return;
	insn->raw = halfword_at(insn, 0) | halfword_at(insn, 2) << 16;
	insn->length = 4;
	if (insn->isa == ISA_A64)
		insn_classify_a64(insn);
	else
		insn_classify_a32(insn);
}

struct insn insn_classify(enum insn_isa isa, const uint8_t *bytes, size_t len)
{
	struct insn insn = {.isa = isa, .base_reg = INSN_REG_NONE};

	insn.n_bytes = (uint8_t)(len < INSN_BYTES_MAX ? len : INSN_BYTES_MAX);
	memcpy(insn.bytes, bytes, insn.n_bytes);
	if (is_x86(isa))
		classify_x86(&insn);
	else if (isa == ISA_T32)
		classify_t32(&insn);
	else if (isa == ISA_A64 || isa == ISA_A32)
		classify_word(&insn);
	if (insn.length && insn.length < insn.n_bytes)
		insn.n_bytes = insn.length;
	insn_conclude(&insn);
	return insn;
}

/* For what capstone does not know. */
static void describe_bytes(struct insn *insn)
{
	size_t at = 0;

	if (insn->isa == ISA_A64 && insn_atomic_text(insn->raw, insn->text, sizeof(insn->text)))
		return;
	if (!is_x86(insn->isa) && insn->length && insn->length == insn->n_bytes) {
		snprintf(insn->text, sizeof(insn->text), ".%s 0x%0*" PRIx32,
			 insn->isa != ISA_T32 ? "word"
			 : insn->length == 2  ? "short"
					      : "inst.w",
			 2 * insn->length, insn->raw);
		return;
	}
	/* 15 bytes are the most; they fit the text. */
	for (size_t i = 0; i < insn->n_bytes; i++)
		at += (size_t)snprintf(insn->text + at, sizeof(insn->text) - at, "%s0x%02x",
				       i ? ", " : ".byte ", insn->bytes[i]);
}

void insn_describe(struct insn *insn, uint64_t pc)
{
	cs_insn *decoded = NULL;
	uint8_t length;

	if (is_x86(insn->isa))
		decoded = decode_x86(insn->isa, insn->bytes, insn->n_bytes, pc, &length);
	else if (insn->length && insn->length == insn->n_bytes)
		decoded = decode(insn->isa, insn->bytes, insn->n_bytes, pc);
	if (!decoded) {
		describe_bytes(insn);
		return;
	}
	snprintf(insn->text, sizeof(insn->text), "%s%s%.60s", decoded->mnemonic,
		 decoded->op_str[0] ? " " : "", decoded->op_str);
	cs_free(decoded, 1);
}

struct insn insn_decode(enum insn_isa isa, const uint8_t *bytes, size_t len, uint64_t pc)
{
	struct insn insn = insn_classify(isa, bytes, len);

	insn_describe(&insn, pc);
	return insn;
}
